"""Completion from the neighbourhood: nearest, linear, both smoothed, normalised convolution."""

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.smoothing import gap_length, in_own_unit, is_dotted, smooth
from stemgan.measurement import PartialScan

Image = NDArray[np.float32]

# Widths of the Gaussians over the gap, tuned on training images (benchmarks/tune_baselines.py).
# One value suits lines and dots, 1/17.9 to 1/87: a value for each would gain 1 % of the error.
NEAREST_FRACTION = 0.275
LINEAR_FRACTION = 0.225

_SCALES = 4
_JITTER = 0.02  # [px]
_ROWS = 256


def nearest(scan: PartialScan) -> Image:
    """Give every pixel the value of the nearest measured pixel."""
    return scan.nearest[1].astype(np.float32, copy=True)


def smoothed_nearest(scan: PartialScan, fraction: float = NEAREST_FRACTION) -> Image:
    """Nearest, then a Gaussian of σ = `fraction` of the gap, over measured pixels as well."""
    sigma = fraction * gap_length(scan)
    return in_own_unit(scan, lambda _, infill: smooth(infill, sigma))


def linear(scan: PartialScan) -> Image:
    """Interpolate linearly on the Delaunay triangles of the measured pixels.

    Measured pixels keep their values; beyond the triangles the nearest measured value is taken.
    """
    return in_own_unit(scan, lambda values, infill: _linear(values, scan.mask, infill))


def smoothed_linear(scan: PartialScan, fraction: float = LINEAR_FRACTION) -> Image:
    """Linear, then a Gaussian of σ = `fraction` of the gap, over measured pixels as well."""
    sigma = fraction * gap_length(scan)
    return in_own_unit(
        scan, lambda values, infill: smooth(_linear(values, scan.mask, infill), sigma)
    )


def normalised_convolution(
    scan: PartialScan, fraction: float | None = None, trust: float | None = None
) -> Image:
    """Average the measured values around each pixel with Gaussian weights.

    Knutsson & Westin (CVPR 1993), from coarse to fine: at each width the average is completed
    by that of twice the width, which counts as much as `trust` times the mean number of
    measured pixels; so an empty neighbourhood takes the wider one's average, and nothing is
    divided by zero.

    Parameters
    ----------
    scan : the partial scan.
    fraction : σ of the narrowest Gaussian over the gap.
    trust : weight of the wider average. Both are tuned, for dots and for lines, by default.
    """
    tuned = (0.3, 0.1) if is_dotted(scan) else (0.15, 0.3)
    fraction = tuned[0] if fraction is None else fraction
    weight = (tuned[1] if trust is None else trust) * scan.coverage
    sigma = fraction * gap_length(scan)

    def average(values: Image, _: Image) -> Image:
        certainty = scan.mask.astype(np.float32)
        estimate = np.zeros_like(values)
        for scale in reversed(range(_SCALES)):
            total, count = smooth(values, sigma * 2**scale), smooth(certainty, sigma * 2**scale)
            estimate = (total + weight * estimate) / (np.maximum(count, 0) + weight)
        return estimate.astype(np.float32, copy=False)

    return in_own_unit(scan, average)


def _linear(values: Image, mask: NDArray[np.bool_], infill: Image) -> Image:
    from scipy.interpolate import LinearNDInterpolator
    from scipy.spatial import Delaunay

    image = infill.copy()
    if mask.all():
        return image
    points = np.argwhere(mask).astype(np.float64)
    # Qhull takes up to a hundred times longer on whole pixels, where many lie on one circle.
    jitter = np.random.default_rng(0).uniform(-_JITTER, _JITTER, points.shape)
    plane = LinearNDInterpolator(Delaunay(points + jitter), values[mask].astype(np.float64))
    for start in range(0, mask.shape[0], _ROWS):  # in bands, so that memory stays small
        wanted = np.argwhere(~mask[start : start + _ROWS])
        wanted[:, 0] += start
        found = plane(wanted.astype(np.float64))
        inside = np.isfinite(found)
        image[tuple(wanted[inside].T)] = found[inside]
    return image
