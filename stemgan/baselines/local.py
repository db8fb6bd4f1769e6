"""Completion from the neighbourhood: nearest, smoothed, and normalised convolution."""

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.smoothing import in_own_unit, smooth, weights
from stemgan.baselines.widths import held_out_width
from stemgan.measurement import PartialScan

Image = NDArray[np.float32]

# Widths over the held-out width, tuned on training images (benchmarks/tune_baselines.py).
NEAREST_SHARE = 1.0
CONVOLUTION_SHARE = 0.7
TRUST = 0.3

_SCALES = 4


def nearest(scan: PartialScan) -> Image:
    """Give every pixel the value of the nearest measured pixel."""
    return scan.nearest[1].astype(np.float32, copy=True)


def smoothed_nearest(scan: PartialScan, share: float = NEAREST_SHARE) -> Image:
    """Nearest, then a Gaussian of σ = `share` of the held-out width, everywhere."""
    sigma = share * held_out_width(scan)
    return in_own_unit(scan, lambda _, infill: smooth(infill, sigma))


def normalised_convolution(
    scan: PartialScan, share: float = CONVOLUTION_SHARE, trust: float = TRUST
) -> Image:
    """Average the measured values around each pixel with Gaussian weights.

    Knutsson & Westin (CVPR 1993), from coarse to fine: at each width the average is completed
    by that of twice the width, which counts as much as `trust` times the mean number of
    measured pixels; so an empty neighbourhood takes the wider one's average, and nothing is
    divided by zero.

    Parameters
    ----------
    scan : the partial scan.
    share : σ of the narrowest Gaussian over the held-out width.
    trust : weight of the wider average.
    """
    sigma, certainty = share * held_out_width(scan), weights(scan)
    floor = trust * scan.coverage

    def average(values: Image, _: Image) -> Image:
        estimate = np.zeros_like(values)
        for scale in reversed(range(_SCALES)):
            total = smooth(certainty * values, sigma * 2**scale)
            count = np.maximum(smooth(certainty, sigma * 2**scale), 0)
            estimate = (total + floor * estimate) / (count + floor)
        return estimate.astype(np.float32, copy=False)

    return in_own_unit(scan, average)
