"""Render many small objects into an image: atomic columns, particles, tubes."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Image = NDArray[np.floating]
Array = NDArray[np.float64]


def add_columns(image: Image, where: Array, height: Array, sigma: Array) -> None:
    """Add Gaussians to an image in place.

    Parameters
    ----------
    image : (height, width), changed.
    where : centres, (n, 2), (y, x) [px].
    height : peak values, (n,).
    sigma : standard deviations [px], (n,).
    """
    _columns(image, where, height, np.maximum(sigma, 0.3))


@njit(cache=True)
def _columns(image, where, height, sigma):  # noqa: ANN001, ANN202
    rows, cols = image.shape
    profile = np.empty(cols, dtype=np.float32)
    for i in range(len(where)):
        y, x, s = where[i, 0], where[i, 1], sigma[i]
        reach = 3.2 * s
        y0, y1 = max(0, int(np.ceil(y - reach))), min(rows - 1, int(np.floor(y + reach)))
        x0, x1 = max(0, int(np.ceil(x - reach))), min(cols - 1, int(np.floor(x + reach)))
        for c in range(x0, x1 + 1):
            profile[c] = height[i] * np.exp(-0.5 * ((c - x) / s) ** 2)
        for r in range(y0, y1 + 1):
            weight = np.float32(np.exp(-0.5 * ((r - y) / s) ** 2))
            for c in range(x0, x1 + 1):
                image[r, c] += weight * profile[c]


def add_ellipsoids(
    image: Image, where: Array, radius: Array, height: Array, *, shape: Array | None = None
) -> None:
    """Add projected ellipsoids, or shells, to an image in place.

    Parameters
    ----------
    image : (height, width), changed.
    where : centres, (n, 2), (y, x) [px].
    radius : radii [px], (n,).
    height : values at the centre of a solid one, (n,).
    shape : elongation, its angle [rad] and the hollow's share of the radius, (n, 3).
    """
    if shape is None:
        shape = np.tile([1.0, 0.0, 0.0], (len(where), 1))
    _ellipsoids(image, where, radius, height, shape)


@njit(cache=True)
def _ellipsoids(image, where, radius, height, shape):  # noqa: ANN001, ANN202
    rows, cols = image.shape
    for i in range(len(where)):
        y, x, r = where[i, 0], where[i, 1], radius[i]
        stretch, hollow = np.sqrt(shape[i, 0]), shape[i, 2]
        sin, cos = np.sin(shape[i, 1]), np.cos(shape[i, 1])
        reach = r * max(stretch, 1 / stretch) + 1
        for row in range(max(0, int(y - reach)), min(rows, int(y + reach) + 2)):
            for col in range(max(0, int(x - reach)), min(cols, int(x + reach) + 2)):
                along = ((row - y) * sin + (col - x) * cos) / stretch
                across = ((row - y) * cos - (col - x) * sin) * stretch
                d2 = (along * along + across * across) / (r * r)
                if d2 < 1:
                    value = np.sqrt(1 - d2)
                    if d2 < hollow * hollow:
                        value -= np.sqrt(hollow * hollow - d2)
                    image[row, col] += height[i] * value


def add_polyhedron(
    image: Image, where: tuple[float, float], normals: Array, offsets: Array, height: float
) -> None:
    """Add the thickness of a convex polyhedron, symmetric about the image plane, in place.

    Parameters
    ----------
    image : (height, width), changed.
    where : centre, (y, x) [px].
    normals : outward unit normals of the upper facets, (n, 3), (y, x, z), z >= 0.
    offsets : distances of the facets from the centre [px], (n,).
    height : value where the polyhedron is as thick as its greatest offset.
    """
    _polyhedron(image, where[0], where[1], normals, offsets, height)


@njit(cache=True)
def _polyhedron(image, y, x, normals, offsets, height):  # noqa: ANN001, ANN202
    rows, cols = image.shape
    size = offsets.max()
    reach = 2.5 * size
    for row in range(max(0, int(y - reach)), min(rows, int(y + reach) + 2)):
        for col in range(max(0, int(x - reach)), min(cols, int(x + reach) + 2)):
            top = size
            for k in range(len(offsets)):
                gap = offsets[k] - normals[k, 0] * (row - y) - normals[k, 1] * (col - x)
                # A side facet cuts over one pixel, so that its edge is not a staircase.
                top = min(top, gap / max(normals[k, 2], 1 / size))
            if top > 0:
                image[row, col] += height * top / size


def add_tube(image: Image, path: Array, radius: float, height: float, hollow: float) -> None:
    """Add a tube along a path to an image in place; where it meets itself it does not add up.

    Parameters
    ----------
    image : (height, width), changed.
    path : centre line, (n, 2), (y, x) [px], steps below the radius.
    radius : outer radius [px].
    height : value at the middle of a solid one.
    hollow : inner radius as a share of the outer one.
    """
    nearest = np.full(image.shape, np.float32(4), dtype=np.float32)
    _near_path(nearest, path, radius)
    inside = np.sqrt(np.maximum(1 - nearest, 0)) - np.sqrt(np.maximum(hollow**2 - nearest, 0))
    image += np.float32(height) * inside


@njit(cache=True)
def _near_path(nearest, path, radius):  # noqa: ANN001, ANN202
    rows, cols = nearest.shape
    reach = radius + 1
    for i in range(len(path)):
        y, x = path[i, 0], path[i, 1]
        for row in range(max(0, int(y - reach)), min(rows, int(y + reach) + 2)):
            for col in range(max(0, int(x - reach)), min(cols, int(x + reach) + 2)):
                d2 = ((row - y) ** 2 + (col - x) ** 2) / (radius * radius)
                if d2 < nearest[row, col]:
                    nearest[row, col] = d2
