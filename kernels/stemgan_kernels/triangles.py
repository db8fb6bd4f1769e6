"""Linear interpolation on triangles, drawn onto pixels triangle by triangle."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


def draw_triangles(
    image: NDArray[np.float32],
    points: NDArray[np.float64],
    triangles: NDArray[np.integer],
    values: NDArray[np.float64],
) -> None:
    """Draw planes through the corners of triangles over an image, in place.

    Pixels outside all triangles keep what they were. Each triangle touches the pixels of its
    own box alone, row by row, so the cost is that of the triangles' area.

    Parameters
    ----------
    image : what is drawn on, (H, W) float32, contiguous.
    points : corners, (n, 2), (y, x) [px], pixel centres at whole numbers.
    triangles : three indices into `points` a triangle, (m, 3).
    values : value of each point, (n,).

    Raises
    ------
    ValueError : the shapes do not fit.

    Examples
    --------
    >>> image = np.zeros((2, 3), np.float32)
    >>> points = np.array([[0, 0], [0, 2], [2, 0]], float)
    >>> draw_triangles(image, points, np.array([[0, 1, 2]]), np.array([0, 2, 0.0]))
    >>> image.tolist()
    [[0.0, 1.0, 2.0], [0.0, 1.0, 0.0]]
    """
    if points.ndim != 2 or points.shape[1] != 2 or values.shape != points.shape[:1]:
        raise ValueError(f"points {points.shape} and values {values.shape} do not fit")
    if triangles.ndim != 2 or triangles.shape[1] != 3:
        raise ValueError(f"triangles have three corners, not {triangles.shape}")
    _draw(image, points, triangles.astype(np.int64), values.astype(np.float64))


@njit(cache=True, nogil=True)
def _draw(image, points, triangles, values):  # noqa: ANN001, ANN202
    height, width = image.shape
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t]
        ay, ax = points[a]
        by, bx = points[b]
        cy, cx = points[c]
        area = (by - ay) * (cx - ax) - (bx - ax) * (cy - ay)
        if area == 0:
            continue
        # The plane's slopes, from its rises along two sides.
        rise, other = values[b] - values[a], values[c] - values[a]
        sy = (rise * (cx - ax) - other * (bx - ax)) / area
        sx = (other * (by - ay) - rise * (cy - ay)) / area
        top = max(0, math.ceil(min(ay, by, cy)))
        bottom = min(height - 1, math.floor(max(ay, by, cy)))
        for y in range(top, bottom + 1):
            left, right = _run(float(y), ay, ax, by, bx, cy, cx)
            start, end = max(0, math.ceil(left)), min(width - 1, math.floor(right))
            for x in range(start, end + 1):
                image[y, x] = values[a] + sy * (y - ay) + sx * (x - ax)


@njit(cache=True, nogil=True)
def _run(y, ay, ax, by, bx, cy, cx):  # noqa: ANN001, ANN202
    """Return from where to where row y crosses a triangle; an empty run if it does not."""
    left, right = np.inf, -np.inf
    for side in range(3):
        if side == 0:
            y0, x0, y1, x1 = ay, ax, by, bx
        elif side == 1:
            y0, x0, y1, x1 = by, bx, cy, cx
        else:
            y0, x0, y1, x1 = cy, cx, ay, ax
        if y0 == y1 or y < min(y0, y1) or y > max(y0, y1):
            continue
        x = x0 + (x1 - x0) * (y - y0) / (y1 - y0)
        left, right = min(left, x), max(right, x)
    return left, right
