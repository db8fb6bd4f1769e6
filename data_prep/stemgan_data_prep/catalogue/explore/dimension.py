"""Intrinsic dimension of features from the distances to the two nearest neighbours (2-NN).

Of points of locally constant density on a manifold of dimension d, the ratio μ = r₂ / r₁ ≥ 1
of the distances to the second and the first neighbour has the distribution F(μ) = 1 − μ^(−d),
whatever the density (Facco, d'Errico, Rodriguez & Laio, Sci Rep 7, 12140 (2017), eq. 5). Thus
d is the slope through the origin of −log(1 − F) over log μ, the largest ratios left out (their
fit), or (N − 1) / Σ log μ (the unbiased maximum likelihood; error d / √N).

Noise and curvature change with the scale at which one looks: the estimate on random parts of
n, n/2, n/4 … points (the paper's block analysis) shows at which the dimension is that of the
manifold, where it stays the same over a range of sizes. Two things bias it where points are
few for the dimension: sharp edges of the density (too low: 8.8 for 10 of 5,000 points in a
cube) and curvature within the distance of neighbours (too high: 11.7 on the flat torus of 10
circles).
"""

from dataclasses import dataclass

import numpy as np

from stemgan.errors import InputError
from stemgan_data_prep.catalogue.explore.neighbours import checked, distinct, nearest

_LEAST = 20
"""Points below which neither estimate means anything."""


@dataclass(frozen=True)
class Dimension:
    """Intrinsic dimension of one set of points.

    Attributes
    ----------
    fit : slope of the linear fit, the largest ratios left out.
    likelihood, likelihood_error : maximum likelihood over all ratios, its standard error.
    points : distinct points used.
    logs, levels : log μ and −log(1 − F), (points,), increasing: what the line is fitted to.
    kept : how many of them, from the first, the fit used.
    distance : mean distance to the second neighbour: the scale looked at.
    """

    fit: float
    likelihood: float
    likelihood_error: float
    points: int
    logs: np.ndarray
    levels: np.ndarray
    kept: int
    distance: float


@dataclass(frozen=True)
class Block:
    """Estimates on parts of one size: means over the parts, and their standard errors.

    Attributes
    ----------
    points : points of a part.
    parts : how many disjoint parts were used.
    fit, fit_error, likelihood, likelihood_error : means and standard errors, by the spread
        over parts, and no less than that of the maximum likelihood, d / √(points × parts): of
        two parts, which may agree by chance, the spread says little.
    distance : mean distance to the second neighbour.
    """

    points: int
    parts: int
    fit: float
    fit_error: float
    likelihood: float
    likelihood_error: float
    distance: float


def two_nn(
    features: np.ndarray, discarded: float = 0.1, single: np.ndarray | None = None
) -> Dimension:
    """Estimate the intrinsic dimension of points.

    Points given twice are counted once: their ratio does not exist.

    Parameters
    ----------
    features : (N, F), N ≥ 20 distinct ones.
    discarded : share of the largest ratios that the fit leaves out, as published 0.1.
    single : indices of the distinct points, where they are known already (`distinct`).

    Raises
    ------
    InputError : fewer than 20 distinct points, values that are not finite, or a grid.

    Examples
    --------
    >>> points = np.random.default_rng(0).random((2000, 2)) @ np.ones((2, 9))
    >>> round(two_nn(points).fit)
    1
    """
    return _of_distinct(_distinct_of(features, single), discarded)


def _distinct_of(features: np.ndarray, single: np.ndarray | None) -> np.ndarray:
    points = checked(features, _LEAST)
    return points[distinct(points) if single is None else single]


def _of_distinct(points: np.ndarray, discarded: float) -> Dimension:
    """Estimate the dimension of points of which no two are the same."""
    checked(points, _LEAST)
    distances, _ = nearest(points, 2)
    distances = distances[distances[:, 0] > 0]
    logs = np.sort(np.log(distances[:, 1] / distances[:, 0]))
    total = len(logs)
    if total < _LEAST or not logs.any():
        raise InputError(
            "the two nearest neighbours of every picture are equally far: no dimension follows"
        )
    # F of the i-th ratio is i / (N + 1) and not i / N, so that the last one is finite.
    levels = -np.log1p(-np.arange(1, total + 1) / (total + 1))
    kept = max(2, round(total * (1 - discarded)))
    slope = float(logs[:kept] @ levels[:kept] / (logs[:kept] @ logs[:kept]))
    likelihood = float((total - 1) / logs.sum())
    return Dimension(
        slope,
        likelihood,
        likelihood / total**0.5,
        total,
        logs,
        levels,
        kept,
        float(distances[:, 1].mean()),
    )


def block_analysis(
    features: np.ndarray,
    discarded: float = 0.1,
    smallest: int = 50,
    parts: int = 20,
    seed: int = 0,
    single: np.ndarray | None = None,
    whole: Dimension | None = None,
) -> list[Block]:
    """Estimate the dimension on random disjoint parts of N, N/2, N/4 … points.

    Parameters
    ----------
    features : (N, F).
    discarded : see `two_nn`.
    smallest : points of the smallest parts, at least 20 (all points where they are fewer).
    parts : most parts of one size that are looked at.
    seed : of the order in which the points are dealt out.
    single, whole : the distinct points and the estimate of them all (`two_nn`), where they are
        known already.

    Returns
    -------
    One row a size, the whole first.
    """
    points = _distinct_of(features, single)
    points = points[np.random.default_rng(seed).permutation(len(points))]
    rows, divisor = [], 1
    while divisor == 1 or len(points) // divisor >= max(smallest, _LEAST):
        size = len(points) // divisor
        starts = range(0, min(divisor, parts) * size, size)
        known = whole if divisor == 1 else None
        rows.append(
            _block([known or _of_distinct(points[i : i + size], discarded) for i in starts])
        )
        divisor *= 2
    return rows


def _block(found: list[Dimension]) -> Block:
    """Average the estimates on parts of one size."""
    fits = np.array([one.fit for one in found])
    likelihoods = np.array([one.likelihood for one in found])
    expected = float(likelihoods.mean()) / (found[0].points * len(found)) ** 0.5
    errors = [expected] * 2
    if len(found) > 1:
        spread = [x.std(ddof=1) / len(found) ** 0.5 for x in (fits, likelihoods)]
        errors = [max(expected, one) for one in spread]
    return Block(
        found[0].points,
        len(found),
        float(fits.mean()),
        float(errors[0]),
        float(likelihoods.mean()),
        float(errors[1]),
        float(np.mean([one.distance for one in found])),
    )
