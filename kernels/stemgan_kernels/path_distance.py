"""Exact sub-pixel distance from every pixel's centre to a scan path.

The frame is halved again and again, and each part keeps those segments alone that can be the
nearest to any of its pixels (branch and bound): with c the part's centre, r the farthest that
a pixel of it lies from c, and m the distance from c to the nearest segment, a pixel's distance
is at most m + r, so that its nearest segment is at most m + 2 r from c. What is left at the end
is measured one by one, so no pixel's distance is an estimate. Where positions are far closer to
each other than pixels, chords stand in for whole runs of them. A chord and its run are nowhere
farther apart than a slack s: bounds widen by 2 s, and the runs that remain are measured segment
by segment.
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
_RUN = 32
"""Segments that one chord may stand in for."""
_SLACK = 0.1  # [px], the most that a chord and its run may be apart


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
    path = np.ascontiguousarray(path, np.float64)
    joined = joined and len(path) > 1
    segments = _segments(path, joined)
    starts, slack = _runs(path, segments, joined)
    ends = starts[1:] if joined else starts[1:] - 1
    chords = _between(path[starts[:-1]], path[ends])
    distance = np.empty(shape, np.float32)
    bands = min(height, _BANDS * threads if threads > 1 else 1)
    edges = [height * i // bands for i in range(bands + 1)]

    def measure(start: int, stop: int) -> None:
        for i in range(start, stop):
            _measure(segments, chords, starts, slack, distance, edges[i], edges[i + 1])

    in_bands(measure, bands, threads)
    return distance


def _segments(path: NDArray[np.float64], joined: bool) -> NDArray[np.float64]:
    """Give the lines between positions, or each position as a line without length."""
    return _between(path[:-1], path[1:]) if joined else _between(path, path)


def _between(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give each line's start, its way (y, x) [px] and 1 / length² or 0, (m, 5)."""
    way = end - start
    square = (way**2).sum(1)
    inverse = np.zeros(len(start))
    # Shorter than 1e-12 px, a line is its start.
    np.divide(1, square, out=inverse, where=square > 1e-24)
    return np.column_stack([start, way, inverse])


@njit(cache=True, nogil=True)
def _runs(path, segments, joined):  # noqa: ANN001, ANN202
    """Find runs of segments near their chord: their first segments, the total, and the slack.

    Every point of a chord is as near to its run as the run is to it, as the run goes from its
    one end to the other without a gap; half a gap is added for separate positions.
    """
    total = len(segments)
    starts = np.empty(total + 1, np.int64)
    count, slack = 0, 0.0
    chord = np.empty((1, 5))
    for first in range(0, total, _RUN):
        stop = min(first + _RUN, total)
        end = stop if joined else stop - 1
        chord[0, :2] = path[first]
        chord[0, 2:4] = path[end] - path[first]
        square = chord[0, 2] ** 2 + chord[0, 3] ** 2
        chord[0, 4] = 1 / square if square > 1e-24 else 0.0
        apart, gap = 0.0, 0.0
        for i in range(first, end + 1):
            apart = max(apart, _square(chord, 0, path[i, 0], path[i, 1]))
            if i > first and not joined:
                gap = max(
                    gap, np.hypot(path[i, 0] - path[i - 1, 0], path[i, 1] - path[i - 1, 1])
                )
        apart = np.sqrt(apart) + gap / 2
        alone = apart > _SLACK
        if not alone:
            slack = max(slack, apart)
        for i in range(first, stop if alone else first + 1):
            starts[count] = i
            count += 1
    starts[count] = total
    return starts[: count + 1], slack


@njit(cache=True, nogil=True, inline="always")
def _square(segments, i, y, x):  # noqa: ANN001, ANN202
    """Return the squared distance from a point to a segment."""
    py, px = y - segments[i, 0], x - segments[i, 1]
    along = (py * segments[i, 2] + px * segments[i, 3]) * segments[i, 4]
    along = min(max(along, 0.0), 1.0)
    ey, ex = py - along * segments[i, 2], px - along * segments[i, 3]
    return ey * ey + ex * ex


@njit(cache=True, nogil=True)
def _measure(segments, chords, starts, slack, distance, start, stop):  # noqa: ANN001, ANN202
    """Fill rows start <= y < stop; parts are taken from a stack, each with its candidates."""
    total = len(chords)
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
            count = _keep(chords, slack, kept, squares, first, end, y0, y1, x0, x1)
            first = end
        if count == 1 or (y1 - y0) * (x1 - x0) <= _FEW_PIXELS:
            near = kept[first : first + count]
            _fill(segments, chords, starts, slack, near, distance, y0, y1, x0, x1)
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
def _keep(chords, slack, kept, squares, first, end, y0, y1, x0, x1):  # noqa: ANN001, ANN202
    """Copy the candidates that can be nearest to a pixel of a part behind the others."""
    y, x = (y0 + y1 - 1) / 2, (x0 + x1 - 1) / 2
    least = np.inf
    for i in range(first, end):
        squares[i - first] = _square(chords, kept[i], y, x)
        least = min(least, squares[i - first])
    reach = np.sqrt(least) + np.hypot(y1 - y0 - 1.0, x1 - x0 - 1.0) + 2 * slack
    limit = (reach * (1 + 1e-9) + 1e-9) ** 2  # wider than all rounding
    count = 0
    for i in range(first, end):
        kept[end + count] = kept[i]
        count += squares[i - first] <= limit
    return count


@njit(cache=True, nogil=True)
def _fill(segments, chords, starts, slack, near, distance, y0, y1, x0, x1):  # noqa: ANN001, ANN202
    for y in range(y0, y1):
        for x in range(x0, x1):
            py, px = np.float64(y), np.float64(x)
            least = np.inf
            for i in near:
                least = min(least, _square(chords, i, py, px))
            if slack > 0:
                limit = ((np.sqrt(least) + 2 * slack) * (1 + 1e-9) + 1e-9) ** 2
                least = np.inf
                for i in near:
                    if _square(chords, i, py, px) <= limit:
                        for k in range(starts[i], starts[i + 1]):
                            least = min(least, _square(segments, k, py, px))
            distance[y, x] = np.sqrt(least)
