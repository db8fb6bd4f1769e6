"""Sparse approximate inverses of covariance matrices of points on a pixel grid.

Vecchia's approximation (J. R. Stat. Soc. B 50, 297, 1988): each point, in some order, given
only the nearest points before it. That is a sparse G with G C Gᵀ ≈ 1 for a covariance matrix C,
and the best of its sparsity (Kolotilina & Yeremin, SIAM J. Matrix Anal. Appl. 14, 45, 1993).
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stemgan_kernels.threads import in_bands


def inverse_factor(
    points: NDArray[np.int64],
    neighbours: NDArray[np.int32],
    covariance: NDArray[np.float32],
    noise: NDArray[np.float64],
    threads: int = 1,
) -> NDArray[np.float32]:
    """Compute the rows of the factor G, in which Gᵀ G approximates the inverse covariance.

    Parameters
    ----------
    points : (y, x) of each point [px], on the grid, in the order of the factor, (n, 2).
    neighbours : for each point, numbers of earlier points; -1 where there are fewer, (n, m).
    covariance : covariance at the lags of a periodic grid, (H, W): (y, x) at [y % H, x % W].
    noise : variance that each point has besides, above 0, (n,).
    threads : how many share the rows out; the result is the same.

    Returns
    -------
    (n, m + 1) float32: of each row the entries of its neighbours, 0 for -1, and the diagonal.

    Raises
    ------
    ValueError : shapes differ, a neighbour is not an earlier point, or a point is off the grid.

    Examples
    --------
    >>> alone = np.full((1, 1), -1, np.int32)
    >>> one = np.ones((1, 1), np.float32)
    >>> inverse_factor(np.zeros((1, 2), np.int64), alone, one, np.array([3.0]))
    array([[0. , 0.5]], dtype=float32)
    """
    count = len(points)
    if points.shape != (count, 2) or len(neighbours) != count or noise.shape != (count,):
        raise ValueError(
            f"points {points.shape}, neighbours {neighbours.shape}, noise {noise.shape} differ"
        )
    if count and (neighbours.max(axis=1, initial=-1) >= np.arange(count)).any():
        raise ValueError("a neighbour must be an earlier point")
    if count and ((points < 0) | (points >= covariance.shape)).any():
        raise ValueError(f"points lie outside the grid of {covariance.shape}")
    values = np.zeros((count, neighbours.shape[1] + 1), np.float32)

    def rows(start: int, stop: int) -> None:
        _rows(points, neighbours, covariance, noise, values, start, stop)

    in_bands(rows, count, threads)
    return values


@njit(cache=True, nogil=True)
def _rows(
    points: NDArray[np.int64],
    neighbours: NDArray[np.int32],
    covariance: NDArray[np.float32],
    noise: NDArray[np.float64],
    values: NDArray[np.float32],
    start: int,
    stop: int,
) -> None:
    """Row i solves Lᵀ g = e for the Cholesky factor L of its own small covariance matrix."""
    height, width = covariance.shape
    most = neighbours.shape[1]
    lower = np.empty((most + 1, most + 1))
    row = np.empty(most + 1)
    chosen = np.empty(most + 1, np.int64)
    for i in range(start, stop):
        last = 0
        for k in range(most):
            if neighbours[i, k] >= 0:
                chosen[last] = neighbours[i, k]
                last += 1
        chosen[last] = i
        for a in range(last + 1):
            for b in range(a + 1):
                y = points[chosen[a], 0] - points[chosen[b], 0]
                x = points[chosen[a], 1] - points[chosen[b], 1]
                # Points lie on the grid, so that one step brings a lag back onto it.
                total = float(covariance[y + height * (y < 0), x + width * (x < 0)])
                if a == b:
                    total += noise[chosen[a]]
                for k in range(b):
                    total -= lower[a, k] * lower[b, k]
                # Rounding must not make a variance negative: the noise is its least value.
                if a == b:
                    lower[a, a] = math.sqrt(max(total, 0.5 * noise[chosen[a]]))
                else:
                    lower[a, b] = total / lower[b, b]
        for a in range(last, -1, -1):
            total = 1.0 if a == last else 0.0
            for k in range(a + 1, last + 1):
                total -= lower[k, a] * row[k]
            row[a] = total / lower[a, a]
        entry = 0
        for k in range(most):
            if neighbours[i, k] >= 0:
                values[i, k] = row[entry]
                entry += 1
        values[i, most] = row[last]
