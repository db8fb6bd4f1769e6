"""The lattice that a scan shows: every one that its strongest waves span, weighed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from stemgan.baselines.crystals import (
    HIGHEST,
    LONGEST,
    half_of_orders,
    likeness,
    reduced,
    spanned,
    waves_of,
)
from stemgan.baselines.lattices.evidence import Places, WaveEvidence, strongest
from stemgan.baselines.waves import Waves

# Tuned on training images, as the rest of the Gaussian process.
NO_LATTICE = 30.0
"""What a lattice's score must pass to be more likely than none."""
LIKELIHOOD = 0.5
"""Weight of the logarithm of its marginal likelihood: no lattice is even, no noise white."""

_TRIED = 30  # lattices that are fitted, after a first look
_PRESENT = np.array([0.0, 0.8, 0.5])
"""Probability that a lattice holds a wave, by the sum of its orders; `_BEYOND` above that."""
_BEYOND = 0.15
_STRENGTH = 10.0  # of a wave that there is, in deviations of noise, squared
_MOST = 25.0  # evidence of one wave: what is no lattice may still hold strong waves
_MISSED = 2.5  # evidence below which a slow wave is missed
_COARSE = 1.0  # lattices so close are looked at once [Fourier pixels]
_SAME = 1.5  # and so close are one [Fourier pixels]
_ROUNDS = 2  # of the fit of a basis
_CLEAR = 4.0  # evidence of a wave that a basis is fitted to
_LEARNED = 4  # rounds for the waves' variances
_LEAST_VARIANCE, _MOST_VARIANCE = 1e-6, 1e6  # of a wave, in those of noise
_RIDGE = 1e-4  # of overlaps, over that of a wave with itself: they are single precision

Vectors = NDArray[np.float64]


@dataclass(frozen=True)
class Lattice:
    """A lattice and what speaks for it.

    score : logarithm of its weight.
    waves : with their variance.
    """

    score: float
    waves: Waves


@dataclass(frozen=True)
class Found:
    """The waves of the lattices that there may be, and the probability that there is one.

    Variances are weighed by each lattice's probability.
    """

    waves: Waves
    certainty: float


def find_lattice(evidence: WaveEvidence) -> Found | None:
    """Weigh the lattices that the strongest waves span; None where no two waves stand out."""
    weighed = (_weighed(basis, evidence) for basis in _likely(evidence))
    lattices = [lattice for lattice in weighed if lattice is not None]
    if not lattices:
        return None
    scores = np.array([NO_LATTICE, *(x.score for x in lattices)])
    likely = np.exp(scores - scores.max())
    likely /= likely.sum()
    variances = [p * x.waves.variance for p, x in zip(likely[1:], lattices, strict=True)]
    waves = Waves(
        np.concatenate([x.waves.frequency for x in lattices]), np.concatenate(variances)
    )
    return Found(waves, float(1 - likely[0]))


def _likely(evidence: WaveEvidence) -> list[Vectors]:
    """Return the bases of the likeliest lattices at first sight, (2, 2) each, all different."""
    parents = strongest(evidence)
    if len(parents) < 2:
        return []
    first, second = spanned(parents)
    score = _at_first_sight(first, second, evidence) + likeness(first, second)
    order = np.argsort(-score, kind="stable")
    bases = np.stack([first, second], axis=1)[order]
    size = _COARSE / (2 * evidence.step.max())
    coarse = np.rint(bases.reshape(len(bases), 4) * size)
    one = np.unique(coarse, axis=0, return_index=True)[1]
    kept: list[Vectors] = []
    close = _SAME * 2 * float(evidence.step.min())
    for basis in bases[np.sort(one)[:_TRIED]]:
        fitted = _refined(basis, evidence)
        if all(_apart(fitted, other) > close for other in kept):
            kept.append(fitted)
    return kept


def _at_first_sight(first: Vectors, second: Vectors, evidence: WaveEvidence) -> Vectors:
    """Return the logarithm of how likely the evidence at a lattice's waves is, wave by wave."""
    orders = half_of_orders()
    waves = waves_of(first, second, orders)
    power = maximum_filter(evidence.power, 3)
    at = evidence.places(waves)
    # Of nine neighbours the highest is above 1 by about 1 without a wave, too.
    power = (power[at[..., 0], at[..., 1]] - 1).clip(max=_MOST)
    there = np.exp(power * _STRENGTH / (1 + _STRENGTH)) / (1 + _STRENGTH)
    present = _present(orders)
    gains = np.log(1 - present + present * there)
    return np.where(np.hypot(waves[..., 0], waves[..., 1]) < HIGHEST, gains, 0).sum(axis=1)


def _present(orders: Vectors) -> Vectors:
    size = np.abs(orders).sum(axis=1).astype(int)
    return np.where(size < len(_PRESENT), _PRESENT[size.clip(max=len(_PRESENT) - 1)], _BEYOND)


def _refined(basis: Vectors, evidence: WaveEvidence) -> Vectors:
    """Fit a basis to the peaks next to the waves that it says."""
    every = half_of_orders()
    for _ in range(_ROUNDS):
        orders, waves = _slow(basis, every)
        at, power = _highest(waves, evidence, reach=2)
        weight = np.sqrt((power - _CLEAR).clip(0, _MOST))[:, None]
        if np.linalg.matrix_rank(weight * orders) < 2:
            break
        aim = weight * evidence.waves(at)
        basis = np.asarray(np.linalg.lstsq(weight * orders, aim, rcond=None)[0], np.float64)
    return np.stack([x[0] for x in reduced(basis[:1], basis[1:])])


def _weighed(basis: Vectors, evidence: WaveEvidence) -> Lattice | None:
    """Score a lattice by the marginal likelihood of its waves; None if it cannot be one.

    Their variances are what they are likeliest with (MacKay, Neural Comput. 4, 415, 1992).
    """
    if np.hypot(*basis[0]) < 1 / LONGEST:
        return None
    orders, waves = _slow(basis, half_of_orders())
    at, power = _highest(waves, evidence, reach=1)
    present = _present(orders)
    missed = np.log(1 - present)[(power < _MISSED) & (present > _BEYOND)].sum()
    at = np.unique(at[power > 1], axis=0)
    if len(at) < 2:
        return None
    both = np.concatenate([at, 2 * evidence.middle - at])
    apart = both[:, None] - both + 2 * evidence.middle
    overlap = evidence.overlap[apart[..., 0], apart[..., 1]].astype(np.complex128)
    given = evidence.values[tuple(both.T)].astype(np.complex128)
    likelihood, variance = _explained(given, overlap)
    held = 2 * variance[: len(at)] / evidence.level[tuple(at.T)]
    score = LIKELIHOOD * likelihood + float(likeness(basis[:1], basis[1:])[0]) + float(missed)
    return Lattice(score, Waves(evidence.waves(at), held))


def _explained(
    given: NDArray[np.complex128], overlap: NDArray[np.complex128]
) -> tuple[float, Vectors]:
    """Return the logarithm of how much likelier waves make their evidence, and their variances.

    Of amplitudes a of variances v, and evidence G a + noise of covariance G (the overlaps):
    a has the mean √v M⁻¹ √v z with M = 1 + √v G √v, which is never singular.
    """
    variance: Vectors = (np.abs(given) ** 2 - 1).clip(0.5, _MOST_VARIANCE)
    eye = np.eye(len(given))

    def whole(variance: Vectors) -> NDArray[np.complex128]:
        root = np.sqrt(variance)
        return eye + root[:, None] * (overlap + _RIDGE * eye) * root

    for _ in range(_LEARNED):
        root = np.sqrt(variance)
        inverse = root[:, None] * np.linalg.inv(whole(variance)) * root
        size = np.abs(inverse @ given) ** 2 + np.diag(inverse).real
        variance = size.clip(_LEAST_VARIANCE, _MOST_VARIANCE)
    root, last = np.sqrt(variance), whole(variance)
    fit = float((given.conj() @ (root * np.linalg.solve(last, root * given))).real)
    return 0.5 * (fit - float(np.linalg.slogdet(last)[1])), variance


def _slow(basis: Vectors, orders: Vectors) -> tuple[Vectors, Vectors]:
    """Return the orders and the waves of a basis up to the highest frequency, (n, 2) each."""
    waves = waves_of(basis[0], basis[1], orders)
    slow = np.hypot(*waves.T) < HIGHEST
    return orders[slow], waves[slow]


def _highest(
    waves: Vectors, evidence: WaveEvidence, reach: int
) -> tuple[Places, NDArray[np.floating]]:
    """Return the places of most evidence next to waves, (n, 2), and that evidence, (n,)."""
    steps = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1).T
    last = np.array(evidence.values.shape) - 1
    near = (evidence.places(waves)[:, None] + steps).clip(0, last)
    power = np.abs(evidence.values[near[..., 0], near[..., 1]]) ** 2
    best = power.argmax(axis=1)
    every = np.arange(len(waves))
    return near[every, best], power[every, best]


def _apart(a: Vectors, b: Vectors) -> float:
    return max(min(np.abs(x - y).max(), np.abs(x + y).max()) for x, y in zip(a, b, strict=True))
