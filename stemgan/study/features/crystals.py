"""Defects of crystals: vacancies, interstitials, a dislocation, a grain boundary."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stemgan.study.features.pairs import Array, Image, Pair, Shape, made, scattered
from stemgan.synthetic import cpu, objects
from stemgan.synthetic.columns import Columns, fill
from stemgan.synthetic.defects import edge_dislocation, separated
from stemgan.synthetic.fields import log_uniform
from stemgan.synthetic.probe import Probe
from stemgan.synthetic.projection import Projection, random_projection

PERIOD = (8.0, 24.0)
"""Distances between bright columns [px]."""

ATOM_SIZE = float(np.hypot(0.09, 0.22))
"""Thermal motion and size of an atom [Å], the middles of what simulated crystals have."""

_BRIGHT = 0.5
"""Columns of at least this share of the strongest one's scattering are taken away."""

_SITES = 24
_DILATION = 0.06
_CORE = 0.3


@dataclass(frozen=True, eq=False)
class Crystal:
    """A thin crystal along a zone axis, and how it is seen.

    material : what it is made of.
    columns : of the perfect crystal.
    sigma : width of a column's image [px].
    haze : diffuse signal between the columns, over the strongest column's peak.
    wedge : thickness, which varies slowly, about 1, (H, W).
    pixel_size : [Å].
    """

    material: Projection
    columns: Columns
    sigma: float
    haze: float
    wedge: Image
    pixel_size: float

    @property
    def shape(self) -> Shape:
        """Height and width [px]."""
        return self.wedge.shape[0], self.wedge.shape[1]

    def image(self, columns: Columns) -> Image:
        """Draw other columns in the same foil, (H, W) float32."""
        width = np.full(len(columns), self.sigma)
        drawn = cpu.render(objects.columns(self.shape, columns.place, columns.height, width))
        return ((drawn + self.haze) * self.wedge).astype(np.float32)

    def pair(self, columns: Columns, places: Array, reach: float) -> Pair:
        """Return the crystal with other columns, beside itself."""
        truth, twin = self.image(columns), self.image(self.columns)
        spacing = self.columns.spacing
        return made(truth, twin, places, reach, spacing, self.pixel_size / 10)


def crystal(shape: Shape, rng: np.random.Generator) -> Crystal:
    """Draw a perfect crystal: a material, its orientation, a probe, a magnification."""
    material = random_projection(rng)
    pixel_size = material.spacing / log_uniform(rng, *PERIOD)
    columns = fill(material, shape, pixel_size, rng)
    uneven = 1 + 0.03 * rng.standard_normal(len(columns))  # composition, surfaces
    columns = replace(columns, height=columns.height * uneven)
    sigma = float(np.hypot(ATOM_SIZE, Probe.random(rng).sigma)) / pixel_size
    haze = rng.uniform(0.05, 0.4)
    y, x = np.mgrid[: shape[0], : shape[1]] / max(shape) - 0.5
    angle, slope = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.4)
    wedge = 1 + slope * (np.sin(angle) * y + np.cos(angle) * x)
    return Crystal(material, columns, sigma, haze, wedge.astype(np.float32), pixel_size)


def vacancies(shape: Shape, rng: np.random.Generator, count: int) -> Pair:
    """Take bright columns away: an atom of a monolayer, or a whole column of a foil."""
    perfect = crystal(shape, rng)
    columns = perfect.columns
    reach = 3 * perfect.sigma + 3
    bright = columns.place[columns.height >= _BRIGHT]
    places = scattered(shape, rng, count, reach, bright)
    return perfect.pair(columns.kept(~_at(columns, places)), places, reach)


def interstitials(shape: Shape, rng: np.random.Generator, count: int) -> Pair:
    """Put columns into the largest gaps of the cell; their neighbours give way a little.

    Each is a centre of dilation, about which columns move outward by u ~ 1 / r in the plane.
    """
    perfect = crystal(shape, rng)
    columns = perfect.columns
    first = columns.kept(columns.atom == 0)
    material = perfect.material
    gap = (_largest_gap(material) - material.atoms[0]) @ columns.basis
    reach = max(1.5 * columns.spacing, 3 * perfect.sigma + 3)
    places = scattered(shape, rng, count, reach, first.place + gap)
    moved = columns
    for place in places:
        offset = columns.place - place
        square = (offset**2).sum(1, keepdims=True) + (0.5 * columns.spacing) ** 2
        moved = moved.moved(_DILATION * columns.spacing**2 * offset / square)
    extra = replace(
        columns.kept(np.arange(len(columns)) < len(places)),
        place=places,
        height=np.full(len(places), rng.uniform(0.5, 1.0)),
    )
    return perfect.pair(moved.joined(extra), places, reach)


def dislocations(shape: Shape, rng: np.random.Generator, count: int) -> Pair:
    """Put one edge dislocation in, with a lattice vector as Burgers vector."""
    del count  # the strain of one reaches all over the frame
    perfect = crystal(shape, rng)
    columns = perfect.columns
    burgers = columns.basis[int(rng.integers(2))] * rng.choice([-1, 1])
    reach = _several(columns, shape)
    place = scattered(shape, rng, 1, reach)
    core = _CORE * float(np.linalg.norm(burgers))
    moves = edge_dislocation(columns.place - place[0], burgers, core)
    return perfect.pair(columns.moved(moves), place, reach)


def grain_boundary(shape: Shape, rng: np.random.Generator, count: int) -> Pair:
    """Turn the crystal by 5 to 45 degrees beyond a straight line through the frame."""
    del count  # the boundary crosses the frame
    perfect = crystal(shape, rng)
    columns = perfect.columns
    reach = _several(columns, shape)
    place = scattered(shape, rng, 1, reach)
    cell = perfect.material.cell / perfect.pixel_size
    own = _angle(columns.basis[0]) - _angle(cell[0])
    turn = np.deg2rad(rng.uniform(5, 45)) * rng.choice([-1, 1])
    other = fill(perfect.material, shape, perfect.pixel_size, rng, angle=own + turn)
    across = rng.uniform(0, 2 * np.pi)
    both = np.concatenate([columns.place, other.place]) - place
    border = both @ np.array([np.sin(across), np.cos(across)])
    grown = separated(columns, other, border, 0.6 * columns.spacing)
    return perfect.pair(grown, place, reach)


def _at(columns: Columns, places: Array) -> NDArray[np.bool_]:
    """Tell which columns are at one of the places, (n,)."""
    if len(places) == 0:
        return np.zeros(len(columns), bool)
    offset = np.abs(columns.place[:, None] - places[None]).max(-1)
    return (offset < 1e-9).any(1)


def _largest_gap(material: Projection) -> Array:
    """Find the place of a cell that is farthest from its columns, (2,) fractions."""
    steps = (np.arange(_SITES) + 0.5) / _SITES
    sites = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    shifts = np.array([(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1)])
    atoms = (material.atoms[:, None] % 1 + shifts).reshape(-1, 2)
    distance = np.linalg.norm((sites[:, None] - atoms[None]) @ material.cell, axis=-1)
    return sites[int(distance.min(1).argmax())]


def _several(columns: Columns, shape: Shape) -> float:
    """Return some columns' distance [px], within what a frame has room for."""
    return min(2.5 * columns.spacing, 0.2 * min(shape))


def _angle(vector: Array) -> float:
    """Return the angle with the x axis [rad] by which rows (y, x) are turned."""
    return float(np.arctan2(vector[0], vector[1]))
