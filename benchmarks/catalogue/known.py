"""Points whose dimension or clusters are known, in 100 dimensions."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rng = np.random.Generator

AMBIENT = 100
"""Dimensions in which the points lie."""


def turned(points: Array, rng: Rng) -> Array:
    """Lay points into a random subspace of the ambient space; distances stay."""
    return points @ np.linalg.qr(rng.normal(size=(AMBIENT, points.shape[1])))[0].T


def gaussian(count: int, dimension: int, rng: Rng) -> Array:
    """Flat, without edge, dense in the middle and thin outside."""
    return turned(rng.normal(size=(count, dimension)), rng)


def cube(count: int, dimension: int, rng: Rng) -> Array:
    """Flat and even, with sharp edges."""
    return turned(rng.random((count, dimension)), rng)


def sphere(count: int, dimension: int, rng: Rng) -> Array:
    """Curved alike everywhere, closed."""
    points = rng.normal(size=(count, dimension + 1))
    return turned(points / np.linalg.norm(points, axis=1, keepdims=True), rng)


def bent(count: int, dimension: int, rng: Rng) -> Array:
    """Gaussian plus sines of random projections in all ambient dimensions: curved unevenly."""
    flat = rng.normal(size=(count, dimension))
    waves = flat @ (rng.normal(size=(dimension, AMBIENT)) / dimension**0.5)
    return turned(flat, rng) + np.sin(waves + rng.random(AMBIENT) * 2 * np.pi)


def torus(count: int, dimension: int, rng: Rng) -> Array:
    """Product of circles: flat within, closed, curved in the ambient space."""
    angle = rng.random((count, dimension)) * 2 * np.pi
    return turned(np.hstack([np.cos(angle), np.sin(angle)]), rng)


MANIFOLDS: dict[str, Callable[[int, int, Rng], Array]] = {
    "gaussian": gaussian,
    "sphere": sphere,
    "bent": bent,
    "cube": cube,
    "torus": torus,
}
"""Flat and curved manifolds by name: (points, dimension, rng) → (points, 100)."""


def _clouds(sizes: list[int], widths: list[float], rng: Rng) -> tuple[Array, NDArray[np.int64]]:
    """Draw round clusters at random places in ten dimensions."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    points = rng.uniform(-10, 10, size=(len(sizes), 10))[labels]
    points += np.repeat(widths, sizes)[:, None] * rng.normal(size=points.shape)
    return turned(points, rng), labels


def blobs(rng: Rng) -> tuple[Array, NDArray[np.int64]]:
    """Eight round clusters of the same size and width, in ten dimensions."""
    return _clouds([150] * 8, [1.0] * 8, rng)


def uneven(rng: Rng) -> tuple[Array, NDArray[np.int64]]:
    """Five clusters of 60 to 600 points and widths from 0.5 to 3, in ten dimensions."""
    return _clouds([600, 300, 150, 90, 60], [3.0, 0.5, 1.5, 2.0, 1.0], rng)


def moons(rng: Rng) -> tuple[Array, NDArray[np.int64]]:
    """Two crescents that reach into each other: no cluster is round."""
    labels = np.repeat([0, 1], 400)
    angle, sign = rng.random(800) * np.pi, 1 - 2 * labels
    points = np.stack([labels + sign * np.cos(angle), labels / 2 + sign * np.sin(angle)], 1)
    return turned(points + rng.normal(0, 0.08, size=points.shape), rng), labels


CLUSTERED: dict[str, Callable[[Rng], tuple[Array, NDArray[np.int64]]]] = {
    "blobs": blobs,
    "uneven": uneven,
    "moons": moons,
}
"""Points in known clusters by name: rng → (points, 100), labels."""
