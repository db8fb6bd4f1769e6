"""Which clusters to show of all that were found, and how many there are: labels have no say.

The number is that of the mixture of Gaussians with the least Bayesian information criterion
(Schwarz, Ann Stat 6, 461 (1978); Fraley & Raftery, Comput J 41, 578 (1998)), and the method
then the one whose clusters have the best silhouette (Rousseeuw, J Comput Appl Math 20, 53
(1987)). Why not the best silhouette of any number: it favours two halves, and finds 6 to 15
clusters in one heap of points, where a mixture says *one*; of labelled synthetic micrographs
that had no part in that decision, the clusters that a mixture chose shared more with the labels
(adjusted mutual information 0.27 against 0.19, and 0.20 against 0.15; the true number gave 0.27
and 0.21). Peaks of density alone find no clusters there, since no gap parts them. What a
mixture gets wrong: one long or bent heap is several Gaussians to it. The command
`benchmarks/catalogue/structure.py --only number` prints all three on known points.
"""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from stemgan_data_prep.catalogue.explore.neighbours import checked, distinct
from stemgan_data_prep.catalogue.extras import needed

_COMPARED = 1_000
"""Pictures by which numbers and silhouettes are told of many: silhouettes need all distances,
and of ever more pictures a mixture follows ever finer details."""
_DIRECTIONS = 10
"""Main directions of the points that a mixture is fitted to, at most."""
_FEWEST = 5
"""Pictures for each Gaussian of a mixture, on average, at least."""
_EVEN = 0.25
"""Of K clusters, as evenly filled as E equal ones, (E − 1) / (K − 1) is at least this; with
less they are one heap and some outliers, whose silhouette is high and says nothing."""

Found = Mapping[str, NDArray[np.int64]]
Scores = Mapping[str, NDArray[np.float64]]


def criteria(
    points: NDArray[np.floating],
    counts: Sequence[int],
    seed: int = 0,
    single: NDArray[np.int64] | None = None,
) -> dict[int, float]:
    """Return the Bayesian information criterion of mixtures, by the number of Gaussians.

    Gaussians along the main directions of the points, of any widths. Pictures given more than
    once count once, and of many a sample stands for all.

    Parameters
    ----------
    points : (N, D).
    counts : numbers of clusters; 1 is tried too, and none of more than a fifth of the points.
    seed : of the sample and of the mixtures' starts.
    single : indices of the distinct points, where they are known already.
    """
    points = checked(points)
    points = points[distinct(points) if single is None else single]
    points = points[np.random.default_rng(seed).permutation(len(points))[:_COMPARED]]
    points = checked(points, 1)
    if len(points) < 2 * _FEWEST:
        return {1: 0.0}
    directions = np.linalg.svd(points, full_matrices=False)[2][:_DIRECTIONS]
    turned = np.asarray(points @ directions.T, dtype=np.float64)
    most = len(turned) // _FEWEST
    tried = sorted(count for count in {1, *counts} if count <= most)
    return {count: _criterion(turned, count, seed) for count in tried}


def _criterion(points: NDArray[np.float64], count: int, seed: int) -> float:
    """Fit a mixture, the best of three starts, and return its criterion.

    A thousandth of the points' variance is added to that of each Gaussian: none shrinks to one
    point.
    """
    spread = float(points.var(axis=0).mean())
    mixture = needed("sklearn.mixture").GaussianMixture(
        count,
        covariance_type="diag",
        n_init=3,
        random_state=seed,
        reg_covar=1e-3 * spread or 1e-6,
    )
    with warnings.catch_warnings():
        # A mixture that still moves a little has a criterion all the same.
        warnings.simplefilter("ignore", needed("sklearn.exceptions").ConvergenceWarning)
        return float(mixture.fit(points).bic(points))


def likeliest(scores: Mapping[int, float]) -> int:
    """Return the number of clusters with the least criterion; of equals, the smallest."""
    return min(scores, key=lambda count: (scores[count], count))


def silhouettes(
    points: NDArray[np.floating], found: Found, seed: int = 0
) -> dict[str, NDArray]:
    """Score clusters by how much nearer points are to their own than to the next.

    Parameters
    ----------
    points : (N, D).
    found : clusters by method, (counts, N) int.
    seed : of the sample that stands for many points.

    Returns
    -------
    Mean silhouettes from −1 to 1 by method, (counts,); NaN of a single cluster, or of clusters
    of one point each.
    """
    chosen = np.random.default_rng(seed).permutation(len(points))[:_COMPARED]
    sample = checked(points)[chosen]
    return {
        method: np.array([_silhouette(sample, row[chosen]) for row in rows], dtype=float)
        for method, rows in found.items()
    }


def _silhouette(points: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    if not 1 < len(np.unique(labels)) < len(labels):
        return float("nan")
    return float(needed("sklearn.metrics").silhouette_score(points, labels))


def effective(labels: NDArray[np.int64]) -> float:
    """Return how many clusters of equal size would be as evenly filled: exp of the entropy.

    Examples
    --------
    >>> effective(np.array([0, 0, 1, 1]))
    2.0
    """
    shares = np.bincount(labels[labels >= 0]) / max(1, (labels >= 0).sum())
    shares = shares[shares > 0]
    return float(np.exp(-(shares * np.log(shares)).sum()))


def chosen_clusters(
    found: Found,
    scores: Scores,
    counts: Sequence[int],
    pick: tuple[str, int] = ("", 0),
    likely: int = 1,
) -> tuple[str, int]:
    """Say which method and number of clusters to show.

    Parameters
    ----------
    found, scores : clusters and their silhouettes by method.
    counts : numbers of clusters, increasing.
    pick : what is given already, "" and 0 for what is decided here.
    likely : how many clusters there are: the nearest of `counts` is taken; the method is the
        one of the best silhouette whose clusters are not one heap and some outliers (of all
        methods, if there are only such).
    """
    method, count = pick
    count = count or min(counts, key=lambda number: abs(number - likely))
    at = counts.index(count)
    names = [method] if method else list(found)
    even = [n for n in names if effective(found[n][at]) - 1 >= _EVEN * (count - 1)]
    best = max(even or names, key=lambda n: np.nan_to_num(scores[n][at], nan=-2.0))
    return best, count
