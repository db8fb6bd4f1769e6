"""From a scan path to the pixels that it measures, their order and their dwell."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray


class Visits(NamedTuple):
    """The pixels that a path measures, in the order of their first visit.

    pixels : flat indices into the frame, (k,) int64, each once.
    times : when, as a share of the path's duration, (k,) float64 in [0, 1].
    """

    pixels: NDArray[np.int64]
    times: NDArray[np.float64]


def visit(path: NDArray[np.float64], shape: tuple[int, int], *, joined: bool) -> Visits:
    """Find the pixels that a path measures.

    Parameters
    ----------
    path : positions at equal time steps, (n, 2) (y, x) [px].
    shape : height and width of the frame [px].
    joined : True: positions are joined by lines one pixel wide, drawn as Pillow draws them
        (Bresenham's algorithm between whole pixels); False: only the positions' own pixels.

    Returns
    -------
    Visits, in order. Positions outside the frame measure nothing.

    Raises
    ------
    ValueError : the path is not (n, 2) with n >= 1, or holds a value that is not finite.

    Examples
    --------
    >>> visit(np.array([[0.0, 0.0], [0.0, 3.0]]), (2, 4), joined=True).pixels
    array([0, 1, 2, 3])
    """
    if path.ndim != 2 or path.shape[1] != 2 or len(path) < 1:
        raise ValueError(f"a path has shape (n, 2) with n >= 1, not {path.shape}")
    if not np.isfinite(path).all():
        raise ValueError("the path holds values that are not finite")
    steps = np.floor(np.asarray(path, np.float64) + 0.5).astype(np.int64)
    return Visits(*_visit(steps, shape[0], shape[1], joined))


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


@njit(cache=True)
def _visit(steps, height, width, joined):  # noqa: ANN001, ANN202
    seen = np.zeros(height * width, dtype=np.bool_)
    pixels = np.empty(height * width, dtype=np.int64)
    times = np.empty(height * width)
    count = 0
    n = len(steps)
    for i in range(n):
        y, x = steps[i, 0], steps[i, 1]
        last = i == n - 1 or not joined
        y1 = y if last else steps[i + 1, 0]
        x1 = x if last else steps[i + 1, 1]
        outside = (
            (y < 0 and y1 < 0)
            or (x < 0 and x1 < 0)
            or (y >= height and y1 >= height)
            or (x >= width and x1 >= width)
        )
        if outside:
            continue
        dy, dx = abs(y1 - y), abs(x1 - x)
        sy = 1 if y1 > y else -1
        sx = 1 if x1 > x else -1
        length = max(dy, dx)
        # Pillow steps along the longer side (x only where it is strictly longer) and leaves the
        # end to the next line; the error term is twice the distance to the next pixel's edge.
        flat = dx > dy
        error = 2 * min(dy, dx) - length
        for step in range(length if length > 0 else 1):
            if 0 <= y < height and 0 <= x < width:
                index = y * width + x
                if not seen[index]:
                    seen[index] = True
                    pixels[count] = index
                    times[count] = (i + step / max(length, 1)) / max(n - 1, 1)
                    count += 1
            if length == 0:
                break
            if error >= 0:
                if flat:
                    y += sy if dy > 0 else 0
                else:
                    x += sx if dx > 0 else 0
                error -= 2 * length
            error += 2 * min(dy, dx)
            if flat:
                x += sx
            else:
                y += sy
    return pixels[:count], times[:count]
