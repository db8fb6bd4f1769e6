"""Error by distance from the scan: per-bin count, sum and sum of squares.

Sufficient statistics, not means: they add across images, processes and ranks, and give the
mean, the root mean square and the standard deviation of every bin at the end.
"""

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray


def error_statistics(
    error: ArrayLike, distance: ArrayLike, edges: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Sum an error and its square in rings of equal distance from the measured pixels.

    Bin i holds the pixels with ``edges[i] <= distance < edges[i + 1]``; pixels outside all bins
    are left out. The last edge may be infinite.

    Parameters
    ----------
    error : signed or absolute error in any unit, (height, width).
    distance : distance to the nearest measured pixel [px], (height, width).
    edges : increasing bin edges [px], (bins + 1,).

    Returns
    -------
    count, total, total_squared : pixels, sum of the error and sum of its square, (bins,) each.

    Raises
    ------
    ValueError : if the shapes differ, the edges do not increase, or the error or the distance
        holds a NaN.

    Examples
    --------
    >>> distance = [[0.0, 1.0, 1.5]]
    >>> count, total, squared = error_statistics([[1.0, 2.0, 3.0]], distance, [0, 1, 2])
    >>> count.tolist(), total.tolist(), squared.tolist()
    ([1, 2], [1.0, 5.0], [1.0, 13.0])
    """
    error = np.ascontiguousarray(error, dtype=np.float64)
    distance = np.ascontiguousarray(distance, dtype=np.float64)
    edges = np.ascontiguousarray(edges, dtype=np.float64)
    if error.shape != distance.shape:
        raise ValueError(f"error {error.shape} and distance {distance.shape} differ in shape")
    if edges.ndim != 1 or edges.size < 2 or not np.all(np.diff(edges) > 0):
        raise ValueError(f"bin edges must be two or more increasing numbers, not {edges}")
    if np.isnan(error).any() or np.isnan(distance).any():
        raise ValueError("the error or the distance holds a NaN")
    bins = edges.size - 1
    count = np.zeros(bins, np.int64)
    total = np.zeros(bins)
    total_squared = np.zeros(bins)
    _accumulate(error.ravel(), distance.ravel(), edges, count, total, total_squared)
    return count, total, total_squared


@numba.njit(cache=True, nogil=True)
def _accumulate(
    error: np.ndarray,
    distance: np.ndarray,
    edges: np.ndarray,
    count: np.ndarray,
    total: np.ndarray,
    total_squared: np.ndarray,
) -> None:
    for pixel in range(error.size):
        i = np.searchsorted(edges, distance[pixel], side="right") - 1
        if 0 <= i < count.size:
            count[i] += 1
            total[i] += error[pixel]
            total_squared[i] += error[pixel] * error[pixel]
