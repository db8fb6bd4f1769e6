"""Which aliases a lattice's waves are at: every lattice that could be, weighed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.aliases.dots import DotGrid, Peaks, find_dot_grid, find_peaks, window
from stemgan.baselines.aliases.lattices import candidates, explain
from stemgan.baselines.crystals import likeness
from stemgan.baselines.waves import Waves

Vectors = NDArray[np.float64]

LOWEST = -2.5
"""Weight of the explanation that takes every wave for its slowest alias."""
LIKENESS, SLOWNESS, UNEXPLAINED, FIT = 0.71, 2.1, 0.9, 0.43
"""Weights of a lattice's likeness to a crystal, of the mean logarithm of its waves'
frequencies, of each wave that it leaves out, and of its likelihood.

Fitted to training images, real and simulated (benchmarks/tune_aliases.py)."""

_WEIGHED = 40  # explanations whose likelihood is taken
_LEAST_SHARE = 0.01
_RIDGE = 1e-6
_WIDEST = 24.0  # pitch [px]: the lattices that could be grow with its fourth power
_MOST_FIT = 10.0  # what is not stationary fits wrong aliases by chance


@dataclass(frozen=True)
class Explanations:
    """Ways to place the peaks of a grid's values, one of them at their slowest aliases.

    shifts : (n, peaks, 2), in units of 1 / pitch.
    features : what speaks for each, (n, 5), in the order of `WEIGHTS`.
    """

    shifts: NDArray[np.int64]
    features: Vectors


WEIGHTS = np.array([LOWEST, LIKENESS, -SLOWNESS, -UNEXPLAINED, FIT])


def place_waves(values: NDArray[Any], mask: NDArray[np.bool_]) -> Waves | None:
    """Place the waves that a grid of dots shows at the aliases that they may be.

    Each lattice that explains them has a probability, the softmax of its weighed features; a
    wave's variance is shared out by it.

    Parameters
    ----------
    values : the measured ones, (H, W), anything elsewhere.
    mask : measured pixels, (H, W).

    Returns
    -------
    The waves; None where the mask is no grid of dots, the dots are more than 24 px apart, or no
    two waves stand out.
    """
    grid = find_dot_grid(mask)
    if grid is None or grid.pitch.prod() > _WIDEST**2:
        return None
    samples = grid.samples(values)
    peaks = find_peaks(samples)
    if len(peaks.variance) < 2:
        return None
    found = explanations(grid, samples, peaks)
    score = found.features @ WEIGHTS
    likely = np.exp(score - score.max())
    likely /= likely.sum()
    frequency, variance = [], []
    for k, (wave, held) in enumerate(zip(peaks.frequency, peaks.variance, strict=True)):
        shifts, those = np.unique(found.shifts[:, k], axis=0, return_inverse=True)
        share = np.bincount(those.ravel(), likely)
        enough = share > _LEAST_SHARE
        frequency.append((wave + shifts[enough]) / grid.pitch)
        variance.append(held * share[enough])
    return Waves(np.concatenate(frequency), np.concatenate(variance))


def explanations(grid: DotGrid, samples: Vectors, peaks: Peaks) -> Explanations:
    """Return the explanations that are worth weighing, with what speaks for each."""
    pitch = grid.pitch
    first, second = candidates(peaks, pitch)
    shifts, explained = explain(first, second, peaks, pitch)
    slow = np.zeros((1, *shifts.shape[1:]), np.int64)
    shifts = np.concatenate([slow, shifts])
    left_out = np.concatenate([[0], (~explained).sum(axis=1)])
    alike = np.concatenate([[0.0], likeness(first, second)])
    lowest = np.zeros(len(shifts))
    lowest[0] = 1
    speed = np.log(np.linalg.norm((peaks.frequency + shifts) / pitch, axis=2))
    speed = speed @ (peaks.variance / peaks.variance.sum())
    features = np.stack([lowest, alike, speed, left_out, np.zeros(len(shifts))], axis=1)
    score = features @ WEIGHTS
    order = np.argsort(-score, kind="stable")
    # Lattices that place all waves alike say the same: the best of them speaks.
    _, one = np.unique(shifts[order].reshape(len(order), -1), axis=0, return_index=True)
    chosen = order[np.sort(one)][:_WEIGHED]
    if 0 not in chosen:
        chosen = np.append(chosen, 0)
    features = features[chosen]
    features[:, -1] = _fits(grid, samples, peaks, shifts[chosen])
    return Explanations(shifts[chosen], features)


def _fits(grid: DotGrid, samples: Vectors, peaks: Peaks, shifts: NDArray[np.int64]) -> Vectors:
    """Return the logarithm of each explanation's likelihood, but for a constant, (n,).

    Where all dots are a multiple of the pitch apart, all are the same; on whole pixels they are
    not quite, and a wave fits its own alias best.
    """
    weights = window(samples.shape[0]), window(samples.shape[1])
    aim = (samples - samples.mean()) * np.outer(*weights)
    counted = np.prod([weight.sum() ** 2 / (weight**2).sum() for weight in weights])
    rests = np.array(
        [_rest(grid, aim, weights, (peaks.frequency + shift) / grid.pitch) for shift in shifts]
    )
    fit = -0.5 * counted * np.log(rests / rests.min())
    return fit.clip(-_MOST_FIT)


def _rest(
    grid: DotGrid, aim: Vectors, weights: tuple[Vectors, Vectors], waves: Vectors
) -> float:
    """Return the squares that are left when waves are fitted to weighted values.

    A wave on a grid is one along the rows times one along the columns, and so are the sums over
    all dots: no array of all dots and waves is needed.

    Parameters
    ----------
    aim : weighted values, (rows, columns).
    weights : of rows and of columns; a dot's is their product.
    waves : (n, 2) [periods per px].
    """
    both = np.concatenate([np.zeros((1, 2)), waves, -waves])
    down, across = (
        weight[:, None] * np.exp(2j * np.pi * place[:, None] * frequency)
        for weight, place, frequency in zip(
            weights, (grid.rows, grid.columns), both.T, strict=True
        )
    )
    turn = _cosines_and_sines(len(waves))
    products = (down.conj().T @ down) * (across.conj().T @ across)
    normal = (turn.conj().T @ products @ turn).real
    normal[np.diag_indices_from(normal)] += _RIDGE * normal.trace() / len(normal)
    given = ((down.conj().T @ aim) * across.conj().T).sum(axis=1)
    found = np.linalg.solve(normal, (turn.conj().T @ given).real)
    left = aim - ((down * (turn @ found)) @ across.T).real
    return float((left**2).sum()) + 1e-12 * float((aim**2).sum()) + 1e-300


def _cosines_and_sines(count: int) -> NDArray[np.complex128]:
    """Return what makes 1, cosines and sines of 1, waves and their conjugates, square."""
    half = np.eye(count) / 2
    turn = np.zeros((2 * count + 1, 2 * count + 1), np.complex128)
    turn[0, 0] = 1
    turn[1:, 1:] = np.block([[half, -1j * half], [half, 1j * half]])
    return turn
