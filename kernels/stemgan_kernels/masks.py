"""From a scan path to the pixels that it measures, their order and their dwell."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

_FARTHEST = float(2**30)  # [px]: products of two lengths stay whole numbers


class Visits(NamedTuple):
    """The pixels that a path measures, in the order of their first visit.

    pixels : flat indices into the frame, (k,) int64, each once.
    times : when, as a share of the path's duration, (k,) float64 in [0, 1].
    """

    pixels: NDArray[np.int64]
    times: NDArray[np.float64]


def visit(
    path: NDArray[np.float64],
    shape: tuple[int, int],
    *,
    joined: bool,
    times: NDArray[np.float64] | None = None,
) -> Visits:
    """Find the pixels that a path measures.

    Parameters
    ----------
    path : positions, (n, 2) (y, x) [px].
    shape : height and width of the frame [px].
    joined : True: positions are joined by lines one pixel wide, drawn as Pillow draws them
        (Bresenham's algorithm between whole pixels); False: only the positions' own pixels.
    times : when each position is reached, as a share of the path's duration, (n,), never
        decreasing; None: at equal steps from 0 to 1. Between joined positions the time passes
        evenly with the pixels.

    Returns
    -------
    Visits, in order. Positions outside the frame measure nothing.

    Raises
    ------
    ValueError : the path is not (n, 2) with n >= 1, holds a value that is not finite or is
        beyond 2³⁰ px, or the times do not fit it.

    Examples
    --------
    >>> visit(np.array([[0.0, 0.0], [0.0, 3.0]]), (2, 4), joined=True).pixels
    array([0, 1, 2, 3])
    """
    path = _checked(path)
    most = _most_pixels(path, shape[0], shape[1], joined)
    if times is None:
        times = np.linspace(0, 1, len(path))
    elif times.shape != (len(path),) or not (np.diff(times) >= 0).all():
        raise ValueError(
            f"times {times.shape} must be one for each of {len(path)} positions, in order"
        )
    seen = np.zeros(shape[0] * shape[1], np.bool_)
    capacity = min(most, len(seen) + 1)
    # One block of memory: fresh pages cost more than the drawing.
    block = np.empty((2, capacity))
    pixels, when = block[0].view(np.int64), block[1]
    draw = _draw_lines if joined else _draw_dots
    times = np.ascontiguousarray(times, np.float64)
    count = draw(path, times, shape[0], shape[1], seen, pixels, when)
    if count < 0.75 * capacity:  # let go of what was not needed
        return Visits(pixels[:count].copy(), when[:count].copy())
    return Visits(pixels[:count], when[:count])


def path_mask(
    path: NDArray[np.float64], shape: tuple[int, int], *, joined: bool
) -> NDArray[np.bool_]:
    """Return the mask of a path, (H, W), True = measured: `visit` without the order.

    Raises
    ------
    ValueError : as for `visit`.

    Examples
    --------
    >>> path_mask(np.array([[0.0, 0.0], [0.0, 2.0]]), (1, 4), joined=True)
    array([[ True,  True,  True, False]])
    """
    path = _checked(path)
    mask = np.zeros(shape, np.bool_)
    draw = _draw_lines if joined else _draw_dots
    draw(path, None, shape[0], shape[1], mask.reshape(-1), None, None)
    return mask


def mask_of(visits: Visits, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the mask of the visited pixels, (H, W), True = measured."""
    mask = np.zeros(shape, dtype=np.bool_)
    mask.ravel()[visits.pixels] = True
    return mask


def blurred_dwell(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Spread a mask by the separable kernel [1, 2, 1] / 4, reflected about the edge pixels.

    This is the dwell map of the published noisy scans: multiples of 1/16, (H, W) float32.
    """
    padded = np.pad(mask.astype(np.float32), 1, mode="reflect")
    rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    total = rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]
    return (total / 16).astype(np.float32)


def _checked(path: NDArray[np.float64]) -> NDArray[np.float64]:
    if path.ndim != 2 or path.shape[1] != 2 or len(path) < 1:
        raise ValueError(f"a path has shape (n, 2) with n >= 1, not {path.shape}")
    path = np.ascontiguousarray(path, np.float64)
    if not _near(path.ravel()):
        raise ValueError("the path holds values that are not finite, or beyond 2³⁰ px")
    return path


@njit(cache=True, nogil=True)
def _near(values):  # noqa: ANN001, ANN202
    near = True
    for value in values:
        near &= abs(value) <= _FARTHEST  # False for NaN
    return near


@njit(cache=True, nogil=True)
def _most_pixels(path, height, width, joined):  # noqa: ANN001, ANN202
    """Bound the pixels that a path measures by counting repeats too."""
    most = np.int64(1)
    y, x = np.floor(path[0, 0] + 0.5), np.floor(path[0, 1] + 0.5)
    for i in range(len(path)):
        y0, x0 = y, x
        y, x = np.floor(path[i, 0] + 0.5), np.floor(path[i, 1] + 0.5)
        if not joined:
            most += 0 <= y < height and 0 <= x < width
        elif max(y0, y) >= 0 and max(x0, x) >= 0 and min(y0, y) < height and min(x0, x) < width:
            most += max(np.int64(max(abs(y - y0), abs(x - x0))), 1)
    return most


@njit(cache=True, nogil=True)
def _draw_dots(path, times, height, width, seen, pixels, when):  # noqa: ANN001, ANN202
    count = 0
    for i in range(len(path)):
        y, x = np.int64(np.floor(path[i, 0] + 0.5)), np.int64(np.floor(path[i, 1] + 0.5))
        if 0 <= y < height and 0 <= x < width:
            index = y * width + x
            if pixels is not None:
                pixels[count], when[count] = index, times[i]
                count += not seen[index]
            seen[index] = True
    return count


@njit(cache=True, nogil=True)
def _draw_lines(path, times, height, width, seen, pixels, when):  # noqa: ANN001, ANN202
    """Draw every line but its last pixel, which begins the next; the last position is one."""
    count = 0
    n = len(path)
    y1, x1 = np.int64(np.floor(path[0, 0] + 0.5)), np.int64(np.floor(path[0, 1] + 0.5))
    inside1 = 0 <= y1 < height and 0 <= x1 < width
    for i in range(n):
        y, x, inside = y1, x1, inside1
        last = i == n - 1
        if not last:
            y1 = np.int64(np.floor(path[i + 1, 0] + 0.5))
            x1 = np.int64(np.floor(path[i + 1, 1] + 0.5))
            inside1 = 0 <= y1 < height and 0 <= x1 < width
        dy, dx = abs(y1 - y), abs(x1 - x)
        # Pillow steps along the longer side, and down where both are equal.
        flat = dx > dy
        long, short = (dx, dy) if flat else (dy, dx)
        if long == 0:  # the last position, or one that stays on its pixel
            if inside:
                index = y * width + x
                if pixels is not None:
                    pixels[count], when[count] = index, times[i]
                    count += not seen[index]
                seen[index] = True
            continue
        sy = width if y1 > y else -width
        sx = 1 if x1 > x else -1
        ahead, aside = (sx, sy) if flat else (sy, sx)
        index = y * width + x
        first, stop = np.int64(0), long
        if not (inside and inside1):
            first, stop = _inside(y, x, y1, x1, flat, height, width)
        # `error` is twice the distance to the next pixel's edge: the line is aside by
        # floor((2 short k + long) / (2 long)) pixels after k steps.
        moved = (2 * short * first + long) // (2 * long) if first > 0 else np.int64(0)
        index += first * ahead + moved * aside
        error = 2 * short * (first + 1) - long - 2 * long * moved
        start, pace = 0.0, 0.0
        if pixels is not None:
            start, pace = times[i], (times[i + 1] - times[i]) / long
        for step in range(first, stop):
            if pixels is not None:
                # Written always and counted if new: a branch here would be a guess.
                pixels[count] = index
                when[count] = start + pace * step
                count += not seen[index]
            seen[index] = True
            turn = error >= 0
            index += ahead + (aside if turn else 0)
            error += 2 * short - (2 * long if turn else 0)
    return count


@njit(cache=True, nogil=True)
def _inside(y, x, y1, x1, flat, height, width):  # noqa: ANN001, ANN202
    """Find the steps first <= k < stop of a line that lie inside the frame."""
    if not flat:
        y, x, y1, x1, height, width = x, y, x1, y1, width, height
    long, short = abs(x1 - x), abs(y1 - y)
    low, high = (-x, width - 1 - x) if x1 > x else (x - width + 1, x)
    first, stop = max(low, 0), min(high + 1, long)
    # Aside by at least m from k = ceil((2 m - 1) long / (2 short)) on.
    low, high = (-y, height - y) if y1 > y else (y - height + 1, y + 1)
    if low > 0:
        first = stop if low > short else max(first, _ceil((2 * low - 1) * long, 2 * short))
    if high <= 0:
        stop = np.int64(0)
    elif high <= short:
        stop = min(stop, _ceil((2 * high - 1) * long, 2 * short))
    return first, max(first, stop)


@njit(cache=True, nogil=True, inline="always")
def _ceil(over, under):  # noqa: ANN001, ANN202
    return -(-over // under)
