"""Nanoparticles: spheres, polyhedra, agglomerates and single atoms on a support."""

import numpy as np
from numpy.typing import NDArray

from stemgan.synthetic import nodes, objects
from stemgan.synthetic.fields import edge, gaussian_field, log_uniform
from stemgan.synthetic.nodes import Node, Shape
from stemgan.synthetic.textures import phase_contrast

Array = NDArray[np.float64]
Rng = np.random.Generator


def scatter(shape: Shape, rng: Rng, count: int, apart: float = 0.0) -> Array:
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
    shape: Shape, rng: Rng, count: int, spread: float, anew: tuple[float, float] = (0.02, 0.2)
) -> Array:
    """Scatter points in clumps, (count, 2), by a walk that often starts anew.

    Parameters
    ----------
    spread : standard deviation of a step [px].
    anew : range of the chance that a step starts anew.
    """
    steps = rng.normal(0, spread, (count, 2))
    starts = rng.random(count) < rng.uniform(*anew)
    starts[0] = True
    walk = np.cumsum(steps, axis=0)
    anchor = np.maximum.accumulate(np.where(starts, np.arange(count), 0))
    origins = rng.uniform(0, 1, (count, 2)) * shape
    return walk - walk[anchor] + origins[anchor]


def support(shape: Shape, rng: Rng) -> Node:
    """Draw what particles lie on: nothing, an amorphous film, a torn or cloudy one."""
    side = min(shape)
    kind = rng.integers(8)
    if kind == 0:
        return nodes.constant(shape, 0.0)
    film = gaussian_field(
        shape, rng, length=side * log_uniform(rng, 0.005, 0.3), slope=rng.uniform(2, 4)
    )
    film = film * rng.uniform(0.02, 0.3) + 1.0
    if kind == 1:
        film = film * edge(shape, rng, roughness=rng.uniform(0.01, 0.15), sharpness=1.5)
    if kind == 2:
        clouds = gaussian_field(shape, rng, length=side * log_uniform(rng, 0.05, 0.3))
        film = film * nodes.sigmoid(clouds * rng.uniform(1, 6))
    if kind == 3:
        film = film + phase_contrast(shape, rng) * rng.uniform(0.1, 0.7)
    return film * rng.uniform(0.05, 0.6)


def spheres(shape: Shape, rng: Rng) -> Node:
    """Draw spheres and ellipsoids of similar size, packed or sparse, some of them hollow."""
    side = min(shape)
    radius = side * log_uniform(rng, 0.008, 0.15)
    crowd = log_uniform(rng, 0.12, 1.5)
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
    image = objects.ellipsoids(shape, where, radii, heights, form=form)
    return _body(image, radius, rng) + support(shape, rng)


def _body(image: Node, radius: float, rng: Rng) -> Node:
    """Give particles an inside: strong scattering that flattens them, diffraction contrast."""
    image = _flatten(image, rng)
    if rng.random() < 0.4:
        grain = gaussian_field(image.shape, rng, length=radius * rng.uniform(0.1, 1), slope=3)
        image = image * nodes.exp(grain * rng.uniform(0.05, 0.4))
    return image


def polyhedra(shape: Shape, rng: Rng) -> Node:
    """Draw faceted particles, some with lattice fringes."""
    side = min(shape)
    size = side * log_uniform(rng, 0.015, 0.35)
    count = int(np.clip(rng.uniform(0.15, 0.9) * (side / size) ** 2 / 4, 1, 150))
    where = scatter(shape, rng, count, rng.choice([0, 1.6]) * size)
    facets = [_facets(rng, size * float(np.exp(rng.normal(0, 0.25)))) for _ in where]
    heights = np.exp(rng.normal(0, 0.3, len(where)))
    if len(where) >= 8:
        image = objects.polyhedra(shape, where, facets, heights)
    else:
        image = nodes.constant(shape, 0.0)
        for i in range(len(where)):
            one = objects.polyhedra(shape, where[i : i + 1], [facets[i]], heights[i : i + 1])
            image = image + _fringes(one, rng)
    return _body(image, size, rng) + support(shape, rng)


def _facets(rng: Rng, size: float) -> tuple[Array, Array]:
    """Draw facets in pairs about a random orientation, so that outlines have parallel edges."""
    count = int(rng.integers(2, 7))
    turn = rng.uniform(0, 2 * np.pi)
    azimuth = turn + np.arange(2 * count) * np.pi / count + rng.normal(0, 0.05, 2 * count)
    tilt = rng.choice([0.0, rng.uniform(0.2, 1.2)], 2 * count)
    normals = np.stack(
        [np.cos(tilt) * np.sin(azimuth), np.cos(tilt) * np.cos(azimuth), np.sin(tilt)], axis=1
    )
    return normals, size * rng.uniform(0.7, 1.0, 2 * count)


def _fringes(image: Node, rng: Rng) -> Node:
    """Modulate by lattice fringes of one or two directions, or none."""
    if rng.random() < 0.5:
        return image
    period, angle = log_uniform(rng, 5, 25), rng.uniform(0, np.pi)
    for turn in (0.0, rng.choice([np.pi / 2, np.pi / 3]))[: int(rng.integers(1, 3))]:
        k = 2 * np.pi / period * np.array([np.sin(angle + turn), np.cos(angle + turn)])
        wave = nodes.cos(nodes.plane(image.shape, k[0], k[1]))
        image = image * (wave * rng.uniform(0.1, 0.5) + 1.0)
    return image


def agglomerate(shape: Shape, rng: Rng) -> Node:
    """Draw a catalyst: a clumped porous support with small bright particles on it."""
    side = min(shape)
    grain = side * log_uniform(rng, 0.025, 0.2)
    count = int(np.clip(rng.uniform(0.8, 8) * shape[0] * shape[1] / (4 * grain**2), 5, 3000))
    where = clustered(shape, rng, count, grain * rng.uniform(0.5, 2), (0.03, 0.7))
    radii = grain * np.exp(rng.normal(0, rng.uniform(0.1, 0.5), count))
    form = np.stack(
        [np.exp(rng.normal(0, 0.35, count)), rng.uniform(0, np.pi, count), np.zeros(count)],
        axis=1,
    )
    image = objects.ellipsoids(shape, where, radii, radii / grain, form=form)
    # Grains have no sharp outline where others lie above and below them.
    image = nodes.power(nodes.blur(image, grain * rng.uniform(0, 0.3)), rng.uniform(0.5, 1.0))
    texture = gaussian_field(shape, rng, length=grain * rng.uniform(0.1, 1), slope=3)
    image = image * nodes.exp(texture * rng.uniform(0, 0.25))
    if rng.random() < 0.5:  # thickness that varies over many grains
        thick = gaussian_field(shape, rng, length=side * rng.uniform(0.1, 0.4), slope=4)
        image = image * nodes.exp(thick * rng.uniform(0.2, 0.8))
    image = nodes.over_mean(image)
    return _decorated(image, grain, rng) if rng.random() < 0.7 else image


def _decorated(image: Node, grain: float, rng: Rng) -> Node:
    """Put small particles where there is support."""
    shape = image.shape
    size = max(0.8, grain * log_uniform(rng, 0.04, 0.4))
    count = int(
        np.clip(log_uniform(rng, 0.02, 0.6) * shape[0] * shape[1] / (30 * size**2), 3, 2000)
    )
    where = scatter(shape, rng, count)
    radii = size * np.exp(rng.normal(0, 0.35, len(where)))
    bright = rng.uniform(0.3, 3) * radii / size
    level = rng.uniform(0, 0.8)
    return image + objects.ellipsoids(shape, where, radii, bright, on=image, level=level)


def bright_field(shape: Shape, rng: Rng) -> Node:
    """Draw particles in bright field: absorption, diffraction, a film's phase contrast."""
    side = min(shape)
    radius = side * log_uniform(rng, 0.015, 0.12)
    count = int(np.clip(rng.uniform(0.1, 1.2) * side**2 / (np.pi * radius**2), 1, 400))
    where = scatter(shape, rng, count, rng.choice([0, 1.2]) * radius)
    radii = radius * np.exp(rng.normal(0, rng.uniform(0.1, 0.4), len(where)))
    # Some crystals diffract out of the detector and are darker than their thickness says.
    heights = rng.uniform(0.2, 1.0, len(where)) * rng.choice([1, 1, 2.5], len(where))
    form = np.stack(
        [
            np.exp(rng.normal(0, 0.15, len(where))),
            rng.uniform(0, np.pi, len(where)),
            np.zeros(len(where)),
        ],
        axis=1,
    )
    dark = objects.ellipsoids(shape, where, radii, heights, form=form)
    film = nodes.constant(shape, rng.uniform(0, 0.4))
    if rng.random() < 0.5:
        film = film * edge(shape, rng, roughness=rng.uniform(0.02, 0.15), sharpness=2.0)
    clouds = gaussian_field(shape, rng, length=side * log_uniform(rng, 0.03, 0.3), slope=3)
    speckle = phase_contrast(shape, rng) * log_uniform(rng, 0.03, 0.3)
    mottled = gaussian_field(shape, rng, length=radius * rng.uniform(0.1, 0.5), slope=2.5)
    depth = _body(dark, radius, rng) * (mottled * rng.uniform(0, 0.3) + 1.0)
    thick = depth + film * (clouds * rng.uniform(0, 0.5) + 1.0)
    return nodes.exp(-thick) * (speckle + 1.0)


def atoms_on_film(shape: Shape, rng: Rng) -> Node:
    """Draw single heavy atoms and small clusters on an amorphous film."""
    sigma = log_uniform(rng, 0.8, 4)
    texture = gaussian_field(
        shape, rng, length=sigma * log_uniform(rng, 0.5, 10), slope=rng.uniform(1.5, 4)
    )
    clouds = gaussian_field(shape, rng, length=min(shape) * log_uniform(rng, 0.05, 0.5))
    image = texture * rng.uniform(0.02, 0.25) + clouds * rng.uniform(0, 0.6) + 1.0
    count = int(log_uniform(rng, 3, 0.01 * shape[0] * shape[1] / sigma**2 + 10))
    if rng.random() < 0.5:
        where = clustered(shape, rng, count, 4 * sigma)
    else:
        where = scatter(shape, rng, count)
    heights = rng.uniform(0.3, 2.5) * np.exp(rng.normal(0, 0.3, len(where)))
    atoms = objects.columns(shape, where, heights, np.full(len(where), sigma))
    return nodes.maximum(image, 0.0) + atoms


def _flatten(image: Node, rng: Rng) -> Node:
    """Press thick parts, as strong scattering and short detector ranges do."""
    return nodes.power(image, rng.uniform(0.3, 1.0))
