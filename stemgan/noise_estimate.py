"""How much white noise an image has, told from the image alone."""

import numpy as np
from numpy.typing import NDArray


def noise_deviation(image: NDArray[np.floating]) -> float:
    """Estimate the standard deviation of white noise in an image, (H, W).

    The mask [[1, -2, 1], [-2, 4, -2], [1, -2, 1]] does not see what varies slowly; the mean of
    its magnitude over normal noise of deviation s is 6 s sqrt(2 / pi) (J. Immerkaer, Fast noise
    variance estimation, Computer Vision and Image Understanding 64, 300-302, 1996).

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(0, 3, (256, 256)).astype(np.float32)
    >>> round(noise_deviation(noise + np.arange(256, dtype=np.float32)), 1)
    3.0
    """
    rows = image[:-2] - 2 * image[1:-1] + image[2:]
    second = rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:]
    return float(np.abs(second).mean(dtype=np.float64) * np.sqrt(np.pi / 2) / 6)


def noise_fraction(image: NDArray[np.floating]) -> float:
    """Estimate the share of an image's variance that is white noise, 0 to 1."""
    variance = float(np.var(image, dtype=np.float64))
    return min(noise_deviation(image) ** 2 / variance, 1.0) if variance > 0 else 0.0
