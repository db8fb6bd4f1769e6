"""Lattices that waves on a grid of dots may belong to."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.aliases.dots import Peaks
from stemgan.baselines.crystals import HIGHEST, half_of_orders, spanned, waves_of

_PARENTS = 6  # peaks that a lattice is built on, the strongest
_BINS = 3.5  # how far a wave may be from the lattice [padded Fourier pixels]

Vectors = NDArray[np.float64]


def candidates(peaks: Peaks, pitch: Vectors) -> tuple[Vectors, Vectors]:
    """Return the reduced bases that any two strong peaks and their aliases give, (n, 2) each.

    pitch : of the grid, (2,) [px]; bases are in periods per px.
    """
    reach = [range(-k, k + 1) for k in np.ceil(HIGHEST * pitch).astype(int)]
    shifts = np.array(list(product(*reach)), np.float64)
    aliases = [(each + shifts) / pitch for each in peaks.frequency[:_PARENTS]]
    aliases = [x[np.hypot(*x.T) < HIGHEST] for x in aliases]
    return spanned(aliases)


def explain(
    first: Vectors, second: Vectors, peaks: Peaks, pitch: Vectors
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Say which alias of each peak is a wave of a lattice: the slowest that is one.

    Returns
    -------
    shifts : (n, peaks, 2); the wave is at (frequency + shift) / pitch, 0 where there is none.
    found : (n, peaks), whether there is one.
    """
    waves = waves_of(first, second, half_of_orders())
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
