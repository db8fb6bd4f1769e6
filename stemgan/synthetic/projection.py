"""Structures seen along a zone axis: the columns of atoms of a two-dimensional cell."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from stemgan.synthetic.structures import STRUCTURES, Structure

Array = NDArray[np.float64]
Axis = tuple[int, int, int]

CUBIC_AXES: tuple[Axis, ...] = (
    (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (1, 1, 1), (1, 1, 2), (2, 1, 0),
)  # fmt: skip
HEXAGONAL_AXES: tuple[Axis, ...] = (
    (0, 0, 1), (0, 0, 1), (1, 0, 0), (2, 1, 0), (1, 1, 1),
)  # fmt: skip
Z_POWER = 1.7
"""Scattering to high angles grows as Z^1.7, between Rutherford's Z² and screening's Z^1.5."""

_SAME_COLUMN = 0.12  # Å
_NEAREST = 0.8  # Å: closer columns are never told apart


@dataclass(frozen=True, eq=False)
class Projection:
    """Columns of a structure along a zone axis.

    name : structure and axis.
    cell : rows are the projected lattice's two shortest vectors, (2, 2), (y, x) [Å].
    atoms : fractional positions of a cell's columns, (n, 2).
    weight : scattering of each, sum of Z^1.7 per length of the column, the largest 1, (n,).
    """

    name: str
    cell: Array
    atoms: Array
    weight: Array

    @property
    def spacing(self) -> float:
        """Typical distance between bright columns: root of the area of each [Å]."""
        bright = max(1, int((self.weight > 0.3).sum()))
        return float(np.sqrt(abs(np.linalg.det(self.cell)) / bright))

    def nearest(self) -> float:
        """Return the least distance between two columns [Å]."""
        return float(_distances(self.atoms, self.cell).min())


@lru_cache(maxsize=1024)
def project(index: int, axis: Axis) -> Projection:
    """Project structure number `index` along [uvw] of its conventional cell."""
    structure = STRUCTURES[index]
    plane, steps = _plane(structure, axis)
    inverse = np.linalg.inv(steps.astype(np.float64))
    places = structure.sites @ inverse  # along the two vectors of the plane, and the axis
    columns, weight = _merge(
        places[:, :2] % 1, structure.number.astype(np.float64) ** Z_POWER, plane
    )
    name = f"{structure.name} [{''.join(map(str, axis))}]"
    return Projection(name, plane, columns, weight / weight.max())


def _plane(structure: Structure, axis: Axis) -> tuple[Array, NDArray[np.int64]]:
    """Find the shortest basis of the lattice's projection along an axis.

    Returns
    -------
    Its two vectors in the plane, (2, 2) (y, x) [Å], and the integer matrix whose rows are these
    and the axis in terms of the cell: its determinant is 1, so that no point is lost.
    """
    along = np.array(axis) @ structure.cell
    along = along / np.linalg.norm(along)
    steps = np.array(list(product(range(-2, 3), repeat=3)))
    flat = steps @ structure.cell
    flat = flat - (flat @ along)[:, None] * along
    length = np.linalg.norm(flat, axis=1)
    order = [i for i in np.argsort(length, kind="stable") if length[i] > 1e-6]
    pairs = ((i, j) for b, j in enumerate(order) for i in order[:b])
    first, second = next(
        (i, j)
        for i, j in pairs
        if round(np.linalg.det(np.array([steps[i], steps[j], axis]))) in (-1, 1)
    )
    x = flat[first] / length[first]
    y = np.cross(along, x)
    vectors = np.array([[flat[k] @ y, flat[k] @ x] for k in (first, second)])
    return vectors, np.array([steps[first], steps[second], axis])


def _merge(places: Array, weights: Array, cell: Array) -> tuple[Array, Array]:
    """Add up the atoms of each column."""
    kept: list[Array] = []
    sums: list[float] = []
    for place, weight in zip(places, weights, strict=True):
        gaps = [np.linalg.norm(_wrapped(place - other) @ cell) for other in kept]
        same = int(np.argmin(gaps)) if gaps else -1
        if same >= 0 and gaps[same] < _SAME_COLUMN:
            sums[same] += weight
        else:
            kept.append(place)
            sums.append(weight)
    return np.array(kept), np.array(sums)


def _wrapped(difference: Array) -> Array:
    return difference - np.round(difference)


def _distances(atoms: Array, cell: Array) -> Array:
    """Return distances [Å] between all columns and their images in neighbouring cells."""
    shifts = np.array(list(product((-1, 0, 1), repeat=2)))
    apart = atoms[:, None, None] - atoms[None, :, None] + shifts
    distance = np.linalg.norm(apart @ cell, axis=-1)
    return distance[distance > 1e-9]


def random_projection(rng: np.random.Generator) -> Projection:
    """Draw a structure and a low-index zone axis along which its columns can be told apart."""
    while True:
        index = int(rng.integers(len(STRUCTURES)))
        axes = HEXAGONAL_AXES if STRUCTURES[index].hexagonal else CUBIC_AXES
        seen = project(index, axes[int(rng.integers(len(axes)))])
        if seen.nearest() > _NEAREST:
            return seen


def imagined(rng: np.random.Generator) -> Projection:
    """Draw a large cell of columns that keep apart, with a two-fold axis, of no material."""
    side = rng.uniform(4.5, 9.0)
    gamma = np.deg2rad(rng.choice([90.0, 90.0, 120.0]))
    ratio = rng.uniform(1, 1.3)
    cell = side * np.array([[0, 1], [ratio * np.sin(gamma), ratio * np.cos(gamma)]])
    atoms, weights = np.zeros((0, 2)), []
    for _ in range(60):
        place = rng.uniform(0, 1, 2)
        pair = np.array([place, (1 - place) % 1])
        apart = _wrapped(pair[:, None] - np.concatenate([atoms, pair])[None]) @ cell
        gaps = np.linalg.norm(apart, axis=-1)
        if gaps[gaps > 1e-9].min(initial=99) > 1.8:
            atoms = np.concatenate([atoms, pair])
            weights += [float(rng.choice([1.0, 0.6, 0.3]))] * 2
    if not weights:
        atoms, weights = np.zeros((1, 2)), [1.0]
    return Projection("imagined", cell, atoms, np.array(weights))
