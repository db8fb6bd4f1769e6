"""Crystalline specimens: one crystal, two that meet, many grains, particles with lattices."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgan.synthetic import nodes, objects
from stemgan.synthetic.columns import Columns, chemistry, fill
from stemgan.synthetic.defects import distort, rough_line, separated, twinned
from stemgan.synthetic.fields import edge, gaussian_field, log_uniform, ramp
from stemgan.synthetic.nodes import Node, Shape
from stemgan.synthetic.probe import Probe, probe
from stemgan.synthetic.projection import Projection, imagined, random_projection

Array = NDArray[np.float64]

PERIOD = (6.0, 34.0)
"""Distances between bright columns [px]."""


class Specimen(NamedTuple):
    """What a maker draws: the scattering, and the size of a pixel [nm]."""

    image: Node
    pixel_size: float


class Optics(NamedTuple):
    """How columns look: of what size, through which probe, in a frame with which margin."""

    pixel_size: float  # Å
    probe: Probe
    shape: Shape
    margin: int

    @property
    def exact(self) -> bool:
        """Whether the probe's own point spread function is used, and not a Gaussian like it."""
        return self.margin > 0

    def columns(self, columns: Columns, rng: np.random.Generator) -> Node:
        """Draw columns: atoms' thermal motion and size, and the probe unless it comes later."""
        atom = np.hypot(rng.uniform(0.06, 0.12), rng.uniform(0.15, 0.3))
        sigma = np.hypot(atom, 0 if self.exact else self.probe.sigma) / self.pixel_size
        kinds = 1 + int(columns.atom.max(initial=0))
        own = sigma * np.clip(1 + 0.1 * rng.standard_normal(kinds), 0.7, 1.4)
        return objects.columns(self.shape, columns.place, columns.height, own[columns.atom])

    def seen(self, image: Node) -> Node:
        """Image the scattering with the probe and cut the margin off."""
        if not self.exact:
            return image
        return nodes.crop(probe(image, self.probe, self.pixel_size), self.margin)


def _optics(shape: Shape, spacing: float, rng: np.random.Generator) -> Optics:
    """Choose a magnification: columns `spacing` [Å] apart come to lie in `PERIOD` [px]."""
    pixel_size = spacing / log_uniform(rng, *PERIOD)
    by = Probe.random(rng)
    exact = by.fits(pixel_size) and rng.random() < 0.4
    margin = 16 if exact else 0
    return Optics(pixel_size, by, (shape[0] + 2 * margin, shape[1] + 2 * margin), margin)


def _material(rng: np.random.Generator) -> Projection:
    return imagined(rng) if rng.random() < 0.08 else random_projection(rng)


def crystal(shape: Shape, rng: np.random.Generator) -> Specimen:
    """Draw one crystal, perfect or with defects, of varying thickness, maybe with an edge."""
    material = _material(rng)
    optics = _optics(shape, material.spacing, rng)
    columns = distort(fill(material, optics.shape, optics.pixel_size, rng), optics.shape, rng)
    return _finished(optics, chemistry(columns, rng), rng)


def boundary(shape: Shape, rng: np.random.Generator) -> Specimen:
    """Draw two crystals that meet: a grain boundary, a twin, or another material."""
    first = _material(rng)
    optics = _optics(shape, first.spacing, rng)
    frame, size = optics.shape, optics.pixel_size
    angle = rng.uniform(0, 2 * np.pi)
    columns = fill(first, frame, size, rng, angle=angle)
    kind = rng.integers(4)
    if kind == 0:
        columns = twinned(columns, frame, rng)
    elif kind == 1:
        columns = _epitaxy(first, columns, optics, angle, rng)
    elif kind == 2:
        columns = _grown(fill(first, frame, size, rng), columns, frame, rng)
    else:
        columns = _grains(first, optics, rng)
    return _finished(optics, chemistry(distort(columns, frame, rng), rng), rng)


def _grown(other: Columns, columns: Columns, frame: Shape, rng: np.random.Generator) -> Columns:
    both = np.concatenate([columns.place, other.place])
    return separated(columns, other, rough_line(both, frame, rng), 0.6 * columns.spacing)


def _epitaxy(
    first: Projection, columns: Columns, optics: Optics, angle: float, rng: np.random.Generator
) -> Columns:
    """Grow another material on the first: on its lattice, or with a lattice of its own.

    A lattice that goes on (coherent growth) is strained, and elements mix over some columns.
    """
    frame, spacing = optics.shape, columns.spacing
    if rng.random() < 0.6:
        border = rough_line(columns.place, frame, rng)
        mixed = border + rng.normal(0, spacing * rng.choice([0.0, 0.5, 1.5]), len(border))
        factor = np.exp(rng.normal(0, 0.6, len(first.atoms)))[columns.atom]
        grown = np.clip(columns.height * factor, 0.02, 3)
        columns = replace(columns, height=np.where(mixed > 0, grown, columns.height))
        across = columns.basis[0] / np.linalg.norm(columns.basis[0])
        strain = rng.normal(0, 0.02) * np.maximum(border, 0)
        return columns.moved(strain[:, None] * across)
    second = random_projection(rng)
    other = fill(second, frame, optics.pixel_size, rng, angle=angle)
    border = rough_line(np.concatenate([columns.place, other.place]), frame, rng)
    return separated(columns, other, border, 0.5 * spacing)


def _grains(material: Projection, optics: Optics, rng: np.random.Generator) -> Columns:
    """Fill Voronoi cells with crystals of one material in several orientations."""
    from scipy.spatial import KDTree

    frame = np.array(optics.shape)
    seeds = rng.uniform(-0.1, 1.1, (int(rng.integers(2, 7)), 2)) * frame
    tree, grown = KDTree(seeds), None
    for grain in range(len(seeds)):
        own = fill(material, optics.shape, optics.pixel_size, rng)
        own = own.kept(np.asarray(tree.query(own.place)[1]) == grain)
        if grown is None or len(grown) == 0:
            grown = own
        elif len(own):
            near, _ = KDTree(grown.place).query(own.place)
            grown = grown.joined(own.kept(near > 0.6 * own.spacing))
    assert grown is not None
    return grown


def thickness(shape: Shape, rng: np.random.Generator, period: float) -> Node:
    """Draw a foil's thickness, about 1: a wedge, bumps, a hole's edge."""
    image = nodes.constant(shape, 1.0)
    if rng.random() < 0.35:
        image = image + ramp(shape, rng) * rng.uniform(0.1, 1.2)
    if rng.random() < 0.3:
        length = min(shape) * log_uniform(rng, 0.05, 0.5)
        bumps = gaussian_field(shape, rng, length=length)
        image = image * nodes.exp(bumps * rng.uniform(0.03, 0.3))
    if rng.random() < 0.12:
        image = image * edge(shape, rng, roughness=rng.uniform(0, 0.1), sharpness=period / 2)
    return image


def _finished(optics: Optics, columns: Columns, rng: np.random.Generator) -> Specimen:
    """Draw columns in a foil: diffuse scattering between them, surfaces, the probe."""
    shape, period = optics.shape, columns.spacing
    image = optics.columns(columns, rng)
    # The probe's tails and scattering between columns: a diffuse part of the same signal.
    if rng.random() < 0.7:
        image = image + nodes.blur(image, period / 2) * rng.uniform(0, 1.0)
    foil = thickness(shape, rng, period)
    image = image * foil + foil * rng.uniform(0, 0.4)
    if rng.random() < 0.3:  # an amorphous layer on its surfaces
        layer = gaussian_field(shape, rng, length=period / 4, slope=3)
        image = image + foil * layer * rng.uniform(0.02, 0.15)
    return Specimen(optics.seen(image), optics.pixel_size / 10)


def nanocrystals(shape: Shape, rng: np.random.Generator) -> Specimen:
    """Draw faceted or round particles with lattices, each turned its own way, on a film."""
    material = random_projection(rng)
    optics = _optics(shape, material.spacing, rng)
    frame, side = np.array(optics.shape), min(shape)
    # At least some columns across.
    radius = max(
        side * log_uniform(rng, 0.06, 0.45), 2.5 * material.spacing / optics.pixel_size
    )
    count = int(np.clip(rng.uniform(0.4, 1.5) * side**2 / (4 * radius**2), 1, 12))
    parts = [_particle(material, optics, radius, frame, rng) for _ in range(count)]
    columns = parts[0]
    for part in parts[1:]:
        columns = columns.joined(part)
    grain = columns.spacing * log_uniform(rng, 0.2, 2)
    film = gaussian_field(optics.shape, rng, length=grain, slope=rng.uniform(2, 4))
    film = (film * rng.uniform(0.02, 0.3) + 1.0) * rng.uniform(0.03, 0.5)
    image = optics.columns(columns, rng)
    diffuse = nodes.blur(image, columns.spacing * rng.uniform(0.4, 0.8)) * rng.uniform(0.2, 1.5)
    return Specimen(optics.seen(image + diffuse + film), optics.pixel_size / 10)


def _particle(
    material: Projection, optics: Optics, radius: float, frame: Array, rng: np.random.Generator
) -> Columns:
    """Cut a particle out of a crystal: columns as high as it is thick there."""
    size = radius * float(np.exp(rng.normal(0, 0.2)))
    box = (int(2.4 * size) + 1, int(2.4 * size) + 1)
    columns = fill(material, box, optics.pixel_size, rng, margin=0)
    offset = columns.place - 1.2 * size
    sides = int(rng.choice([0, 4, 5, 6, 8]))
    depth = np.linalg.norm(offset, axis=1) / size
    if sides:
        turn = rng.uniform(0, 2 * np.pi) + np.arange(sides) * 2 * np.pi / sides
        normals = np.stack([np.sin(turn), np.cos(turn)], axis=1)
        depth = (offset @ normals.T / (size * rng.uniform(0.75, 1.0, sides))).max(1)
    inside = depth < 1
    thick = (
        np.sqrt(np.maximum(1 - depth**2, 0))
        if not sides
        else np.minimum(1, (1 - depth) * rng.uniform(1, 4))
    )
    thinned = replace(columns, height=columns.height * (0.15 + 0.85 * thick)).kept(inside)
    return thinned.moved(rng.uniform(-0.05, 1.05, 2) * frame - 1.2 * size)
