"""Crystal lattices seen along a zone axis: columns of atoms, their defects and distortions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stemgan.synthetic.fields import Image, blur, edge, gaussian_field, log_uniform, ramp
from stemgan.synthetic.render import add_columns

Array = NDArray[np.float64]

# Cell vectors in periods, and atoms as (u, v, relative brightness).
CELLS: dict[str, tuple[tuple[float, float, float], list[tuple[float, float, float]]]] = {
    "square": ((1.0, 1.0, 90.0), [(0, 0, 1)]),
    "rectangular": ((1.0, 1.4, 90.0), [(0, 0, 1)]),
    "centred": ((1.0, 1.5, 90.0), [(0, 0, 1), (0.5, 0.5, 1)]),
    "oblique": ((1.0, 1.2, 75.0), [(0, 0, 1)]),
    "hexagonal": ((1.0, 1.0, 120.0), [(0, 0, 1)]),
    "honeycomb": ((1.6, 1.6, 120.0), [(1 / 3, 2 / 3, 1), (2 / 3, 1 / 3, 1)]),
    "dichalcogenide": ((1.6, 1.6, 120.0), [(1 / 3, 2 / 3, 1), (2 / 3, 1 / 3, 0.45)]),
    "rocksalt": ((1.4, 1.4, 90.0), [(0, 0, 1), (0.5, 0.5, 0.6)]),
    "perovskite": (
        (1.5, 1.5, 90.0),
        [(0, 0, 1), (0.5, 0.5, 0.55), (0.5, 0, 0.12), (0, 0.5, 0.12)],
    ),
    "dumbbell": (
        (2.4, 1.7, 90.0),
        [(0, 0, 1), (0, 0.25, 1), (0.5, 0.5, 1), (0.5, 0.75, 1)],
    ),
    "wurtzite": (
        (1.7, 2.8, 90.0),
        [(0, 0, 1), (0, 0.37, 0.4), (0.5, 0.5, 1), (0.5, 0.87, 0.4)],
    ),
}


@dataclass(frozen=True)
class Crystal:
    """A lattice placed in the frame.

    cell : rows are the cell's two vectors, (2, 2), (y, x) [px].
    atoms : fractional positions of a cell's columns, (n, 2).
    brightness : peak value of each, (n,).
    sigma : standard deviation of each as a Gaussian [px], (n,).
    """

    cell: Array
    atoms: Array
    brightness: Array
    sigma: Array

    @classmethod
    def random(cls, rng: np.random.Generator, period: float | None = None) -> "Crystal":
        """Draw a lattice of 5 to 40 px period, or of the period given."""
        kinds = [*CELLS, "complex"]
        kind = kinds[int(rng.integers(len(kinds)))]
        sides, atoms = _complex(rng) if kind == "complex" else CELLS[kind]
        period = period or log_uniform(rng, 5, 40)
        angle, gamma = rng.uniform(0, 2 * np.pi), np.deg2rad(sides[2] + rng.normal(0, 1.5))
        stretch = 1 + rng.normal(0, 0.06)
        cell = period * np.array(
            [
                [sides[0] * np.sin(angle), sides[0] * np.cos(angle)],
                [
                    stretch * sides[1] * np.sin(angle + gamma),
                    stretch * sides[1] * np.cos(angle + gamma),
                ],
            ]
        )
        table = np.array(atoms, dtype=np.float64)
        contrast = rng.uniform(0.6, 1.6)
        brightness = table[:, 2] ** contrast * rng.uniform(0.9, 1.1, len(table))
        width = period * rng.uniform(0.13, 0.3) * (1 + 0.15 * rng.standard_normal(len(table)))
        return cls(cell, table[:, :2], brightness, np.maximum(width, 0.08 * period))

    def columns(self, shape: tuple[int, int], margin: float) -> tuple[Array, NDArray, NDArray]:
        """Place the columns of a frame: positions (n, 2) [px], atom (n,), cell (n, 2)."""
        height, width = shape
        corners = np.array(
            [[y, x] for y in (-margin, height + margin) for x in (-margin, width + margin)]
        )
        index = corners @ np.linalg.inv(self.cell)
        low, high = np.floor(index.min(0)) - 1, np.ceil(index.max(0)) + 1
        u, v = np.meshgrid(
            np.arange(low[0], high[0]), np.arange(low[1], high[1]), indexing="ij"
        )
        cells = np.stack([u.ravel(), v.ravel()], axis=1)
        place = (cells[:, None, :] + self.atoms[None]).reshape(-1, 2) @ self.cell
        atom = np.tile(np.arange(len(self.atoms)), len(cells))
        inside = ((place > -margin) & (place < np.array(shape) + margin)).all(1)
        return place[inside], atom[inside], np.repeat(cells, len(self.atoms), axis=0)[inside]


def _complex(
    rng: np.random.Generator,
) -> tuple[tuple[float, float, float], list[tuple[float, float, float]]]:
    """Draw a large cell of many columns that keep apart, with a two-fold axis."""
    side = rng.uniform(2.2, 4.0)
    gamma = float(rng.choice([90.0, 90.0, 120.0]))
    atoms: list[tuple[float, float, float]] = []
    for _ in range(60):
        u, v = rng.uniform(0, 1, 2)
        pair = [(u, v), (1 - u, 1 - v)]
        points = [(a[0], a[1]) for a in atoms] + pair[:1]
        gaps = [
            np.hypot((p - q + 0.5) % 1 - 0.5, (r - s + 0.5) % 1 - 0.5) * side
            for p, r in pair
            for q, s in points
            if (p, r) != (q, s)
        ]
        if min(gaps) > 0.8:
            bright = float(rng.choice([1.0, 0.6, 0.3]))
            atoms += [(*point, bright) for point in pair]
    return (side, side * rng.uniform(1, 1.3), gamma), atoms or [(0, 0, 1)]


def _distort(
    place: Array, period: float, shape: tuple[int, int], rng: np.random.Generator
) -> Array:
    """Move columns: smooth strain, an edge dislocation, a fault, or nothing."""
    moved = place.copy()
    if rng.random() < 0.5:
        moved += _smooth(place, shape, rng) * period * log_uniform(rng, 0.03, 0.6)
    if rng.random() < 0.2:
        moved += _dislocation(place, period, shape, rng)
    if rng.random() < 0.2:
        moved += _fault(place, period, shape, rng)
    if rng.random() < 0.3:
        moved += rng.normal(0, period * rng.uniform(0, 0.05), place.shape)
    return moved


def _smooth(place: Array, shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """Displace by a few long waves, at most about 1 [periods]."""
    wave = rng.uniform(-1.5, 1.5, (3, 2)) * 2 * np.pi / max(shape)
    phase = place @ wave.T + rng.uniform(0, 2 * np.pi, 3)
    return np.sin(phase) @ rng.normal(0, 0.5, (3, 2))


def _dislocation(
    place: Array, period: float, shape: tuple[int, int], rng: np.random.Generator
) -> Array:
    """Displace as an edge dislocation does in an isotropic medium of Poisson ratio 0.3."""
    angle = rng.uniform(0, 2 * np.pi)
    along = np.array([np.sin(angle), np.cos(angle)])
    across = np.array([np.cos(angle), -np.sin(angle)])
    offset = place - rng.uniform(0.2, 0.8, 2) * shape
    x, y = offset @ along, offset @ across
    r2 = x * x + y * y + (0.3 * period) ** 2
    u = np.arctan2(y, x) + x * y / (1.4 * r2)
    v = -(0.4 / 2.8 * np.log(r2 / period**2) + (x * x - y * y) / (2.8 * r2))
    return period / (2 * np.pi) * (u[:, None] * along + v[:, None] * across)


def _fault(
    place: Array, period: float, shape: tuple[int, int], rng: np.random.Generator
) -> Array:
    """Shift everything beyond a line by a part of the period along the line."""
    angle = rng.uniform(0, 2 * np.pi)
    along = np.array([np.sin(angle), np.cos(angle)])
    across = np.array([np.cos(angle), -np.sin(angle)])
    beyond = (place - rng.uniform(0.2, 0.8, 2) * shape) @ across > 0
    return beyond[:, None] * along * period * rng.choice([1 / 3, 1 / 2, 2 / 3])


def _heights(
    crystal: Crystal, atom: NDArray, cells: NDArray, rng: np.random.Generator
) -> Array:
    """Give each column its brightness: vacancies, substitutions, superlattice, scatter."""
    height = crystal.brightness[atom] * (
        1 + rng.uniform(0, 0.08) * rng.standard_normal(len(atom))
    )
    if rng.random() < 0.25:
        height *= rng.random(len(atom)) > log_uniform(rng, 0.002, 0.1)
    if rng.random() < 0.35:
        changed = rng.random(len(atom)) < log_uniform(rng, 0.003, 0.3)
        if rng.random() < 0.5:
            changed &= atom == 0
        height[changed] *= rng.uniform(0.3, 2.2)
    if rng.random() < 0.15:
        height *= np.where(cells[:, 0] % int(rng.integers(2, 6)) == 0, rng.uniform(0.5, 1.6), 1)
    return height


def lattice(
    shape: tuple[int, int], rng: np.random.Generator, period: float | None = None
) -> Image:
    """Draw one perfect or defective crystal filling the frame."""
    crystal = Crystal.random(rng, period)
    length = float(np.linalg.norm(crystal.cell[0]))
    place, atom, cells = crystal.columns(shape, 2 * length)
    place = _distort(place, length, shape, rng)
    image = np.zeros(shape, dtype=np.float32)
    add_columns(image, place, _heights(crystal, atom, cells, rng), crystal.sigma[atom])
    # The probe's tails and scattering between columns: a diffuse part of the same signal.
    return image + rng.uniform(0, 1.0) * blur(image, length / 2)


def crystal(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Draw a crystalline specimen: lattice(s), thickness, an edge to vacuum, an interface."""
    period = log_uniform(rng, 5, 40)
    image = lattice(shape, rng, period)
    if rng.random() < 0.3:  # a grain boundary, or an interface to another material
        other = lattice(shape, rng, period * rng.uniform(0.8, 1.3)) * rng.uniform(0.4, 1.5)
        side = edge(shape, rng, roughness=rng.choice([0, 0.02, 0.1]), sharpness=1 + period / 4)
        image = image * side + other * (1 - side)
    thickness = np.ones(shape, dtype=np.float32)
    if rng.random() < 0.5:
        thickness += rng.uniform(0.1, 1.5) * ramp(shape, rng)
    if rng.random() < 0.4:
        bumps = gaussian_field(shape, rng, length=min(shape) * log_uniform(rng, 0.05, 0.5))
        thickness *= np.exp(rng.uniform(0.03, 0.3) * bumps)
    if rng.random() < 0.15:
        thickness *= edge(shape, rng, roughness=rng.uniform(0, 0.1), sharpness=period / 2)
    image = image * thickness + rng.uniform(0, 0.5) * thickness
    if rng.random() < 0.3:  # an amorphous layer on its surfaces
        image += rng.uniform(0.02, 0.2) * gaussian_field(shape, rng, length=period / 4, slope=3)
    return image
