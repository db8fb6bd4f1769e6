"""Fitting a calibration: conformal quantiles over groups, which count the same."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.calibration.counts import CENTRES, EDGES, ErrorCounts
from stemgan.calibration.table import LEVELS, TRUTHS, Calibration, Table
from stemgan.errors import InputError

Array = NDArray[np.float64]

FEWEST_GROUPS = 4
"""Fewer groups say nothing about another one."""

_NEIGHBOUR = 0.25
"""How much of a neighbouring bin counts along each axis."""

_WIDENINGS = np.linspace(1.0, 2.0, 101)
_ROUNDING = 1e-9
_NORMAL = 2 * 1.6449  # deviations between its 5 and 95 % quantiles


def fit_calibration(
    counts: ErrorCounts, kinds: Mapping[str, str], about: dict[str, Any] | None = None
) -> Calibration:
    """Turn counts of errors into factors.

    In each bin of coverage and distance, with some of what its neighbours hold, every kind of
    image counts the same, and among them every group, whatever it has of pixels. A group that
    is left out lies beyond the quantiles of the others more often than one that took part, and
    kinds differ (simulated images are easier to be sure of). So the quantiles are widened about
    the median until the groups of every kind, each left out in its turn, lie between them at
    least as often as the quantiles say. The deviation is that of the normal distribution whose
    5 and 95 % quantiles lie as far apart.

    Parameters
    ----------
    counts : of held-out images.
    kinds : of images, for each group: simulated, real.
    about : see `Calibration`.

    Raises
    ------
    InputError : fewer than 4 groups.
    """
    if len(counts.groups) < FEWEST_GROUPS:
        raise InputError(
            f"a calibration needs images of {FEWEST_GROUPS} groups or more, not of "
            f"{len(counts.groups)}: give more datasets"
        )
    names = list(counts.groups)
    of = np.array([kinds[name] for name in names])
    tables = {
        truth: _table(np.stack([counts.groups[name][truth] for name in names]), of)
        for truth in TRUTHS
    }
    return Calibration(tables, about or {})


def _table(counts: Array, of: NDArray[np.str_]) -> Table:
    """Fit one truth; counts (groups, coverages, distances, bins), kind of each group."""
    members = [of == kind for kind in np.unique(of)]
    weight = np.sum([own / own.sum() for own in members], axis=0)
    shares = _per_group(counts) * weight[:, None, None, None]
    quantiles = _quantiles(shares.sum(0))
    factor = _widening(counts, shares, members)
    middle = quantiles[1]
    quantiles = np.stack([middle + factor * (each - middle) for each in quantiles])
    # Not the root mean square, which a few wild pixels of one image would decide.
    return Table((quantiles[-1] - quantiles[0]) / _NORMAL, quantiles)


def _per_group(counts: Array) -> Array:
    """Give each group a distribution of mass 1 in each bin, or 0 where it has no pixel."""
    wide = _shared(_shared(counts, 1), 2)
    mass = wide.sum(-1, keepdims=True)
    return np.divide(wide, mass, out=np.zeros_like(wide), where=mass > 0)


def _shared(counts: Array, axis: int) -> Array:
    """Add a share of the neighbours along an axis; measured pixels have no neighbours."""
    moved = np.moveaxis(counts, axis, 0)
    first = 1 if axis == 2 else 0
    found = moved.copy()
    found[first + 1 :] += _NEIGHBOUR * moved[first:-1]
    found[first:-1] += _NEIGHBOUR * moved[first + 1 :]
    return np.moveaxis(found, 0, axis)


def _quantiles(shares: Array) -> Array:
    """Return the quantiles of distributions (coverages, distances, bins), (3, c, d)."""
    below = np.cumsum(_filled(shares), axis=-1)
    below /= below[..., -1:]
    found = np.empty((len(LEVELS), *shares.shape[:2]))
    for k, level in enumerate(LEVELS):
        for at in np.ndindex(*shares.shape[:2]):
            i = min(int(np.searchsorted(below[at], level)), len(CENTRES) - 1)
            before = below[at][i - 1] if i else 0.0
            within = (level - before) / max(below[at][i] - before, 1e-300)
            found[(k, *at)] = EDGES[i] + min(max(within, 0.0), 1.0) * (EDGES[i + 1] - EDGES[i])
    return found


def _filled(shares: Array) -> Array:
    """Take the nearest distance, then the nearest coverage, for a bin that has no pixel."""
    found = shares.copy()
    for axis in (1, 0):
        moved = np.moveaxis(found, axis, 0)
        there = np.flatnonzero(moved.reshape(len(moved), -1).any(1))
        for index in np.ndindex(moved.shape[:2]):
            if not moved[index].any():
                filled = [i for i in there if moved[i, index[1]].any()]
                if filled:
                    moved[index] = moved[min(filled, key=lambda i: abs(i - index[0])), index[1]]
    return found


def _widening(counts: Array, shares: Array, members: list[NDArray[np.bool_]]) -> float:
    """Find the factor by which groups that are left out are covered, in every kind."""
    total = shares.sum(0)
    inside = np.zeros((len(counts), len(_WIDENINGS)))
    for own, share, row in zip(counts, shares, inside, strict=True):
        others = total - share
        low, middle, high = _quantiles(np.where(others > _ROUNDING * total, others, 0))
        mass = np.cumsum(own, axis=-1)
        for k, factor in enumerate(_WIDENINGS):
            ends = (middle + factor * (edge - middle) for edge in (low, high))
            below, above = (_mass_below(mass, end) for end in ends)
            row[k] = (above - below).sum() / mass[..., -1].sum()
    least = np.min([inside[own].mean(0) for own in members], axis=0)
    enough = np.flatnonzero(least >= LEVELS[-1] - LEVELS[0])
    return float(_WIDENINGS[enough[0]] if len(enough) else _WIDENINGS[-1])


def _mass_below(cumulated: Array, values: Array) -> Array:
    found = np.clip(np.searchsorted(EDGES, values) - 1, 0, len(CENTRES) - 1)
    return np.take_along_axis(cumulated, found[..., None], axis=-1)[..., 0]
