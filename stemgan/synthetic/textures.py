"""Structure without objects: amorphous films, pores, membranes, labyrinths, fibres, grains."""

import numpy as np

from stemgan.synthetic.fields import (
    Image,
    gaussian_field,
    grid,
    log_uniform,
    sigmoid,
)
from stemgan.synthetic.render import add_ellipsoids, add_tube


def amorphous(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Draw an amorphous film: a power-law spectrum with thickness that varies slowly."""
    side = min(shape)
    fine = gaussian_field(
        shape, rng, length=log_uniform(rng, 1.0, 0.1 * side), slope=rng.uniform(1.5, 4)
    )
    coarse = gaussian_field(shape, rng, length=side * log_uniform(rng, 0.1, 0.8))
    share = rng.uniform(0.1, 1)
    return np.float32(rng.uniform(0.5, 4)) + share * fine + (1 - share) * coarse


def anisotropic(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Draw elongated structure: rolled, sheared or columnar material."""
    side, angle = min(shape), rng.uniform(0, np.pi)
    image = np.zeros(shape, dtype=np.float32)
    for _ in range(int(rng.integers(1, 4))):
        image += rng.uniform(0.3, 1) * gaussian_field(
            shape,
            rng,
            length=side * log_uniform(rng, 0.01, 0.2),
            slope=rng.uniform(2, 5),
            stretch=log_uniform(rng, 2, 20),
            angle=angle + rng.normal(0, 0.1),
        )
    return np.exp(rng.uniform(0.2, 1) * image) if rng.random() < 0.5 else image


def porous(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Draw a porous or two-phase material: a random field, thresholded more or less sharply."""
    side = min(shape)
    field = gaussian_field(
        shape,
        rng,
        length=side * log_uniform(rng, 0.01, 0.2),
        slope=rng.uniform(3, 7),
        stretch=rng.choice([1.0, rng.uniform(1, 4)]),
        angle=rng.uniform(0, np.pi),
        band=rng.random() < 0.3,
    )
    level = np.float32(rng.uniform(-1, 1))
    solid = sigmoid((field - level) * np.float32(log_uniform(rng, 1.5, 20)))
    detail = gaussian_field(shape, rng, length=side * log_uniform(rng, 0.01, 0.3), slope=3)
    return solid * (1 + np.float32(rng.uniform(0, 0.3)) * detail)


def membranes(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Draw a section of a cell: membranes along level lines, vesicles, granular cytoplasm."""
    side = min(shape)
    cytoplasm = gaussian_field(shape, rng, length=side * log_uniform(rng, 0.01, 0.05), slope=3)
    coarse = gaussian_field(shape, rng, length=side * log_uniform(rng, 0.05, 0.3))
    image = 1 + rng.uniform(0.05, 0.3) * cytoplasm + rng.uniform(0, 0.4) * coarse
    for _ in range(int(rng.integers(1, 4))):
        field = gaussian_field(shape, rng, length=side * log_uniform(rng, 0.04, 0.3), slope=6)
        dy, dx = np.gradient(field)
        gradient = np.hypot(dy, dx) + 1e-3
        distance = np.abs(field - np.float32(rng.normal(0, 0.7))) / gradient
        width = log_uniform(rng, 1.0, 5.0)
        image += rng.uniform(0.3, 1.5) * np.exp(-((distance / width) ** 2) / 2)
    image = np.ascontiguousarray(image, dtype=np.float32)
    count = int(rng.integers(0, 40))
    where = rng.uniform(0, 1, (count, 2)) * shape
    radii = side * np.exp(rng.uniform(np.log(0.01), np.log(0.1), count))
    form = np.stack(
        [np.exp(rng.normal(0, 0.3, count)), rng.uniform(0, np.pi, count), np.full(count, 0.8)],
        axis=1,
    )
    add_ellipsoids(image, where, radii, rng.uniform(-0.5, 1.5, count), shape=form)
    return image


def grains(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Draw a polycrystal: cells of random brightness, bend contours, boundaries."""
    from scipy.spatial import KDTree

    side = min(shape)
    count = int(log_uniform(rng, 4, 400))
    y, x = grid(shape)
    wander = np.float32(side * rng.uniform(0, 0.05) / np.sqrt(count / 10))
    bumps = [gaussian_field(shape, rng, length=side / np.sqrt(count) / 2) for _ in range(2)]
    points = np.stack([y + wander * bumps[0], x + wander * bumps[1]], axis=-1)
    seeds = rng.uniform(0, 1, (count, 2)) * shape
    distance, nearest = KDTree(seeds).query(points, k=2)
    image = rng.uniform(0.2, 1, count).astype(np.float32)[np.asarray(nearest)[..., 0]]
    if rng.random() < 0.5:
        bend = gaussian_field(shape, rng, length=side * log_uniform(rng, 0.1, 0.4), slope=5)
        image *= 1 - rng.uniform(0.2, 0.8) * np.exp(-((bend / np.float32(0.15)) ** 2))
    border = np.exp(-((distance[..., 1] - distance[..., 0]) / log_uniform(rng, 1, 6)))
    return (image + rng.uniform(-0.5, 0.5) * border).astype(np.float32)


def fibres(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Draw wires, fibres or tubes, aligned or tangled, over a faint support."""
    side = min(shape)
    radius = side * log_uniform(rng, 0.006, 0.08)
    count = int(np.clip(rng.uniform(0.1, 1.0) * side / radius, 1, 30))
    hollow = rng.uniform(0.4, 0.8) if rng.random() < 0.3 else 0.0
    heading, tangle = rng.uniform(0, np.pi), rng.choice([0.1, 0.5, 3.0])
    image = np.zeros(shape, dtype=np.float32)
    for _ in range(count):
        own = radius * float(np.exp(rng.normal(0, 0.3)))
        path = _wander(shape, rng, heading + rng.normal(0, tangle), step=max(1.0, own / 3))
        add_tube(image, path, own, own / radius, hollow)
    film = gaussian_field(shape, rng, length=side * log_uniform(rng, 0.01, 0.3), slope=3)
    return image + rng.uniform(0, 0.3) * (1 + rng.uniform(0, 0.4) * film)


def _wander(
    shape: tuple[int, int], rng: np.random.Generator, heading: float, step: float
) -> np.ndarray:
    """Walk through the frame in both directions with a slowly changing heading, (n, 2) [px]."""
    count = int(1.5 * max(shape) / step)
    bend = np.cumsum(rng.normal(0, 1, count)) * rng.uniform(0, 0.06) * np.sqrt(step / 4)
    angle = heading + bend - bend[count // 2]
    walk = np.cumsum(np.stack([np.sin(angle), np.cos(angle)], axis=1) * step, axis=0)
    return walk - walk[count // 2] + rng.uniform(0, 1, 2) * shape
