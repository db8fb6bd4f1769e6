"""Measurements at sub-pixel positions, and the pixels that they become."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.measurement.partial import Image, PartialScan

Array = NDArray[np.float64]


class Points(NamedTuple):
    """What was measured, where, and for how long.

    positions : (n, 2) float64 (y, x) [px], pixel centres at integers.
    samples : intensities, (n,) float64.
    dwell : time at each, above 0, (n,) float64 [any unit].
    """

    positions: Array
    samples: Array
    dwell: Array


def bin_points(points: Points, shape: tuple[int, int]) -> tuple[Image, Array]:
    """Bin points to the pixels that they lie in.

    Parameters
    ----------
    points : all inside the frame [-0.5, H - 0.5) x [-0.5, W - 0.5).
    shape : height and width of the frame [px].

    Returns
    -------
    values : mean of each pixel's samples, weighted by dwell, (H, W) float32; 0 where none.
    dwell : sum of each pixel's dwells, (H, W) float64.

    Raises
    ------
    InputError : a point lies outside the frame.

    Examples
    --------
    >>> points = Points(np.array([[0.0, 0.2], [0.4, -0.1]]), np.array([1.0, 5.0]), np.ones(2))
    >>> bin_points(points, (1, 2))[0]
    array([[3., 0.]], dtype=float32)
    """
    pixels = np.floor(points.positions + 0.5)
    out = ((pixels < 0) | (pixels >= np.asarray(shape))).any(axis=1)
    if out.any():
        y, x = points.positions[out.argmax()]
        raise InputError(
            f"point {int(out.argmax()) + 1} (x = {x:g}, y = {y:g} px) lies outside the frame "
            f"of {shape[0]}x{shape[1]}: check its shape"
        )
    rows, columns = pixels.astype(np.int64).T
    flat, size = rows * shape[1] + columns, shape[0] * shape[1]
    total = np.bincount(flat, points.dwell, minlength=size).astype(np.float64)
    weighted = np.bincount(flat, points.dwell * points.samples, minlength=size)
    values = np.divide(weighted, total, out=np.zeros(size), where=total > 0)
    return values.astype(np.float32).reshape(shape), total.reshape(shape)


def scan_of_points(
    points: Points,
    shape: tuple[int, int],
    *,
    full: float | None = None,
    **about: Any,  # noqa: ANN401 (fields of PartialScan)
) -> PartialScan:
    """Make a partial scan of points, which stay available in it.

    Parameters
    ----------
    points : all inside the frame.
    shape : height and width of the frame [px].
    full : dwell of a pixel in a full raster at the same speed; by default, as points do not
        say, the median of the measured pixels.
    about : pixel_size, unit, name and metadata of the PartialScan.

    Raises
    ------
    InputError : a point outside the frame, or what PartialScan refuses.
    """
    values, total = bin_points(points, shape)
    measured = total[total > 0]
    unit = full if full is not None else float(np.median(measured)) if measured.size else 1.0
    return PartialScan(
        values,
        (total / unit).astype(np.float32),
        **about,
        positions=points.positions,
        samples=points.samples,
        position_dwell=points.dwell,
    )
