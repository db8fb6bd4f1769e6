"""Exact Euclidean distance from every pixel to the nearest measured one, and which that is.

Two passes over lines (Meijster, Roerdink & Hesselink 2000; Felzenszwalb & Huttenlocher 2012):
the nearest measured pixel within each column, then the lower envelope of one parabola a column.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray


class Distance(NamedTuple):
    """Distances to the measured pixels.

    distance : Euclidean distance [px], (H, W) float32, zero exactly on measured pixels.
    nearest : flat index of a nearest measured pixel, (H, W) int64.
    """

    distance: NDArray[np.float32]
    nearest: NDArray[np.int64]


def distance_transform(mask: NDArray[np.bool_]) -> Distance:
    """Measure the distance from every pixel to the nearest measured pixel.

    Parameters
    ----------
    mask : True = measured, (H, W).

    Returns
    -------
    Distance; where several measured pixels are equally near, `nearest` is one of them.

    Raises
    ------
    ValueError : the mask is not two-dimensional, or nothing is measured.

    Examples
    --------
    >>> distance_transform(np.array([[True, False, False]])).distance
    array([[0., 1., 2.]], dtype=float32)
    """
    if mask.ndim != 2:
        raise ValueError(f"a mask has two dimensions, not {mask.ndim}")
    if not mask.any():
        raise ValueError("the mask has no measured pixel")
    return Distance(*_transform(np.ascontiguousarray(mask, dtype=np.bool_)))


@njit(cache=True)
def _transform(mask):  # noqa: ANN001, ANN202
    height, width = mask.shape
    far = np.int64(4 * (height + width))
    row = np.full((height, width), -far, dtype=np.int64)
    for y in range(height):
        for x in range(width):
            if mask[y, x]:
                row[y, x] = y
            elif y > 0:
                row[y, x] = row[y - 1, x]
    for y in range(height - 2, -1, -1):
        for x in range(width):
            below = row[y + 1, x]
            if below >= 0 and abs(below - y) < abs(row[y, x] - y):
                row[y, x] = below
    distance = np.empty((height, width), dtype=np.float32)
    nearest = np.empty((height, width), dtype=np.int64)
    apex = np.empty(width, dtype=np.int64)
    start = np.empty(width, dtype=np.float64)
    for y in range(height):
        count = 0
        for x in range(width):
            if row[y, x] < 0:  # nothing measured in this column
                continue
            g = (row[y, x] - y) ** 2
            crossing = -np.inf
            while count > 0:
                a = apex[count - 1]
                ga = (row[y, a] - y) ** 2
                crossing = (g + x * x - ga - a * a) / (2.0 * (x - a))
                if crossing > start[count - 1]:
                    break
                count -= 1
                crossing = -np.inf
            apex[count] = x
            start[count] = crossing
            count += 1
        k = 0
        for x in range(width):
            while k + 1 < count and start[k + 1] < x:
                k += 1
            a = apex[k]
            dy = row[y, a] - y
            distance[y, x] = np.sqrt(np.float64(dy * dy + (x - a) ** 2))
            nearest[y, x] = row[y, a] * width + a
    return distance, nearest
