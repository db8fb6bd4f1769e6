"""Error by distance from the scan, and by pixel: sums and histograms that add.

Sufficient statistics, not means: they add across images, processes and ranks, and give the
mean, the root mean square, the standard deviation and the quantiles of every bin at the end.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from stemgan_kernels.threads import in_bands

_CHUNK = 1 << 17
"""Pixels summed by themselves, so that no number of threads changes the rounding."""
_CELLS = 4096
"""Cells of the table that finds a bin."""
_LANES = 4
"""Sums side by side: one alone would wait for itself at every pixel of the same ring."""

_OCTAVE = 16  # levels from any error to its double: each within 1/16 of itself
_LOWEST, _HIGHEST = -6, 8  # log2 of the smallest and largest levels
_SIDE = _OCTAVE * (_HIGHEST - _LOWEST) + 1
_SHIFT = 19  # float32 bits to the right of the exponent and of 4 bits of the mantissa
_FIRST = (127 + _LOWEST) * _OCTAVE

_POSITIVE = np.concatenate(
    [
        [0.0],
        (
            2.0 ** np.arange(_LOWEST, _HIGHEST)[:, None] * (1 + np.arange(_OCTAVE) / _OCTAVE)
        ).ravel(),
        [2.0**_HIGHEST],
    ]
)
LEVELS = np.concatenate([-_POSITIVE[:0:-1], _POSITIVE])
"""Edges of the histogram of a signed error, (451,): 16 even steps from each power of two to
the next, from 1/64 to 256, on both sides of 0; made for an error in %."""


class Profile(NamedTuple):
    """Statistics of an error in rings of equal distance.

    count : pixels, (bins,) int64.
    total, total_squared : sum of the error and of its square, (bins,) float64.
    histogram : pixels by ring and by error between `LEVELS`, (bins, 450) int64, or (bins, 0) if
        there is none. Errors beyond count in the outermost cells, so that each row adds up to
        `count`; negative errors count by their size (-b < error <= -a).
    """

    count: NDArray[np.int64]
    total: NDArray[np.float64]
    total_squared: NDArray[np.float64]
    histogram: NDArray[np.int64]


def error_profile(
    error: ArrayLike,
    distance: ArrayLike,
    edges: ArrayLike,
    threads: int = 1,
    *,
    histogram: bool = True,
) -> Profile:
    """Sum an error, its square and its histogram in rings of equal distance from the scan.

    Bin i holds the pixels with ``edges[i] <= distance < edges[i + 1]``; pixels outside all bins
    are left out. The last edge may be infinite.

    Parameters
    ----------
    error : signed or absolute error in any unit, (height, width).
    distance : distance to the nearest measured pixel [px], (height, width).
    edges : increasing bin edges [px], (bins + 1,).
    threads : how many; the result is the same for any number.
    histogram : whether to count by error too.

    Returns
    -------
    Profile.

    Raises
    ------
    ValueError : if the shapes differ, the edges do not increase, the error or the
        distance holds a NaN, or there is no thread.

    Examples
    --------
    >>> distance = [[0.0, 1.0, 1.5]]
    >>> profile = error_profile([[1.0, 2.0, 3.0]], distance, [0, 1, 2])
    >>> profile.count.tolist(), profile.total.tolist(), profile.histogram.sum(1).tolist()
    ([1, 2], [1.0, 5.0], [1, 2])
    """
    error, distance = _floats(error), _floats(distance)
    if error.shape != distance.shape:
        raise ValueError(f"error {error.shape} and distance {distance.shape} differ in shape")
    rings = _table(edges)
    slots, columns = len(rings[0]) + 1, len(LEVELS) - 1 if histogram else 0
    chunks = max(1, -(-error.size // _CHUNK))
    sums = np.zeros((chunks, _LANES, slots, 3))
    parts: list[NDArray[np.int64]] = []
    flat_error, flat_distance = error.ravel(), distance.ravel()

    def add(start: int, stop: int) -> None:
        part = np.zeros((slots, columns), np.int64)
        for i in range(start, stop):
            at = slice(i * _CHUNK, (i + 1) * _CHUNK)
            if _add(flat_error[at], flat_distance[at], *rings, sums[i], part):
                raise ValueError("the error or the distance holds a NaN")
        parts.append(part)

    in_bands(add, chunks, threads)
    count, total, squared = sums.sum((0, 1))[1:-1].T
    return Profile(count.astype(np.int64), total, squared, np.add.reduce(parts)[1:-1])


def error_statistics(
    error: ArrayLike, distance: ArrayLike, edges: ArrayLike, threads: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Sum an error and its square in rings: `error_profile` without the histogram.

    Examples
    --------
    >>> distance = [[0.0, 1.0, 1.5]]
    >>> count, total, squared = error_statistics([[1.0, 2.0, 3.0]], distance, [0, 1, 2])
    >>> count.tolist(), total.tolist(), squared.tolist()
    ([1, 2], [1.0, 5.0], [1.0, 13.0])
    """
    return error_profile(error, distance, edges, threads, histogram=False)[:3]


def add_error(error: ArrayLike, sums: NDArray[np.float64], threads: int = 1) -> None:
    """Add an image's error, its absolute value and its square to per-pixel sums, in place.

    Parameters
    ----------
    error : signed error in any unit, (height, width).
    sums : what is added to, (3, height, width), contiguous: of the error, |error|, error².
    threads : how many.

    Raises
    ------
    ValueError : if the shapes differ, or the error holds a NaN; the sums are spoilt then.

    Examples
    --------
    >>> sums = np.zeros((3, 1, 2))
    >>> add_error([[-2.0, 1.0]], sums)
    >>> sums.tolist()
    [[[-2.0, 1.0]], [[2.0, 1.0]], [[4.0, 1.0]]]
    """
    error = _floats(error)
    if sums.shape != (3, *error.shape) or not sums.flags.c_contiguous:
        raise ValueError(f"sums {sums.shape} and error {error.shape} do not fit")
    flat, rows = error.ravel(), sums.reshape(3, -1)

    def add(start: int, stop: int) -> None:
        if _add_pixels(flat[start:stop], rows[:, start:stop]):
            raise ValueError("the error holds a NaN")

    in_bands(add, error.size, threads)


def _floats(values: ArrayLike) -> NDArray[np.floating]:
    array = np.asarray(values)
    if array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
    return np.ascontiguousarray(array)


Table = tuple[NDArray[np.float64], NDArray[np.int32], float, float, int]


def _table(edges: ArrayLike) -> Table:
    """Prepare finding bins: edges, edges below each of many even cells, where those begin,
    cells a unit, and the most edges within one cell.

    A value's cell comes from the same arithmetic as an edge's, and rounding keeps order: edges
    of lower cells lie below the value, and those of its own cell alone have to be compared.
    """  # noqa: D205
    edges = np.ascontiguousarray(edges, np.float64)
    if edges.ndim != 1 or edges.size < 2 or not np.all(edges[1:] > edges[:-1]):
        raise ValueError(f"bin edges must be two or more increasing numbers, not {edges}")
    finite = edges[np.isfinite(edges)]
    low, high = (finite[0], finite[-1]) if finite.size else (0.0, 0.0)
    span = high - low
    pace = (_CELLS - 1) / span if 1e-300 < span < np.inf else 1.0
    with np.errstate(over="ignore"):
        cell = np.clip((edges - low) * pace, 0, _CELLS - 1).astype(np.int64)
    held = np.bincount(cell, minlength=_CELLS)
    below = np.concatenate([[0], np.cumsum(held)[:-1]]).astype(np.int32)
    return edges, below, float(low), float(pace), int(held.max())


@njit(cache=True, nogil=True)
def _add(error, distance, edges, below, low, pace, steps, sums, histogram):  # noqa: ANN001, ANN202
    """Add one chunk; return whether it holds a NaN. Slot 0 is for what lies below all bins."""
    last = np.float64(len(below) - 1)
    count = len(edges)
    by_error = histogram.shape[1] > 0
    bad = False
    for pixel in range(len(error)):
        e, d = np.float64(error[pixel]), np.float64(distance[pixel])
        bad |= np.isnan(e) or np.isnan(d)
        cell = (d - low) * pace
        cell = cell if cell > 0 else 0.0  # NaN too
        slot = np.int64(below[np.uint32(min(cell, last))])
        for _ in range(steps):
            slot += slot < count and d >= edges[slot]
        sum_of = sums[np.uint64(pixel & (_LANES - 1)), np.uint64(slot)]
        sum_of[0] += 1.0
        sum_of[1] += e
        sum_of[2] += e * e
        if by_error:
            histogram[np.uint64(slot), np.uint64(_level(e))] += 1
    return bad


@njit(cache=True, nogil=True, inline="always")
def _level(error):  # noqa: ANN001, ANN202
    """Find an error's cell between `LEVELS`: float32 bits are a logarithm in even steps."""
    bits = np.float32(error).view(np.int32)
    size = ((bits & 0x7FFFFFFF) >> _SHIFT) - (_FIRST - 1)
    size = min(max(size, 0), _SIDE - 1)
    return _SIDE - 1 - size if bits < 0 else _SIDE + size


@njit(cache=True, nogil=True)
def _add_pixels(error, sums):  # noqa: ANN001, ANN202
    """Add some pixels' errors; return whether one is NaN."""
    bad = False
    for pixel in range(len(error)):
        e = np.float64(error[pixel])
        bad |= np.isnan(e)
        sums[0, pixel] += e
        sums[1, pixel] += abs(e)
        sums[2, pixel] += e * e
    return bad
