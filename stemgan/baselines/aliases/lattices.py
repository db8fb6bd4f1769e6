"""Lattices that waves on a grid of dots may belong to, and how like a crystal's each is."""

from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.aliases.dots import Peaks

HIGHEST = 0.22
"""Highest frequency that a lattice is looked for at [periods per px]."""
ORDERS = 4
"""Highest order of a wave in each of the lattice's two directions."""

_PARENTS = 6  # peaks that a lattice is built on, the strongest
_LONGEST = 70.0  # period [px]
_LEAST_SINE = 0.05
_MOST_COSINE = 0.55
_BINS = 3.5  # how far a wave may be from the lattice [padded Fourier pixels]
_STEPS = 12  # of the reduction of a basis

# How crystals look along the axes that they are seen along: shares of hexagonal, square,
# rectangular, rhombic, centred rectangular and oblique lattices; and how far a microscope
# distorts them, in the logarithm of the sides' ratio and in degrees.
_SHARES = (0.3, 0.25, 0.2, 0.08, 0.07, 0.1)
_RATIO, _ANGLE = 0.03, 2.0

Vectors = NDArray[np.float64]


def candidates(peaks: Peaks, pitch: Vectors) -> tuple[Vectors, Vectors]:
    """Return the reduced bases that any two strong peaks and their aliases give, (n, 2) each.

    pitch : of the grid, (2,) [px]; bases are in periods per px.
    """
    reach = [range(-k, k + 1) for k in np.ceil(HIGHEST * pitch).astype(int)]
    shifts = np.array(list(product(*reach)), np.float64)
    aliases = [(each + shifts) / pitch for each in peaks.frequency[:_PARENTS]]
    aliases = [x[np.hypot(*x.T) < HIGHEST] for x in aliases]
    pairs = [
        (np.repeat(a, len(b), axis=0), np.tile(b, (len(a), 1)))
        for a, b in combinations(aliases, 2)
    ]
    first, second = (np.concatenate(x) for x in zip(*pairs, strict=True))
    area = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])
    sine = area / (np.hypot(*first.T) * np.hypot(*second.T))
    first, second = reduced(first[sine > _LEAST_SINE], second[sine > _LEAST_SINE])
    short, long = np.hypot(*first.T), np.hypot(*second.T)
    cosine = (first * second).sum(axis=1) / (short * long)
    fit = (short > 1 / _LONGEST) & (cosine < _MOST_COSINE)
    return first[fit], second[fit]


def reduced(first: Vectors, second: Vectors) -> tuple[Vectors, Vectors]:
    """Return the shortest bases of the same lattices, the shorter vector first, at most 90°.

    Lagrange's reduction, (n, 2) each.
    """
    first, second = first.copy(), second.copy()
    for _ in range(_STEPS):
        swap = (second**2).sum(axis=1) < (first**2).sum(axis=1)
        first[swap], second[swap] = second[swap], first[swap].copy()
        times = np.rint((first * second).sum(axis=1) / (first**2).sum(axis=1))
        if not times.any():
            break
        second -= times[:, None] * first
    swap = (second**2).sum(axis=1) < (first**2).sum(axis=1)
    first[swap], second[swap] = second[swap], first[swap].copy()
    second[(first * second).sum(axis=1) < 0] *= -1
    return first, second


def likeness(first: Vectors, second: Vectors) -> Vectors:
    """Return the logarithm of how much more a crystal's than any lattice's a shape is, (n,)."""
    short, long = np.hypot(*first.T), np.hypot(*second.T)
    ratio = np.log(long / short)
    angle = _angle((first * second).sum(axis=1) / (short * long))
    even = 2 * _normal(ratio, _RATIO)
    right = 2 * _normal(angle - 90, _ANGLE)
    wide = np.exp(-ratio)
    centred = wide * _normal(_angle(short / (2 * long)) - angle, _ANGLE)
    oblique = wide / 30
    shapes = (
        even * 2 * _normal(angle - 60, _ANGLE),
        even * right,
        wide * right,
        even / 30,
        centred,
        oblique,
    )
    density = sum(share * shape for share, shape in zip(_SHARES, shapes, strict=True))
    return np.log(density / oblique)


def explain(
    first: Vectors, second: Vectors, peaks: Peaks, pitch: Vectors
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Say which alias of each peak is a wave of a lattice: the slowest that is one.

    Returns
    -------
    shifts : (n, peaks, 2); the wave is at (frequency + shift) / pitch, 0 where there is none.
    found : (n, peaks), whether there is one.
    """
    orders = np.array(
        [(h, k) for h, k in product(range(-ORDERS, ORDERS + 1), repeat=2) if (h, k) > (0, 0)],
        np.float64,
    )
    waves = orders[:, :1] * first[:, None] + orders[:, 1:] * second[:, None]
    length = np.hypot(waves[..., 0], waves[..., 1])
    length[length > HIGHEST] = np.inf
    samples = waves * pitch
    shifts = np.zeros((len(first), len(peaks.variance), 2), np.int64)
    best = np.full(shifts.shape[:2], np.inf)
    every = np.arange(len(first))
    for k, frequency in enumerate(peaks.frequency):
        for sign in (1, -1):
            shift = np.rint(samples - sign * frequency)
            off = np.abs(samples - sign * frequency - shift) * peaks.side
            there = np.where(off.max(axis=2) < _BINS, length, np.inf)
            slowest = there.argmin(axis=1)
            better = there[every, slowest] < best[:, k]
            best[better, k] = there[every, slowest][better]
            shifts[better, k] = sign * shift[every, slowest][better]
    return shifts, np.isfinite(best)


def _angle(cosine: Vectors) -> Vectors:
    return np.degrees(np.arccos(cosine.clip(-1, 1)))


def _normal(off: Vectors, spread: float) -> Vectors:
    return np.exp(-0.5 * (off / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
