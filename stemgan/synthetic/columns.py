"""Columns of atoms placed in a frame, and what crystals do to them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stemgan.synthetic.fields import log_uniform
from stemgan.synthetic.nodes import Shape
from stemgan.synthetic.projection import Projection

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Columns:
    """Columns of atoms in a frame.

    place : positions, (n, 2) (y, x) [px].
    atom : which of the cell's columns each is, (n,).
    cell : cell of each, (n, 2).
    height : peak value, (n,).
    basis : the cell's vectors before anything was distorted, rows, (2, 2) [px].
    spacing : typical distance of bright columns [px].
    """

    place: Array
    atom: NDArray[np.intp]
    cell: NDArray[np.intp]
    height: Array
    basis: Array
    spacing: float

    def __len__(self) -> int:
        return len(self.place)

    def kept(self, keep: NDArray[np.bool_]) -> "Columns":
        """Return some of the columns."""
        return replace(
            self,
            place=self.place[keep],
            atom=self.atom[keep],
            cell=self.cell[keep],
            height=self.height[keep],
        )

    def moved(self, by: Array) -> "Columns":
        """Return the columns displaced, by (n, 2) [px]."""
        return replace(self, place=self.place + by)

    def joined(self, other: "Columns") -> "Columns":
        """Return the columns of both, with this one's cell."""
        return replace(
            self,
            place=np.concatenate([self.place, other.place]),
            atom=np.concatenate([self.atom, other.atom]),
            cell=np.concatenate([self.cell, other.cell]),
            height=np.concatenate([self.height, other.height]),
        )


def turned(basis: Array, angle: float) -> Array:
    """Rotate rows (y, x) by an angle [rad]."""
    sin, cos = np.sin(angle), np.cos(angle)
    return basis @ np.array([[cos, sin], [-sin, cos]])


def fill(
    projection: Projection,
    shape: Shape,
    pixel_size: float,
    rng: np.random.Generator,
    *,
    angle: float | None = None,
    margin: float | None = None,
) -> Columns:
    """Fill a frame with a crystal, turned and shifted at random.

    Parameters
    ----------
    pixel_size : [Å].
    angle : of the first vector with the y axis [rad]; None: random.
    margin : how far beyond the frame columns reach [px]; None: twice the longest vector.
    """
    angle = rng.uniform(0, 2 * np.pi) if angle is None else angle
    basis = turned(projection.cell / pixel_size, angle)
    reach = 2 * float(np.linalg.norm(basis, axis=1).max()) if margin is None else margin
    low, high = np.full(2, -reach), np.array(shape) + reach
    corners = np.array([[y, x] for y in (low[0], high[0]) for x in (low[1], high[1])])
    inverse = np.linalg.inv(basis)
    index = corners @ inverse
    first, last = np.floor(index.min(0)) - 1, np.ceil(index.max(0)) + 1
    u, v = np.meshgrid(
        *(np.arange(a, b) for a, b in zip(first, last, strict=True)), indexing="ij"
    )
    cells = np.stack([u.ravel(), v.ravel()], axis=1)
    offset = rng.uniform(0, 1, 2)
    place = (cells[:, None] + projection.atoms[None] + offset).reshape(-1, 2) @ basis
    inside = ((place > low) & (place < high)).all(1)
    atom = np.tile(np.arange(len(projection.atoms)), len(cells))[inside]
    cell = np.repeat(cells, len(projection.atoms), axis=0)[inside].astype(np.intp)
    height = projection.weight[atom]
    return Columns(place[inside], atom, cell, height, basis, projection.spacing / pixel_size)


def chemistry(columns: Columns, rng: np.random.Generator) -> Columns:
    """Change what columns hold: composition, vacancies, substitution, order, interstitials."""
    n = len(columns)
    height = columns.height * (1 + rng.uniform(0, 0.08) * rng.standard_normal(n))
    if rng.random() < 0.2:  # vacancies
        height = height * (rng.random(n) > log_uniform(rng, 0.002, 0.1))
    if rng.random() < 0.3:  # other atoms in some columns, of one kind or of all
        changed = rng.random(n) < log_uniform(rng, 0.003, 0.3)
        if rng.random() < 0.5:
            changed &= columns.atom == 0
        height = np.where(changed, height * rng.uniform(0.4, 2.0), height)
    if rng.random() < 0.12:  # an ordered superlattice
        period = int(rng.integers(2, 6))
        height *= np.where(columns.cell[:, 0] % period == 0, rng.uniform(0.5, 1.6), 1)
    if rng.random() < 0.12:  # composition in layers
        depth = columns.place @ _unit(columns.basis[0])
        period = columns.spacing * log_uniform(rng, 4, 30)
        height *= 1 + rng.uniform(0.1, 0.5) * np.sign(np.sin(2 * np.pi * depth / period))
    columns = replace(columns, height=height)
    return _interstitials(columns, rng) if rng.random() < 0.06 else columns


def _interstitials(columns: Columns, rng: np.random.Generator) -> Columns:
    """Put extra atoms between columns, and push the neighbours a little outward."""
    count = int(rng.integers(1, 1 + max(1, len(columns) // 60)))
    chosen = rng.choice(len(columns), min(count, len(columns)), replace=False)
    extra = columns.kept(np.isin(np.arange(len(columns)), chosen))
    extra = extra.moved(np.full((len(extra), 2), 0.5) @ columns.basis * rng.choice([1, 0.5]))
    faint = replace(extra, height=extra.height * rng.uniform(0.2, 0.8))
    return columns.joined(faint)


def _unit(vector: Array) -> Array:
    return vector / np.linalg.norm(vector)
