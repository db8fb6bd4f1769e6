"""How good a crop is, in four figures that can be filtered by."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from stemgan.noise_estimate import noise_fraction

_BLOCK = 8


@dataclass(frozen=True)
class Quality:
    """Figures of a crop, each from 0 up; see `measure`."""

    noise_fraction: float
    saturation: float
    constant: float
    sharpness: float

    def rounded(self) -> dict[str, float]:
        """Give the figures by name, to six digits: the same wherever they are measured."""
        return {name: float(f"{value:.6g}") for name, value in asdict(self).items()}


def measure(crop: NDArray[np.float32], low: float, high: float) -> Quality:
    """Measure a crop.

    Parameters
    ----------
    crop : finite values, (H, W), not all the same.
    low, high : the smallest and the largest value of the micrograph it was cut from, where a
        detector or a converter that ran out of range left its pixels.

    Returns
    -------
    noise_fraction : share of the variance that is white noise.
    saturation : share of pixels that are at `low` or `high` together with a neighbour; single
        pixels there are what noise does.
    constant : share of 8x8 blocks without any variation.
    sharpness : root mean square gradient over the standard deviation [1/px], after a blur of
        1 px that keeps noise from counting; the inverse of a length over which it varies.
    """
    values = crop.astype(np.float64)
    return Quality(
        noise_fraction=noise_fraction(crop),
        saturation=_saturation(crop, low, high),
        constant=_constant(crop),
        sharpness=_sharpness(values),
    )


def _saturation(crop: NDArray[np.float32], low: float, high: float) -> float:
    at_end = np.zeros(crop.shape, dtype=bool)
    for end in (low, high):
        same = crop == end
        beside = np.zeros_like(same)
        beside[1:] |= same[:-1]
        beside[:-1] |= same[1:]
        beside[:, 1:] |= same[:, :-1]
        beside[:, :-1] |= same[:, 1:]
        at_end |= same & beside
    return float(at_end.mean())


def _constant(crop: NDArray[np.float32]) -> float:
    height, width = (side // _BLOCK * _BLOCK for side in crop.shape)
    blocks = crop[:height, :width].reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK)
    return float((blocks.max(axis=(1, 3)) == blocks.min(axis=(1, 3))).mean())


def _sharpness(values: NDArray[np.float64]) -> float:
    blurred = ndimage.gaussian_filter(values, 1)
    deviation = blurred.std()
    if deviation == 0:
        return 0.0
    down, right = np.diff(blurred, axis=0), np.diff(blurred, axis=1)
    return float(np.sqrt((down**2).mean() + (right**2).mean()) / deviation)
