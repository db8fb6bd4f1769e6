"""Exact sub-pixel distance from every pixel's centre to a scan path.

The frame is halved again and again, and each part keeps those segments alone that can be the
nearest to any of its pixels (branch and bound): with c the part's centre, r the farthest that
a pixel of it lies from c, and m the distance from c to the nearest segment, a pixel's distance
is at most m + r, so that its nearest segment is at most m + 2 r from c. What is left at the end
is measured one by one, so no pixel's distance is an estimate.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stemgan_kernels.threads import in_bands

_FEW_PIXELS = 4
"""Parts of so few pixels are not halved again."""
_FARTHEST = 2.0**30  # [px]
_BANDS = 4
"""Bands a thread: more even work, at the cost of looking at every segment once for each."""


def path_distance(
    path: NDArray[np.float64], shape: tuple[int, int], joined: bool, threads: int = 1
) -> NDArray[np.float32]:
    """Measure the distance from every pixel's centre to a path.

    Parameters
    ----------
    path : positions, (n, 2) (y, x) [px], inside the frame or not.
    shape : height and width of the frame [px].
    joined : True: to the straight lines between successive positions; False: to the positions.
    threads : how many; the result is the same for any number.

    Returns
    -------
    The Euclidean distance [px], (H, W) float32.

    Raises
    ------
    ValueError : the path is not (n, 2) with n >= 1, or holds a value that is not finite or is
        beyond 2³⁰ px; the frame has no pixel; or there is no thread.

    Examples
    --------
    >>> path_distance(np.array([[0.0, 0.5], [0.0, 9.0]]), (1, 3), joined=True)
    array([[0.5, 0. , 0. ]], dtype=float32)
    """
    if path.ndim != 2 or path.shape[1] != 2 or len(path) < 1:
        raise ValueError(f"a path has shape (n, 2) with n >= 1, not {path.shape}")
    if not (np.abs(path) <= _FARTHEST).all():
        raise ValueError("the path holds values that are not finite, or beyond 2³⁰ px")
    height = shape[0]
    if min(shape) < 1:
        raise ValueError(f"a frame has a height and a width of at least 1, not {shape}")
    segments = _segments(np.asarray(path, np.float64), joined)
    distance = np.empty(shape, np.float32)
    bands = min(height, _BANDS * threads if threads > 1 else 1)
    edges = [height * i // bands for i in range(bands + 1)]

    def measure(start: int, stop: int) -> None:
        for i in range(start, stop):
            _measure(segments, distance, edges[i], edges[i + 1])

    in_bands(measure, bands, threads)
    return distance


def _segments(path: NDArray[np.float64], joined: bool) -> NDArray[np.float64]:
    """Give each segment's start, its way (y, x) [px] and 1 / length² or 0, (m, 5)."""
    joined = joined and len(path) > 1
    start = path[:-1] if joined else path
    segments = np.zeros((len(start), 5))
    segments[:, :2] = start
    if joined:
        segments[:, 2:4] = np.diff(path, axis=0)
        square = (segments[:, 2:4] ** 2).sum(1)
        # Shorter than 1e-12 px, a segment is its start.
        np.divide(1, square, out=segments[:, 4], where=square > 1e-24)
    return segments


@njit(cache=True, nogil=True, inline="always")
def _square(segments, i, y, x):  # noqa: ANN001, ANN202
    """Return the squared distance from a point to a segment."""
    py, px = y - segments[i, 0], x - segments[i, 1]
    along = (py * segments[i, 2] + px * segments[i, 3]) * segments[i, 4]
    along = min(max(along, 0.0), 1.0)
    ey, ex = py - along * segments[i, 2], px - along * segments[i, 3]
    return ey * ey + ex * ex


@njit(cache=True, nogil=True)
def _measure(segments, distance, start, stop):  # noqa: ANN001, ANN202
    """Fill rows start <= y < stop; parts are taken from a stack, each with its candidates."""
    total = len(segments)
    kept = np.empty(4 * total + 64, np.int32)  # the candidates of all parts on the stack
    squares = np.empty(total)
    for i in range(total):
        kept[i] = i
    stack = np.empty((128, 6), np.int64)  # rows, columns, first candidate and how many
    stack[0] = (start, stop, 0, distance.shape[1], 0, total)
    depth = 1
    while depth > 0:
        depth -= 1
        y0, y1, x0, x1, first, count = stack[depth]
        if count > 1 and (y1 - y0) * (x1 - x0) > _FEW_PIXELS:
            end = first + count
            if end + count > len(kept):
                longer = np.empty(2 * (end + count), np.int32)
                longer[:end] = kept[:end]
                kept = longer
            count = _keep(segments, kept, squares, first, end, y0, y1, x0, x1)
            first = end
        if count == 1 or (y1 - y0) * (x1 - x0) <= _FEW_PIXELS:
            _fill(segments, kept[first : first + count], distance, y0, y1, x0, x1)
        elif y1 - y0 > x1 - x0:
            middle = (y0 + y1) // 2
            stack[depth] = (y0, middle, x0, x1, first, count)
            stack[depth + 1] = (middle, y1, x0, x1, first, count)
            depth += 2
        else:
            middle = (x0 + x1) // 2
            stack[depth] = (y0, y1, x0, middle, first, count)
            stack[depth + 1] = (y0, y1, middle, x1, first, count)
            depth += 2


@njit(cache=True, nogil=True)
def _keep(segments, kept, squares, first, end, y0, y1, x0, x1):  # noqa: ANN001, ANN202
    """Copy the candidates that can be nearest to a pixel of a part behind the others."""
    y, x = (y0 + y1 - 1) / 2, (x0 + x1 - 1) / 2
    least = np.inf
    for i in range(first, end):
        squares[i - first] = _square(segments, kept[i], y, x)
        least = min(least, squares[i - first])
    reach = np.sqrt(least) + np.hypot(y1 - y0 - 1.0, x1 - x0 - 1.0)
    limit = (reach * (1 + 1e-9) + 1e-9) ** 2  # wider than all rounding
    count = 0
    for i in range(first, end):
        kept[end + count] = kept[i]
        count += squares[i - first] <= limit
    return count


@njit(cache=True, nogil=True)
def _fill(segments, candidates, distance, y0, y1, x0, x1):  # noqa: ANN001, ANN202
    for y in range(y0, y1):
        for x in range(x0, x1):
            least = np.inf
            for i in candidates:
                least = min(least, _square(segments, i, np.float64(y), np.float64(x)))
            distance[y, x] = np.sqrt(least)
