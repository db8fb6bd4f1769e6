"""Nanoparticles: spheres, polyhedra, agglomerates and single atoms on a support."""

import numpy as np
from numpy.typing import NDArray

from stemgan.synthetic.fields import (
    Image,
    edge,
    gaussian_field,
    grid,
    log_uniform,
    sigmoid,
)
from stemgan.synthetic.render import add_columns, add_ellipsoids, add_polyhedron

Array = NDArray[np.float64]


def scatter(
    shape: tuple[int, int], rng: np.random.Generator, count: int, apart: float = 0.0
) -> Array:
    """Scatter points over a frame and a little beyond, (n, 2); crowded ones are dropped.

    Parameters
    ----------
    count : how many are tried.
    apart : the least distance between two [px].
    """
    points = rng.uniform(-0.05, 1.05, (count, 2)) * shape
    if apart <= 0 or count < 2:
        return points
    from scipy.spatial import KDTree

    close = KDTree(points).query_pairs(apart, output_type="ndarray")
    return np.delete(points, np.unique(close[:, 1]), axis=0)


def clustered(
    shape: tuple[int, int], rng: np.random.Generator, count: int, spread: float
) -> Array:
    """Scatter points in clumps, by a walk that often starts anew, (count, 2)."""
    steps = rng.normal(0, spread, (count, 2))
    starts = rng.random(count) < rng.uniform(0.02, 0.2)
    starts[0] = True
    walk = np.cumsum(steps, axis=0)
    anchor = np.maximum.accumulate(np.where(starts, np.arange(count), 0))
    origins = rng.uniform(0, 1, (count, 2)) * shape
    return walk - walk[anchor] + origins[anchor]


def support(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Draw what particles lie on: nothing, an amorphous film, a torn or cloudy one."""
    side = min(shape)
    kind = rng.integers(5)
    if kind == 0:
        return np.zeros(shape, dtype=np.float32)
    film = gaussian_field(
        shape, rng, length=side * log_uniform(rng, 0.005, 0.3), slope=rng.uniform(2, 4)
    )
    film = 1 + rng.uniform(0.02, 0.3) * film
    if kind == 1:
        film = film * edge(shape, rng, roughness=rng.uniform(0.01, 0.15), sharpness=1.5)
    if kind == 2:
        clouds = gaussian_field(shape, rng, length=side * log_uniform(rng, 0.05, 0.3))
        film = film * sigmoid(clouds * np.float32(rng.uniform(1, 6)))
    return film * np.float32(rng.uniform(0.05, 0.6))


def spheres(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Draw spheres and ellipsoids of similar size, packed or sparse, some of them hollow."""
    side = min(shape)
    radius = side * log_uniform(rng, 0.008, 0.15)
    crowd = log_uniform(rng, 0.03, 1.5)
    count = int(np.clip(crowd * shape[0] * shape[1] / (np.pi * radius**2), 1, 3000))
    apart = rng.choice([0, 1.6, 2.05]) * radius
    where = scatter(shape, rng, count, apart)
    spread = rng.uniform(0, 0.12) if apart else rng.uniform(0.05, 0.6)
    radii = radius * np.exp(rng.normal(0, spread, len(where)))
    heights = radii / radius * np.exp(rng.normal(0, rng.uniform(0, 0.4), len(where)))
    form = np.stack(
        [
            np.exp(rng.normal(0, rng.uniform(0, 0.3), len(where))),
            rng.uniform(0, np.pi, len(where)),
            np.full(len(where), rng.uniform(0.5, 0.9) if rng.random() < 0.15 else 0.0),
        ],
        axis=1,
    )
    image = np.zeros(shape, dtype=np.float32)
    add_ellipsoids(image, where, radii, heights, shape=form)
    return _flatten(image, rng) + support(shape, rng)


def polyhedra(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Draw faceted particles, some with lattice fringes or internal steps."""
    side = min(shape)
    size = side * log_uniform(rng, 0.015, 0.35)
    count = int(np.clip(rng.uniform(0.05, 0.6) * (side / size) ** 2 / 4, 1, 150))
    image = np.zeros(shape, dtype=np.float32)
    for where in scatter(shape, rng, count, rng.choice([0, 1.6]) * size):
        own = size * float(np.exp(rng.normal(0, 0.25)))
        normals, offsets = _facets(rng, own)
        one = np.zeros(shape, dtype=np.float32) if count < 8 else image
        height = float(np.exp(rng.normal(0, 0.3)))
        add_polyhedron(one, (where[0], where[1]), normals, offsets, height)
        if count < 8:
            image += one * _fringes(shape, rng)
    return _flatten(image, rng) + support(shape, rng)


def _facets(rng: np.random.Generator, size: float) -> tuple[Array, Array]:
    """Draw facets in pairs about a random orientation, so that outlines have parallel edges."""
    count = int(rng.integers(2, 7))
    turn = rng.uniform(0, 2 * np.pi)
    azimuth = turn + np.arange(2 * count) * np.pi / count + rng.normal(0, 0.05, 2 * count)
    tilt = rng.choice([0.0, rng.uniform(0.2, 1.2)], 2 * count)
    normals = np.stack(
        [np.cos(tilt) * np.sin(azimuth), np.cos(tilt) * np.cos(azimuth), np.sin(tilt)], axis=1
    )
    return normals, size * rng.uniform(0.7, 1.0, 2 * count)


def _fringes(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Draw lattice fringes (a modulation about 1), of one or two directions, or none."""
    modulation = np.ones(shape, dtype=np.float32)
    y, x = grid(shape)
    if rng.random() < 0.5:
        return modulation
    period, angle = log_uniform(rng, 5, 25), rng.uniform(0, np.pi)
    for turn in (0.0, rng.choice([np.pi / 2, np.pi / 3]))[: int(rng.integers(1, 3))]:
        phase = y * np.sin(angle + turn) + x * np.cos(angle + turn)
        modulation *= 1 + rng.uniform(0.1, 0.5) * np.cos(np.float32(2 * np.pi / period) * phase)
    return modulation.astype(np.float32)


def agglomerate(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Draw a catalyst: a clumped porous support with small bright particles on it."""
    side = min(shape)
    grain = side * log_uniform(rng, 0.02, 0.15)
    count = int(np.clip(rng.uniform(0.3, 4) * shape[0] * shape[1] / (4 * grain**2), 5, 2500))
    where = clustered(shape, rng, count, grain * rng.uniform(0.5, 2))
    radii = grain * np.exp(rng.normal(0, rng.uniform(0.1, 0.5), count))
    form = np.stack(
        [np.exp(rng.normal(0, 0.35, count)), rng.uniform(0, np.pi, count), np.zeros(count)],
        axis=1,
    )
    image = np.zeros(shape, dtype=np.float32)
    add_ellipsoids(image, where, radii, radii / grain, shape=form)
    image = image ** np.float32(rng.uniform(0.5, 1.0))
    texture = gaussian_field(shape, rng, length=grain * rng.uniform(0.1, 1), slope=3)
    image *= np.exp(np.float32(rng.uniform(0, 0.25)) * texture)
    image /= max(float(image.mean()), 1e-6)
    if rng.random() < 0.7:
        _decorate(image, grain, rng)
    return image


def _decorate(image: Image, grain: float, rng: np.random.Generator) -> None:
    """Put small particles where there is support, in place."""
    shape = image.shape
    size = max(0.8, grain * log_uniform(rng, 0.04, 0.4))
    count = int(
        np.clip(log_uniform(rng, 0.02, 0.6) * shape[0] * shape[1] / (30 * size**2), 3, 2000)
    )
    where = scatter((shape[0], shape[1]), rng, count)
    y, x = (np.clip(where[:, i], 0, shape[i] - 1).astype(int) for i in (0, 1))
    where = where[image[y, x] > rng.uniform(0, 0.8)]
    radii = size * np.exp(rng.normal(0, 0.35, len(where)))
    bright = rng.uniform(0.3, 3) * radii / size
    add_ellipsoids(image, where, radii, bright)


def atoms_on_film(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Draw single heavy atoms and small clusters on an amorphous film."""
    sigma = log_uniform(rng, 0.8, 4)
    texture = gaussian_field(
        shape, rng, length=sigma * log_uniform(rng, 0.5, 10), slope=rng.uniform(1.5, 4)
    )
    clouds = gaussian_field(shape, rng, length=min(shape) * log_uniform(rng, 0.05, 0.5))
    image = 1 + rng.uniform(0.02, 0.25) * texture + rng.uniform(0, 0.6) * clouds
    image = np.maximum(image, 0).astype(np.float32)
    count = int(log_uniform(rng, 3, 0.01 * shape[0] * shape[1] / sigma**2 + 10))
    gather = clustered if rng.random() < 0.5 else None
    where = gather(shape, rng, count, 4 * sigma) if gather else scatter(shape, rng, count)
    heights = rng.uniform(0.3, 2.5) * np.exp(rng.normal(0, 0.3, count))
    add_columns(image, where, heights, np.full(count, sigma))
    return image


def _flatten(image: Image, rng: np.random.Generator) -> Image:
    """Press thick parts, as strong scattering and short detector ranges do."""
    return image ** np.float32(rng.uniform(0.3, 1.0))
