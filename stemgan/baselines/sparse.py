"""Completion by few coefficients: thresholds that fall, and the measured values put back.

The turns are projections onto convex sets (Abma & Kabir, Geophysics 71, E91, 2006), with the
non-negative garrote (Gao, J. Comput. Graph. Stat. 7, 469, 1998) for a threshold: it is
continuous, so that rounding cannot tip a coefficient over, and hardly shrinks what is large.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.smoothing import in_own_unit, smooth, weights
from stemgan.baselines.widths import held_out_width
from stemgan.measurement import PartialScan

Image = NDArray[np.float32]

_NOISE = 6
_TINY = 1e-30


@dataclass(frozen=True)
class Shrinkage:
    """How coefficients are thresholded.

    share : σ of the Gaussian that smooths the nearest infill, over the held-out width: what it
        misses is completed.
    floor : least last threshold over the first.
    tilt : thresholds grow as frequency to this power, because images' spectra fall with it.
    turns : number of turns, at least 2.
    """

    share: float
    floor: float
    tilt: float
    turns: int


@dataclass(frozen=True)
class Transform:
    """A transform of images of some shape, larger than or equal to the scan's.

    forward, backward : image to coefficients, and back.
    frequency : of each coefficient [periods per px].
    """

    shape: tuple[int, int]
    forward: Callable[[Image], NDArray[Any]]
    backward: Callable[[NDArray[Any]], Image]
    frequency: NDArray[np.float64]


def complete_sparsely(scan: PartialScan, transform: Transform, shrinkage: Shrinkage) -> Image:
    """Complete a smoothed nearest infill by the few coefficients of what it misses.

    Returns
    -------
    (H, W) float32, within the range of the measured values.
    """
    sigma = shrinkage.share * held_out_width(scan)
    # A value of short dwell is not put back whole.
    trust = np.minimum(weights(scan), np.float32(1))

    def complete(values: Image, infill: Image) -> Image:
        start = smooth(infill, sigma)
        missed = np.where(scan.mask, values - start, np.float32(0))
        found = start + _turns(missed, trust, transform, shrinkage)
        return np.clip(found, infill.min(), infill.max())

    return in_own_unit(scan, complete)


def _turns(values: Image, trust: Image, transform: Transform, shrinkage: Shrinkage) -> Image:
    """Complete values of about mean 0 that are 0 where unmeasured."""
    crop = np.s_[: values.shape[0], : values.shape[1]]
    frequency = transform.frequency + 1 / max(transform.shape)
    weight = ((frequency / frequency.max()) ** (2 * shrinkage.tilt)).astype(np.float32)
    image = estimate = np.zeros(transform.shape, np.float32)
    image[crop] = values
    top, last = 0.0, shrinkage.floor
    for turn in range(shrinkage.turns):
        coefficients = transform.forward(image)
        power = np.real(coefficients) ** 2 + np.imag(coefficients) ** 2
        if turn == 0:
            ratio = power / weight
            top = float(ratio.max())
            # Most coefficients are noise: none of their size is kept, whatever the floor.
            noise = _NOISE * (float(np.median(ratio)) / max(top, _TINY)) ** 0.5
            last = max(last, min(noise, 0.9))
        threshold = top * last ** (2 * turn / (shrinkage.turns - 1))
        share = np.float32(threshold) * weight / np.maximum(power, np.float32(_TINY))
        coefficients *= np.maximum(1 - share, np.float32(0))
        estimate = transform.backward(coefficients)
        image = estimate.copy()
        image[crop] += trust * (values - estimate[crop])
    return estimate[crop]
