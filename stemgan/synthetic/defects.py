"""Displacements of columns: strain, dislocations, faults, twins, grains and interfaces."""

import numpy as np
from numpy.typing import NDArray

from stemgan.synthetic.columns import Columns
from stemgan.synthetic.fields import log_uniform
from stemgan.synthetic.nodes import Shape

Array = NDArray[np.float64]

POISSON = 0.3


def distort(columns: Columns, shape: Shape, rng: np.random.Generator) -> Columns:
    """Move columns: smooth strain, dislocations, faults, disorder, or nothing."""
    if rng.random() < 0.4:
        amount = columns.spacing * log_uniform(rng, 0.03, 0.5)
        columns = columns.moved(_smooth(columns.place, shape, rng) * amount)
    if rng.random() < 0.12:
        columns = _faulted(columns, shape, rng)
    if rng.random() < 0.15:
        columns = dislocated(columns, shape, rng)
    if rng.random() < 0.3:  # static displacements of single columns
        spread = columns.spacing * rng.uniform(0, 0.05)
        columns = columns.moved(rng.normal(0, spread, columns.place.shape))
    return columns


def _smooth(place: Array, shape: Shape, rng: np.random.Generator) -> Array:
    """Displace by a few long waves, of about unit size."""
    wave = rng.uniform(-1.5, 1.5, (3, 2)) * 2 * np.pi / max(shape)
    phase = place @ wave.T + rng.uniform(0, 2 * np.pi, 3)
    return np.sin(phase) @ rng.normal(0, 0.5, (3, 2))


def edge_dislocation(offset: Array, burgers: Array, core: float) -> Array:
    """Displacement about an edge dislocation in an isotropic medium.

    With x along the Burgers vector b, nu Poisson's ratio and r² = x² + y² (Hirth and Lothe,
    Theory of Dislocations, 2nd ed., 1982, eq. 3-45),
    u_x = b / 2 pi [atan(y / x) + x y / (2 (1 - nu) r²)],
    u_y = -b / 2 pi [(1 - 2 nu) / (4 (1 - nu)) ln r² + (x² - y²) / (4 (1 - nu) r²)].

    Parameters
    ----------
    offset : positions from the core, (n, 2) [px].
    burgers : Burgers vector, (2,) [px].
    core : distance below which the field is made smooth [px].

    Returns
    -------
    (n, 2) [px]. Around the core it grows by the Burgers vector.
    """
    size = float(np.linalg.norm(burgers))
    along = burgers / size
    across = np.array([along[1], -along[0]])
    x, y = offset @ along, offset @ across
    r2 = x * x + y * y + core * core
    stiff = 1 - POISSON
    u = np.arctan2(y, x) + x * y / (2 * stiff * r2)
    v = -(
        (1 - 2 * POISSON) / (4 * stiff) * np.log(r2 / size**2)
        + (x * x - y * y) / (4 * stiff * r2)
    )
    return size / (2 * np.pi) * (u[:, None] * along + v[:, None] * across)


def dislocated(columns: Columns, shape: Shape, rng: np.random.Generator) -> Columns:
    """Put in one dislocation, a pair, or a row of them: a low-angle grain boundary."""
    burgers = columns.basis[int(rng.integers(2))] * rng.choice([-1, 1])
    size = float(np.linalg.norm(burgers))
    centre = rng.uniform(0.2, 0.8, 2) * shape
    kind = rng.integers(3)
    if kind == 0:
        cores, signs = [centre], [1.0]
    elif kind == 1:
        cores, signs = [centre, centre + rng.normal(0, 0.2, 2) * shape], [1.0, -1.0]
    else:  # spaced by b / theta (Read and Shockley, Phys. Rev. 78, 275, 1950)
        apart = size * rng.uniform(5, 15) * np.array([burgers[1], -burgers[0]]) / size
        reach = int(1.5 * max(shape) / np.linalg.norm(apart)) + 1
        cores = [centre + k * apart for k in range(-reach, reach + 1)]
        signs = [1.0] * len(cores)
    moves = sum(
        sign * edge_dislocation(columns.place - core, burgers, 0.3 * size)
        for core, sign in zip(cores, signs, strict=True)
    )
    return columns.moved(np.asarray(moves) - np.mean(moves, axis=0))


def _line(columns: Columns, shape: Shape, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw a line along a row of the lattice: signed distances (n,) and vector (2,) [px]."""
    vector = columns.basis[int(rng.integers(2))]
    if rng.random() < 0.3:
        vector = columns.basis[0] + rng.choice([-1, 1]) * columns.basis[1]
    across = np.array([vector[1], -vector[0]]) / np.linalg.norm(vector)
    through = columns.place[
        np.argmin(np.linalg.norm(columns.place - rng.uniform(0.2, 0.8, 2) * shape, axis=1))
    ]
    return (columns.place - through) @ across, vector


def _faulted(columns: Columns, shape: Shape, rng: np.random.Generator) -> Columns:
    """Shift a half of the crystal, or a band of it, by a part of a lattice vector."""
    side, vector = _line(columns, shape, rng)
    width = np.inf if rng.random() < 0.5 else columns.spacing * log_uniform(rng, 2, 15)
    beyond = (side > 1e-3) & (side < width)
    return columns.moved(beyond[:, None] * vector * rng.choice([1 / 3, 1 / 2, 2 / 3]))


def twinned(columns: Columns, shape: Shape, rng: np.random.Generator) -> Columns:
    """Mirror the crystal beyond a row of its lattice, or in a band between two rows."""
    side, vector = _line(columns, shape, rng)
    across = np.array([vector[1], -vector[0]]) / np.linalg.norm(vector)
    # Columns on the row belong to both sides; the mirror image must not draw them again.
    here = columns.kept(side <= 1e-3)
    there = columns.kept(side < -1e-3)
    mirrored = there.moved(-2 * side[side < -1e-3][:, None] * across)
    return here.joined(mirrored)


def separated(first: Columns, second: Columns, border: Array, gap: float) -> Columns:
    """Join two crystals along a border: `first` where it is negative.

    Parameters
    ----------
    border : signed distance of the columns of both, first's before second's, (n + m,) [px].
    gap : columns of different crystals that are closer than this [px] are one.
    """
    left = first.kept(border[: len(first)] < 0)
    right = second.kept(border[len(first) :] >= 0)
    if len(left) == 0 or len(right) == 0:
        return left.joined(right)
    from scipy.spatial import KDTree

    near, _ = KDTree(left.place).query(right.place, distance_upper_bound=gap)
    return left.joined(right.kept(~np.isfinite(near)))


def rough_line(place: Array, shape: Shape, rng: np.random.Generator) -> Array:
    """Signed distance to a line through the frame that wanders or has steps, (n,) [px]."""
    angle = rng.uniform(0, 2 * np.pi)
    along, across = np.array([[np.sin(angle), np.cos(angle)], [np.cos(angle), -np.sin(angle)]])
    through = rng.uniform(0.3, 0.7, 2) * shape
    at = (place - through) @ along
    wander = rng.choice([0, 0.01, 0.04]) * min(shape)
    wave = rng.uniform(1, 8, 3) * 2 * np.pi / max(shape)
    bumps = np.sin(at[:, None] * wave + rng.uniform(0, 6.3, 3)).sum(1) * wander / 2
    return (place - through) @ across + bumps
