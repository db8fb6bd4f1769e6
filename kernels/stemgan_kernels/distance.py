"""Exact Euclidean distance from every pixel to the nearest measured one, and which that is.

Two passes over lines (Meijster, Roerdink & Hesselink 2000; Felzenszwalb & Huttenlocher 2012):
the nearest measured pixel within each column, then the lower envelope of one parabola a column.
Columns do not depend on each other, nor do rows: threads take bands of them.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stemgan_kernels.path_distance import path_distance
from stemgan_kernels.threads import in_bands

__all__ = ["Distance", "distance_transform", "path_distance"]


class Distance(NamedTuple):
    """Distances to the measured pixels.

    distance : Euclidean distance [px], (H, W) float32, zero exactly on measured pixels.
    nearest : flat index of a nearest measured pixel, (H, W) int64.
    """

    distance: NDArray[np.float32]
    nearest: NDArray[np.int64]


def distance_transform(mask: NDArray[np.bool_], threads: int = 1) -> Distance:
    """Measure the distance from every pixel to the nearest measured pixel.

    Parameters
    ----------
    mask : True = measured, (H, W).
    threads : how many; the result is the same for any number.

    Returns
    -------
    Distance; where several measured pixels are equally near, `nearest` is one of them.

    Raises
    ------
    ValueError : the mask is not two-dimensional, nothing is measured, or there is no thread.

    Examples
    --------
    >>> distance_transform(np.array([[True, False, False]])).distance
    array([[0., 1., 2.]], dtype=float32)
    """
    if mask.ndim != 2:
        raise ValueError(f"a mask has two dimensions, not {mask.ndim}")
    if not mask.any():
        raise ValueError("the mask has no measured pixel")
    height, width = mask.shape
    mask = np.ascontiguousarray(mask, dtype=np.bool_)
    row = np.empty((height, width), dtype=np.int32)
    in_bands(lambda start, stop: _columns(mask, row, start, stop), width, threads)
    distance = np.empty((height, width), dtype=np.float32)
    nearest = np.empty((height, width), dtype=np.int64)
    in_bands(lambda start, stop: _rows(row, distance, nearest, start, stop), height, threads)
    return Distance(distance, nearest)


@njit(cache=True, nogil=True)
def _columns(mask, row, start, stop):  # noqa: ANN001, ANN202
    """Find each pixel's nearest measured pixel in its column: its row, or a negative number."""
    height = len(mask)
    far = np.int32(-4 * height)
    for x in range(start, stop):
        row[0, x] = np.int32(0) if mask[0, x] else far
    for y in range(1, height):
        for x in range(start, stop):
            row[y, x] = np.int32(y) if mask[y, x] else row[y - 1, x]
    for y in range(height - 2, -1, -1):
        for x in range(start, stop):
            below, above = row[y + 1, x], row[y, x]
            # A measured pixel below lies at or after y; one above leaves `below` before y.
            nearer = (below > y) and (below - y < y - above)
            row[y, x] = below if nearer else above


@njit(cache=True, nogil=True)
def _rows(row, distance, nearest, start, stop):  # noqa: ANN001, ANN202
    """Find the lower envelope of the columns' parabolas along each row, and fill it in."""
    width = row.shape[1]
    half = np.empty(width + 1)
    for i in range(width):
        half[i + 1] = 0.5 / (i + 1)
    apex = np.empty(width, dtype=np.int64)
    height_at = np.empty(width)  # of the parabola of apex a over x = 0: dy² + a²
    begin = np.empty(width + 1, dtype=np.int64)  # the first pixel nearest to each apex
    for y in range(start, stop):
        count = 0
        for x in range(width):
            if row[y, x] < 0:  # nothing measured in this column
                continue
            dy = np.float64(row[y, x] - y)
            level = dy * dy + np.float64(x) * np.float64(x)
            first = 0
            while count > 0:
                crossing = (level - height_at[count - 1]) * half[x - apex[count - 1]]
                first = np.int64(crossing) + 1 if crossing >= 0 else 0
                if first > begin[count - 1]:
                    break
                count -= 1
                first = 0
            if first < width:
                apex[count] = x
                height_at[count] = level
                begin[count] = first
                count += 1
        begin[count] = width
        for k in range(count):
            a = apex[k]
            dy = row[y, a] - y
            _fill(distance[y], nearest[y], begin[k], begin[k + 1], a, dy, (y + dy) * width + a)


@njit(cache=True, nogil=True, inline="always")
def _fill(distance, nearest, first, last, a, dy, index):  # noqa: ANN001, ANN202
    """Write the distances to one apex; whole squares below 2²⁴ are exact in float32."""
    reach = max(abs(first - a), abs(last - 1 - a))
    if dy * dy + reach * reach < 1 << 24:
        square = np.float32(dy * dy)
        for x in range(first, last):
            dx = np.float32(x - a)
            distance[x] = np.sqrt(dx * dx + square)
            nearest[x] = index
    else:
        for x in range(first, last):
            distance[x] = np.sqrt(np.float64(dy * dy + (x - a) * (x - a)))
            nearest[x] = index
