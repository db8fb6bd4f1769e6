"""Which clusters to show of all that were found: by silhouette, never by labels."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan_data_prep.catalogue.explore.selection import silhouettes

_COMPARED = 1_000
"""Pictures by which silhouettes are told of many: they need all distances, for each number."""
_EVEN = 0.25
"""Of K clusters, as evenly filled as E equal ones, (E − 1) / (K − 1) is at least this; with
less they are one heap and some outliers, whose silhouette is high and says nothing."""

Found = Mapping[str, NDArray[np.int64]]
Scores = Mapping[str, NDArray[np.float64]]


def scored(points: NDArray[np.float64], found: Found, seed: int = 0) -> dict[str, np.ndarray]:
    """Return the mean silhouette of each method's clusters, (counts,).

    Parameters
    ----------
    points : (N, D).
    found : clusters by method, (counts, N).
    seed : of which pictures are compared where there are many.
    """
    some = np.random.default_rng(seed).permutation(len(points))[:_COMPARED]
    return {method: silhouettes(points[some], rows[:, some]) for method, rows in found.items()}


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
    found: Found, scores: Scores, counts: Sequence[int], pick: tuple[str, int] = ("", 0)
) -> tuple[str, int]:
    """Say which method and number of clusters to show.

    Parameters
    ----------
    found, scores : clusters and their silhouettes by method.
    counts : numbers of clusters.
    pick : what is given already; "" and 0 are decided here: the best silhouette of clusters
        that are not one heap and some outliers (of all, if there are only such).

    Raises
    ------
    InputError : the method is none of those found.
    """
    method, count = pick
    if method and method not in found:
        raise InputError(f"clusters of {method} are asked for, which is not in --methods")
    candidates = [
        (name, i)
        for name in ([method] if method else found)
        for i, number in enumerate(counts)
        if not count or number == count
    ]
    even = [
        (name, i)
        for name, i in candidates
        if effective(found[name][i]) - 1 >= _EVEN * (counts[i] - 1)
    ]
    score = {one: np.nan_to_num(scores[one[0]][one[1]], nan=-2.0) for one in candidates}
    best, at = max(even or candidates, key=lambda one: score[one])
    return best, counts[at]
