"""Compiled kernels that add tables of objects to an image, one row an object."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Image = NDArray[np.floating]
Array = NDArray[np.float64]

REACH = 3.2
"""Gaussians end at this many standard deviations."""


@njit(cache=True, nogil=True)
def _span(at, reach, count):  # noqa: ANN001, ANN202
    return max(0, int(np.ceil(at - reach))), min(count - 1, int(np.floor(at + reach))) + 1


def add_columns(image: Image, table: Array) -> None:
    """Add Gaussians to an image in place; a row is y, x [px], peak, standard deviation [px]."""
    _columns(image, table)


@njit(cache=True, nogil=True)
def _columns(image, table):  # noqa: ANN001, ANN202
    rows, cols = image.shape
    profile = np.empty(cols, dtype=np.float32)
    for i in range(len(table)):
        y, x, height, s = table[i, 0], table[i, 1], table[i, 2], table[i, 3]
        y0, y1 = _span(y, REACH * s, rows)
        x0, x1 = _span(x, REACH * s, cols)
        for c in range(x0, x1):
            profile[c] = height * np.exp(-0.5 * ((c - x) / s) ** 2)
        for r in range(y0, y1):
            weight = np.float32(np.exp(-0.5 * ((r - y) / s) ** 2))
            for c in range(x0, x1):
                image[r, c] += weight * profile[c]


def add_ellipsoids(image: Image, table: Array) -> None:
    """Add projected ellipsoids or shells to an image in place.

    A row is y, x, radius [px], value at the centre of a solid one, elongation, its angle [rad],
    inner over outer radius.
    """
    _ellipsoids(image, table)


@njit(cache=True, nogil=True)
def _ellipsoids(image, table):  # noqa: ANN001, ANN202
    rows, cols = image.shape
    for i in range(len(table)):
        y, x, r, height = table[i, 0], table[i, 1], table[i, 2], table[i, 3]
        stretch, hollow = np.sqrt(table[i, 4]), table[i, 6]
        sin, cos = np.sin(table[i, 5]), np.cos(table[i, 5])
        reach = r * max(stretch, 1 / stretch)
        y0, y1 = _span(y, reach, rows)
        x0, x1 = _span(x, reach, cols)
        for row in range(y0, y1):
            for col in range(x0, x1):
                along = ((row - y) * sin + (col - x) * cos) / stretch
                across = ((row - y) * cos - (col - x) * sin) * stretch
                d2 = (along * along + across * across) / (r * r)
                if d2 < 1:
                    value = np.sqrt(1 - d2)
                    if d2 < hollow * hollow:
                        value -= np.sqrt(hollow * hollow - d2)
                    image[row, col] += height * value


def add_polyhedra(image: Image, table: Array) -> None:
    """Add thicknesses of convex polyhedra, symmetric about the image plane, in place.

    A row is y, x [px], value at the greatest thickness, greatest offset [px], and of each facet
    its outward unit normal (y, x, z) and its distance from the centre [px].
    """
    _polyhedra(image, table)


@njit(cache=True, nogil=True)
def _polyhedra(image, table):  # noqa: ANN001, ANN202
    rows, cols = image.shape
    for i in range(len(table)):
        y, x, height, size = table[i, 0], table[i, 1], table[i, 2], table[i, 3]
        y0, y1 = _span(y, 2.5 * size, rows)
        x0, x1 = _span(x, 2.5 * size, cols)
        for row in range(y0, y1):
            for col in range(x0, x1):
                top = size
                for k in range(4, table.shape[1], 4):
                    gap = (
                        table[i, k + 3] - table[i, k] * (row - y) - table[i, k + 1] * (col - x)
                    )
                    # A side facet cuts over one pixel, so that its edge is not a staircase.
                    top = min(top, gap / max(table[i, k + 2], 1 / size))
                if top > 0:
                    image[row, col] += height * top / size


def add_tube(image: Image, path: Array, radius: float, height: float, hollow: float) -> None:
    """Add a tube along a path (n, 2) [px] in place; where it meets itself it does not add up.

    Parameters
    ----------
    radius : outer radius [px].
    height : value at the middle of a solid one.
    hollow : inner radius as a share of the outer one.
    """
    nearest = np.full(image.shape, np.float32(4), dtype=np.float32)
    _near_path(nearest, path, radius)
    inside = np.sqrt(np.maximum(1 - nearest, 0)) - np.sqrt(np.maximum(hollow**2 - nearest, 0))
    image += np.float32(height) * inside


@njit(cache=True, nogil=True)
def _near_path(nearest, path, radius):  # noqa: ANN001, ANN202
    rows, cols = nearest.shape
    for i in range(len(path)):
        y, x = path[i, 0], path[i, 1]
        y0, y1 = _span(y, radius, rows)
        x0, x1 = _span(x, radius, cols)
        for row in range(y0, y1):
            for col in range(x0, x1):
                d2 = ((row - y) ** 2 + (col - x) ** 2) / (radius * radius)
                if d2 < nearest[row, col]:
                    nearest[row, col] = d2


def nearest_two(points: Array, seeds: Array) -> tuple[NDArray[np.intp], Array, Array]:
    """Find each point's nearest seed, its distance and that of the second nearest.

    Parameters
    ----------
    points : (n, 2) [px].  seeds : (m, 2) [px], at least two.

    Returns
    -------
    Index of the nearest seed, distance to it, distance to the second, each (n,).
    """
    index = np.empty(len(points), dtype=np.intp)
    first, second = np.empty(len(points)), np.empty(len(points))
    _nearest_two(points, seeds, index, first, second)
    return index, np.sqrt(first), np.sqrt(second)


@njit(cache=True, nogil=True)
def _nearest_two(points, seeds, index, first, second):  # noqa: ANN001, ANN202
    for i in range(len(points)):
        best, next_best, where = np.inf, np.inf, 0
        for j in range(len(seeds)):
            d2 = (points[i, 0] - seeds[j, 0]) ** 2 + (points[i, 1] - seeds[j, 1]) ** 2
            if d2 < best:
                best, next_best, where = d2, best, j
            elif d2 < next_best:
                next_best = d2
        index[i], first[i], second[i] = where, best, next_best
