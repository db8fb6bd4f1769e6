"""Fourier ring correlation: up to which frequency an image agrees with the truth.

Over a ring of frequency with the coefficients F of the image and G of the truth,

    FRC = Re Σ F G* / sqrt(Σ |F|² Σ |G|²)

is 1 where they are the same but for a factor, and 0 on average where they have nothing in
common (Saxton & Baumeister, J. Microsc. 127, 127-138, 1982; van Heel, Ultramicroscopy 21,
95-100, 1987). An image less its mean is multiplied by a Hann window first: edges would
otherwise agree with each other. Noise of the truth agrees with nothing, so that the correlation
with a noisy truth falls earlier than with a clean one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST_SIDE = 8  # [px], for the four rings that a curve takes at least
_HALF = 0.5


class RingCorrelation(NamedTuple):
    """Correlation in rings of frequency.

    low, high : where each ring begins and ends [cycles/px], (rings,).
    value : the correlation, -1 to 1, (rings,); NaN where image or truth has no power.
    count : coefficients of each ring, both of a conjugate pair counted, (rings,) int64.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    value: NDArray[np.float64]
    count: NDArray[np.int64]


def ring_correlation(
    image: NDArray[np.floating],
    truth: NDArray[np.floating],
    edges: NDArray[np.floating] | None = None,
) -> RingCorrelation:
    """Correlate an image with the truth, ring by ring.

    Parameters
    ----------
    image, truth : (height, width), in any unit; n is the shorter side.
    edges : increasing edges of the rings [cycles/px], (rings + 1,); by default those of the
        rings (k ± 1/2) / n for k = 1 … n // 2, to the Nyquist frequency.

    Returns
    -------
    The rings that hold coefficients.

    Raises
    ------
    ValueError : the shapes differ.

    Examples
    --------
    >>> truth = np.random.default_rng(0).normal(size=(32, 32))
    >>> bool(np.allclose(ring_correlation(2 * truth + 5, truth).value, 1))
    True
    """
    if image.shape != truth.shape:
        raise ValueError(f"image {image.shape} and truth {truth.shape} differ in shape")
    side = min(truth.shape)
    if edges is None:
        edges = (np.arange(1, side // 2 + 2) - 0.5) / side
    edges = np.asarray(edges, np.float64)
    one, other = _transform(image), _transform(truth)
    radius, weight = _rings_of(truth.shape)
    ring = np.searchsorted(edges, radius.ravel(), side="right") - 1
    inside = (ring >= 0) & (ring < len(edges) - 1)
    ring, weight = ring[inside], weight.ravel()[inside]
    sums = [
        np.bincount(ring, weight * values.ravel()[inside], len(edges) - 1)
        for values in ((one * other.conj()).real, np.abs(one) ** 2, np.abs(other) ** 2)
    ]
    count = np.bincount(ring, weight, len(edges) - 1).astype(np.int64)
    product = np.sqrt(sums[1] * sums[2])
    value = np.divide(sums[0], product, np.full(len(count), np.nan), where=product > 0)
    held = count > 0
    return RingCorrelation(edges[:-1][held], edges[1:][held], value[held], count[held])


def half_frequency(image: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """Give the frequency up to which the ring correlation is 1/2 or more.

    A ring of few coefficients may dip by chance: it is the non-increasing curve nearest to the
    correlation (isotonic regression, rings weighted by their coefficients) that crosses 1/2.

    Returns
    -------
    Where the last ring that is not below 1/2 ends [cycles/px], at most 0.5; 0 if the first is
    below; NaN for a constant truth and for sides below 8 px.

    Raises
    ------
    ValueError : the shapes differ.
    """
    from scipy.optimize import isotonic_regression

    if image.shape != truth.shape:
        raise ValueError(f"image {image.shape} and truth {truth.shape} differ in shape")
    if min(truth.shape) < SMALLEST_SIDE or np.ptp(truth) == 0:
        return float("nan")
    rings = ring_correlation(image, truth)
    value = np.nan_to_num(rings.value)  # an image without any power there holds nothing
    curve: Any = isotonic_regression(value, weights=rings.count, increasing=False)
    above = np.flatnonzero(curve.x >= _HALF)
    return float(min(rings.high[above[-1]], 0.5)) if len(above) else 0.0


def _transform(image: NDArray[np.floating]) -> NDArray[np.complex128]:
    return np.fft.rfft2(windowed(image))


def windowed(image: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return an image less its mean, through a Hann window, (height, width)."""
    image = np.asarray(image, np.float64)
    window = np.hanning(image.shape[0] + 1)[:-1, None] * np.hanning(image.shape[1] + 1)[:-1]
    # Less the windowed mean, as what is left of it would fill the first rings.
    return (image - np.sum(image * window) / window.sum()) * window


def _rings_of(shape: tuple[int, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the frequency of each coefficient [cycles/px], and how many it stands for."""
    height, width = shape
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    weight = np.full(radius.shape, 2.0)
    weight[:, 0] = 1
    if width % 2 == 0:
        weight[:, -1] = 1
    return radius, weight
