"""Completion on the Delaunay triangles of the measured pixels: linear and cubic."""

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.smoothing import along_path, in_own_unit, smooth, weights
from stemgan.baselines.widths import held_out_width
from stemgan.measurement import PartialScan
from stemgan_kernels.triangles import draw_triangles

Image = NDArray[np.float32]

# Widths over the held-out width, tuned on training images (benchmarks/tune_baselines.py).
LINEAR_BEFORE, LINEAR_AFTER = 0.3, 0.5
CUBIC_BEFORE, CUBIC_AFTER = 0.6, 0.6

_JITTER = 0.02  # [px]
_ROWS = 256
_GRADIENT_TURNS, _GRADIENT_TOLERANCE = 30, 1e-3


def linear(scan: PartialScan) -> Image:
    """Interpolate linearly on the Delaunay triangles of the measured pixels.

    Measured pixels keep their values; beyond the triangles the nearest measured value is taken.
    """
    return in_own_unit(scan, lambda values, infill: _linear(values, scan.mask, infill))


def smoothed_linear(
    scan: PartialScan, before: float = LINEAR_BEFORE, after: float = LINEAR_AFTER
) -> Image:
    """Interpolate denoised values linearly, and smooth.

    Parameters
    ----------
    scan : the partial scan.
    before, after : σ of the Gaussians over measured neighbours before, and over the whole
        image after, both over the held-out width.

    Returns
    -------
    (H, W) float32.
    """
    width, weight = held_out_width(scan), weights(scan)

    def interpolate(values: Image, infill: Image) -> Image:
        quiet = along_path(values, weight, before * width)
        return smooth(_linear(quiet, scan.mask, infill), after * width)

    return in_own_unit(scan, interpolate)


def cubic(scan: PartialScan, before: float = CUBIC_BEFORE, after: float = CUBIC_AFTER) -> Image:
    """Interpolate denoised values by the cubics of Clough & Tocher (1965), and smooth.

    Slopes are those that bend the image least (Nielson, Math. Comput. 40, 253, 1983). Noise
    between neighbours on a line would make slopes that shoot off into the gaps, so that values
    are denoised first, and the result stays within the range of the measured values.

    Parameters
    ----------
    scan : the partial scan.
    before, after : as in `smoothed_linear`.

    Returns
    -------
    (H, W) float32.
    """
    width, weight = held_out_width(scan), weights(scan)

    def interpolate(values: Image, infill: Image) -> Image:
        quiet = along_path(values, weight, before * width)
        return smooth(_cubic(quiet, scan.mask, infill), after * width)

    return in_own_unit(scan, interpolate)


def _corners(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the measured positions, jittered, (n, 2).

    Qhull takes up to a hundred times longer on whole pixels, where many lie on one circle.
    """
    points = np.argwhere(mask).astype(np.float64)
    return points + np.random.default_rng(0).uniform(-_JITTER, _JITTER, points.shape)


def _linear(values: Image, mask: NDArray[np.bool_], infill: Image) -> Image:
    from scipy.spatial import Delaunay

    image = infill.copy()
    if mask.all():
        return values
    points = _corners(mask)
    draw_triangles(image, points, Delaunay(points).simplices, values[mask].astype(np.float64))
    image[mask] = values[mask]
    # On a sliver, rounding may leave the range of its corners.
    return np.clip(image, infill.min(), infill.max())


def _cubic(values: Image, mask: NDArray[np.bool_], infill: Image) -> Image:
    from scipy.interpolate import CloughTocher2DInterpolator
    from scipy.spatial import Delaunay

    image = infill.copy()
    if mask.all():
        return values
    plane = CloughTocher2DInterpolator(
        Delaunay(_corners(mask)),
        values[mask].astype(np.float64),
        tol=_GRADIENT_TOLERANCE,
        maxiter=_GRADIENT_TURNS,
    )
    for start in range(0, mask.shape[0], _ROWS):  # in bands, so that memory stays small
        wanted = np.argwhere(~mask[start : start + _ROWS])
        wanted[:, 0] += start
        found = plane(wanted.astype(np.float64))
        inside = np.isfinite(found)
        image[tuple(wanted[inside].T)] = found[inside]
    image[mask] = values[mask]
    return np.clip(image, infill.min(), infill.max())
