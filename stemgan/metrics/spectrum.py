"""Radial power spectra: whether an image has as much texture as the truth, of every size.

An RMSE asks for a smooth guess where nothing was measured; a spectrum tells that it is smooth.
The image less its mean, times a Hann window (edges would otherwise leak into high frequencies),
is Fourier transformed; its power is averaged over rings of frequency. `stemgan.losses.spectrum`
is the same in torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FLOOR = 1e-10
"""Power below this share of the truth's mean power is rounding."""
_SMALLEST_SIDE = 8  # [px]: two rings above half the Nyquist frequency


def radial_power_spectrum(
    image: NDArray[np.floating],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the mean power of an image in rings of frequency.

    Parameters
    ----------
    image : (height, width), any unit; n is the shorter side.

    Returns
    -------
    frequency, power : the rings' frequencies k / n [cycles/px] for k = 1 … n // 2, to the
        Nyquist frequency of 1/2, and the mean of |F|² over (k ± 1/2) / n [unit²], (n // 2,).
        White noise of variance 1 has a power of 9/64 everywhere, the window's share.

    Examples
    --------
    >>> x = np.arange(64)
    >>> frequency, power = radial_power_spectrum(np.sin(np.pi / 4 * x) * np.ones((64, 1)))
    >>> float(frequency[power.argmax()])
    0.125
    """
    height, width = image.shape
    side = min(height, width)
    image = np.asarray(image, np.float64)
    window = _hann(height)[:, None] * _hann(width)
    power = np.abs(np.fft.rfft2((image - image.mean()) * window, norm="ortho")) ** 2
    # A real image's transform is symmetric: most columns stand for two.
    weight = np.full(power.shape, 2.0)
    weight[:, 0] = 1
    if width % 2 == 0:
        weight[:, -1] = 1
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    ring = np.rint(side * radius).astype(np.int64).ravel()
    total = np.bincount(ring, weight.ravel())
    mean = np.bincount(ring, (power * weight).ravel()) / np.maximum(total, 1)
    rings = np.arange(1, side // 2 + 1)
    return rings / side, mean[rings]


def log_spectrum_ratio(
    image: NDArray[np.floating], truth: NDArray[np.floating], above: float = 0.5
) -> float:
    """Give the mean of |ln(P_image / P_truth)| over rings of high frequency.

    0 for an image with the truth's texture, whether or not it is at its place; 1.4 for one of
    half its amplitude, or twice.

    Parameters
    ----------
    image, truth : in the same unit, (height, width).
    above : rings are counted above this share of the Nyquist frequency.

    Returns
    -------
    The mean; NaN for a constant truth and for sides below 8 px.

    Raises
    ------
    ValueError : if the shapes differ.
    """
    if image.shape != truth.shape:
        raise ValueError(f"image {image.shape} and truth {truth.shape} differ in shape")
    if min(truth.shape) < _SMALLEST_SIDE or np.ptp(truth) == 0:
        return float("nan")
    frequency, expected = radial_power_spectrum(truth)
    floor = _FLOOR * expected.mean()
    ratio = np.log((radial_power_spectrum(image)[1] + floor) / (expected + floor))
    return float(np.abs(ratio[frequency > above / 2]).mean())


def _hann(length: int) -> NDArray[np.float64]:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
