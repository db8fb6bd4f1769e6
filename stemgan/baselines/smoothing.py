"""What the classical methods share: the typical gap, a Gaussian of any width, a unit scale."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn, idctn

from stemgan.measurement import PartialScan

Image = NDArray[np.float32]


def gap_length(scan: PartialScan) -> float:
    """Return the length of a typical gap [px]: four times the mean distance.

    It equals the pitch of parallel lines; 1.5 times the pitch of a square grid of dots.
    """
    return 4 * float(scan.nearest[0].mean(dtype=np.float64))


def smooth(image: Image, sigma: float) -> Image:
    """Smooth by the discrete Gaussian, reflecting at the edges.

    Its transfer function is exp(σ² (cos ω - 1)) (Lindeberg, PAMI 12, 234, 1990), which is never
    negative in space, unlike a sampled Gaussian cut off in frequency, and costs the same at any
    width: smoothing over hundreds of pixels is common here.

    Parameters
    ----------
    image : (H, W).
    sigma : standard deviation [px].

    Returns
    -------
    (H, W) float32.

    Examples
    --------
    >>> smooth(np.ones((8, 9), np.float32), 3.0).round(3).mean().item()
    1.0
    """
    if sigma <= 0:
        return image.astype(np.float32)
    shape = image.shape[0], image.shape[1]
    return from_cosines(cosines(image.astype(np.float32)) * gaussian(shape, sigma))


def cosines(image: Image) -> Image:
    """Return the cosine spectrum: the Fourier spectrum of an image reflected at its edges."""
    return np.asarray(dctn(image, type=2))


def from_cosines(spectrum: Image) -> Image:
    """Return the image with a cosine spectrum."""
    return np.asarray(idctn(spectrum, type=2))


def gaussian(shape: tuple[int, int], sigma: float) -> Image:
    """Return the discrete Gaussian's transfer function on the cosine spectrum, (H, W)."""
    rows, columns = (np.exp(sigma**2 * (np.cos(np.pi * np.arange(n) / n) - 1)) for n in shape)
    return (rows[:, None] * columns).astype(np.float32)


def standardised(scan: PartialScan) -> Image:
    """Return the values less their mean over their deviation, 0 where unmeasured, (H, W)."""
    measured = scan.values[scan.mask].astype(np.float64)
    deviation = measured.std() or 1.0
    values = np.zeros(scan.shape, np.float32)
    values[scan.mask] = (measured - measured.mean()) / deviation
    return values


def weights(scan: PartialScan) -> Image:
    """Return how much each measured value counts: dwell over its mean, 0 where unmeasured.

    The variance of counting noise falls as the dwell grows. Beyond a factor of four other
    errors rule, so no pixel counts more or less than that.
    """
    mask = scan.mask
    usual = scan.dwell[mask].mean(dtype=np.float64)
    return np.where(mask, np.clip(scan.dwell / usual, 1 / 4, 4), 0).astype(np.float32)


def along_path(values: Image, weight: Image, sigma: float) -> Image:
    """Average measured values over measured neighbours alone: noise falls, gaps stay out.

    Parameters
    ----------
    values, weight : standardised values and `weights`, (H, W).
    sigma : of the Gaussian [px]; 0 leaves the values as they are.

    Returns
    -------
    (H, W) float32, 0 where unmeasured.
    """
    if sigma <= 0:
        return values
    count = smooth(weight, sigma)
    # A measured pixel counts itself, so this is what rounding alone could fall below.
    least = 0.1 / (1 + 2 * np.pi * sigma**2)
    average = smooth(weight * values, sigma) / np.maximum(count, least * weight.max())
    return np.where(weight > 0, average, np.float32(0))


def in_own_unit(scan: PartialScan, method: Callable[[Image, Image], Image]) -> Image:
    """Run a method on values of mean 0 and standard deviation 1, and give the unit back.

    float32 is then fine enough for any unit and any offset.

    Parameters
    ----------
    scan : its measured values set the scale.
    method : from the standardised values, 0 where unmeasured, and their nearest infill, to a
        standardised image; (H, W) each.

    Returns
    -------
    (H, W) float32; the constant, for a scan that is constant.
    """
    mask = scan.mask
    measured = scan.values[mask].astype(np.float64)
    if np.ptp(measured) == 0:
        return np.full(scan.shape, measured[0], np.float32)
    mean, deviation = measured.mean(), measured.std()
    infill = ((scan.nearest[1].astype(np.float64) - mean) / deviation).astype(np.float32)
    image = method(np.where(mask, infill, np.float32(0)), infill).astype(np.float64)
    limit = float(np.finfo(np.float32).max)
    return np.clip(image * deviation + mean, -limit, limit).astype(np.float32)
