"""Structure without lattices: amorphous films, pores, holes, cells, grains, fibres."""

import numpy as np

from stemgan.synthetic import nodes, objects
from stemgan.synthetic.fields import gaussian_field, log_uniform
from stemgan.synthetic.nodes import Node, Shape

Rng = np.random.Generator


def amorphous(shape: Shape, rng: Rng) -> Node:
    """Draw an amorphous film: a power-law spectrum with thickness that varies slowly."""
    side = min(shape)
    fine = gaussian_field(
        shape, rng, length=log_uniform(rng, 1.0, 0.1 * side), slope=rng.uniform(1.5, 4)
    )
    coarse = gaussian_field(shape, rng, length=side * log_uniform(rng, 0.1, 0.8))
    share = rng.uniform(0.1, 1)
    return fine * share + coarse * (1 - share) + rng.uniform(0.5, 4)


def phase_contrast(shape: Shape, rng: Rng) -> Node:
    """Draw a thin amorphous film in bright field, defocused: speckle of few frequencies."""
    grain = log_uniform(rng, 3, 14)
    return gaussian_field(
        shape,
        rng,
        length=grain * rng.uniform(0.7, 1.6),
        slope=grain * rng.uniform(0.4, 1.0),
        stretch=float(np.exp(abs(rng.normal(0, 0.2)))),
        angle=rng.uniform(0, np.pi),
        spectrum="thon",
    )


def anisotropic(shape: Shape, rng: Rng) -> Node:
    """Draw elongated structure: rolled, sheared or columnar material."""
    side, angle = min(shape), rng.uniform(0, np.pi)
    parts = [
        gaussian_field(
            shape,
            rng,
            length=side * log_uniform(rng, 0.01, 0.2),
            slope=rng.uniform(2, 5),
            stretch=log_uniform(rng, 2, 20),
            angle=angle + rng.normal(0, 0.1),
        )
        * rng.uniform(0.3, 1)
        for _ in range(int(rng.integers(1, 4)))
    ]
    image = sum(parts[1:], start=parts[0])
    return nodes.exp(image * rng.uniform(0.2, 1)) if rng.random() < 0.5 else image


def porous(shape: Shape, rng: Rng) -> Node:
    """Draw a porous or two-phase material: a random field, thresholded more or less sharply."""
    side = min(shape)
    field = gaussian_field(
        shape,
        rng,
        length=side * log_uniform(rng, 0.01, 0.2),
        slope=rng.uniform(3, 7),
        stretch=rng.choice([1.0, rng.uniform(1, 4)]),
        angle=rng.uniform(0, np.pi),
        spectrum="ring" if rng.random() < 0.3 else "power",
    )
    solid = nodes.sigmoid((field - rng.uniform(-1, 1)) * log_uniform(rng, 1.5, 20))
    detail = gaussian_field(shape, rng, length=side * log_uniform(rng, 0.01, 0.3), slope=3)
    return solid * (detail * rng.uniform(0, 0.3) + 1.0)


def holes(shape: Shape, rng: Rng) -> Node:
    """Draw a film with holes: a perforated or lacy support, or beam damage, with thick rims."""
    side = min(shape)
    radius = side * log_uniform(rng, 0.03, 0.4)
    count = int(np.clip(rng.uniform(0.2, 1.2) * side**2 / (np.pi * radius**2), 1, 60))
    where = rng.uniform(-0.1, 1.1, (count, 2)) * shape
    radii = radius * np.exp(rng.normal(0, rng.choice([0.03, 0.4]), count))
    form = np.stack(
        [np.exp(rng.normal(0, 0.1, count)), rng.uniform(0, np.pi, count), np.zeros(count)],
        axis=1,
    )
    # An ellipsoid's thickness squared is 1 - (r / radius)², which is 0 on the rim.
    depth = objects.ellipsoids(shape, where, radii, np.ones(count), form=form)
    rough = gaussian_field(shape, rng, length=side * log_uniform(rng, 0.02, 0.1), slope=3)
    wall = nodes.power(depth, 2) + rough * rng.uniform(0, 0.03) - 0.15
    hole = nodes.sigmoid(wall * rng.uniform(20, 80))
    rim = nodes.blur(hole, radius * rng.uniform(0.05, 0.2)) * rng.uniform(0, 1.2)
    texture = gaussian_field(shape, rng, length=side * log_uniform(rng, 0.005, 0.2), slope=3)
    return (1.0 - hole) * (texture * rng.uniform(0.02, 0.25) + rim + 1.0)


def membranes(shape: Shape, rng: Rng) -> Node:
    """Draw a section of a cell: membranes along level lines, vesicles, granular cytoplasm."""
    side = min(shape)
    cytoplasm = gaussian_field(shape, rng, length=side * log_uniform(rng, 0.01, 0.05), slope=3)
    coarse = gaussian_field(shape, rng, length=side * log_uniform(rng, 0.05, 0.3))
    image = cytoplasm * rng.uniform(0.05, 0.3) + coarse * rng.uniform(0, 0.4) + 1.0
    for _ in range(int(rng.integers(1, 4))):
        field = gaussian_field(shape, rng, length=side * log_uniform(rng, 0.04, 0.3), slope=6)
        distance = nodes.level_distance(field, rng.normal(0, 0.7))
        width = log_uniform(rng, 1.0, 4.0)
        # A bilayer is two dark lines, where it is resolved.
        apart = width * rng.uniform(1.5, 4) if rng.random() < 0.4 else 0.0
        line = nodes.exp(-nodes.power(nodes.absolute(distance - apart / 2) / width, 2) / 2)
        image = image + line * rng.uniform(0.3, 1.5)
    image = image + _dots(shape, rng, int(rng.integers(0, 40)), (0.01, 0.1), 0.8)
    if rng.random() < 0.4:  # ribosomes, or gold labels
        count = int(log_uniform(rng, 20, 600))
        image = image + _dots(shape, rng, count, (0.003, 0.012), 0.0)
    return image


def _dots(
    shape: Shape, rng: Rng, count: int, sizes: tuple[float, float], hollow: float
) -> Node:
    """Scatter vesicles or grains of a range of radii, as shares of the smaller side."""
    where = rng.uniform(0, 1, (count, 2)) * shape
    radii = np.maximum(
        0.7, min(shape) * np.exp(rng.uniform(np.log(sizes[0]), np.log(sizes[1]), count))
    )
    form = np.stack(
        [
            np.exp(rng.normal(0, 0.3, count)),
            rng.uniform(0, np.pi, count),
            np.full(count, hollow),
        ],
        axis=1,
    )
    height = rng.uniform(-0.5, 1.5, count) if hollow else rng.uniform(0.3, 1.2, count)
    return objects.ellipsoids(shape, where, radii, height, form=form)


def grains(shape: Shape, rng: Rng) -> Node:
    """Draw a polycrystal: cells of random brightness, bend contours, boundaries."""
    side = min(shape)
    count = int(log_uniform(rng, 4, 250))
    wander = side * rng.uniform(0, 0.05) / np.sqrt(count / 10)
    length = side / np.sqrt(count) / 2
    bumps = (
        gaussian_field(shape, rng, length=length) * wander,
        gaussian_field(shape, rng, length=length) * wander,
    )
    seeds = rng.uniform(0, 1, (count, 2)) * shape
    border, width = rng.uniform(-0.5, 0.5), log_uniform(rng, 1, 6)
    image = objects.cells(bumps, seeds, rng.uniform(0.2, 1, count), border=border, width=width)
    if rng.random() < 0.5:
        bend = gaussian_field(shape, rng, length=side * log_uniform(rng, 0.1, 0.4), slope=5)
        dark = nodes.exp(-nodes.power(nodes.absolute(bend) / 0.15, 2)) * rng.uniform(0.2, 0.8)
        image = image * (1.0 - dark)
    if rng.random() < 0.6:  # contrast within grains: strain, roughness, defects
        detail = gaussian_field(
            shape, rng, length=side * log_uniform(rng, 0.004, 0.06), slope=3
        )
        image = image * nodes.exp(detail * rng.uniform(0.03, 0.25))
    return image


def fibres(shape: Shape, rng: Rng) -> Node:
    """Draw wires, fibres or tubes, aligned or tangled, over a faint support."""
    side = min(shape)
    radius = side * log_uniform(rng, 0.006, 0.08)
    count = int(np.clip(rng.uniform(0.1, 1.0) * side / radius, 1, 30))
    hollow = rng.uniform(0.4, 0.8) if rng.random() < 0.3 else 0.0
    heading, tangle = rng.uniform(0, np.pi), rng.choice([0.1, 0.5, 3.0])
    paths, forms = [], []
    for _ in range(count):
        own = radius * float(np.exp(rng.normal(0, 0.3)))
        path = _wander(shape, rng, heading + rng.normal(0, tangle), step=max(1.0, own / 3))
        paths.append(path)
        forms.append((own, own / radius, hollow))
    image = objects.tubes(shape, paths, forms)
    film = gaussian_field(shape, rng, length=side * log_uniform(rng, 0.01, 0.3), slope=3)
    body = film * rng.uniform(0, 0.4) + 1.0
    if rng.random() < 0.5:  # rough or beaded
        rough = gaussian_field(shape, rng, length=radius * rng.uniform(0.2, 1), slope=3)
        image = image * nodes.exp(rough * rng.uniform(0.05, 0.4))
    return image + body * rng.uniform(0, 0.3)


def _wander(shape: Shape, rng: Rng, heading: float, step: float) -> np.ndarray:
    """Walk through the frame in both directions with a slowly changing heading, (n, 2) [px]."""
    count = int(1.5 * max(shape) / step)
    bend = np.cumsum(rng.normal(0, 1, count)) * rng.uniform(0, 0.06) * np.sqrt(step / 4)
    angle = heading + bend - bend[count // 2]
    walk = np.cumsum(np.stack([np.sin(angle), np.cos(angle)], axis=1) * step, axis=0)
    walk += rng.uniform(0, 1, 2) * shape - walk[count // 2]
    near = ((walk > -4 * step) & (walk < np.array(shape) + 4 * step)).all(1)
    return walk[near]
