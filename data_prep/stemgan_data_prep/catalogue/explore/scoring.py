"""How well clusters agree with labels, for any number of clusters.

Normalised mutual information NMI = 2 I(L; C) / (H(L) + H(C)) of labels L and clusters C: 1
where they are the same, near 0 where they have nothing to do with each other. It depends on
the number of clusters: more clusters than labels cost, and small random clusters tell of
labels by chance. A curve over that number is therefore read between two reference scenarios,
as in Aversa et al., Data Intelligence 2, 513 (2020), which names them *good* and *uniform*.
Ours are built so:

- uniform: pictures are dealt out at random to clusters of equal size, whatever their label.
  This is what chance gives.
- good: with K clusters of K' labels, the largest cluster is halved at random until there are K
  (K > K'), or the two smallest clusters are joined until there are (K < K'). Then a share 1 −
  purity of all pictures, drawn at random, change places among themselves. With purity 1 this
  is about the best that K clusters can do; our 0.8 asks that four of five pictures be with
  their like.

Pictures without a label do not count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stemgan.errors import InputError
from stemgan_data_prep.catalogue.extras import needed

PURITY = 0.8
"""Share of pictures that keep their place in the good scenario."""


@dataclass(frozen=True)
class Curves:
    """NMI against the number of clusters.

    Attributes
    ----------
    counts : numbers of clusters, (K,).
    methods : NMI of each method, (K,) each.
    good, uniform : NMI of the reference scenarios, means over draws, (K,).
    """

    counts: tuple[int, ...]
    methods: Mapping[str, np.ndarray]
    good: np.ndarray
    uniform: np.ndarray

    def rows(self) -> list[dict[str, float | int | str]]:
        """List method (or scenario), clusters and nmi: the table of the curves."""
        every = {**self.methods, "good": self.good, "uniform": self.uniform}
        return [
            {"method": name, "clusters": count, "nmi": float(value)}
            for name, values in every.items()
            for count, value in zip(self.counts, values, strict=True)
        ]


def nmi(labels: Sequence[str] | np.ndarray, found: np.ndarray) -> float:
    """Compare clusters with labels; pictures of label "" or cluster −1 (halo) do not count.

    Parameters
    ----------
    labels : (N,) words or numbers.
    found : cluster of each picture, (N,) int.

    Raises
    ------
    InputError : the lengths differ, or no picture has both a label and a cluster.

    Examples
    --------
    >>> nmi(["a", "a", "b", ""], np.array([1, 1, 0, 0]))
    1.0
    """
    if len(labels) != len(found):
        raise InputError(f"{len(labels)} labels and {len(found)} pictures differ")
    names = np.asarray(labels)
    kept = np.asarray(found) >= 0
    if names.dtype.kind in "UOT":
        kept &= names != ""
    if not kept.any():
        raise InputError("no picture has a label to compare its cluster with")
    score = needed("sklearn.metrics").normalized_mutual_info_score
    return float(score(names[kept], np.asarray(found)[kept]))


def uniform_scenario(
    labels: Sequence[str] | np.ndarray, count: int, seed: int = 0
) -> np.ndarray:
    """Deal pictures out at random to clusters of equal size: (N,) int64 from 0 to count − 1."""
    return np.random.default_rng([seed, count]).permutation(len(labels)) % count


def good_scenario(
    labels: Sequence[str] | np.ndarray, count: int, purity: float = PURITY, seed: int = 0
) -> np.ndarray:
    """Make clusters that follow the labels but for a share of the pictures.

    Parameters
    ----------
    labels : (N,).
    count : number of clusters, from 1 to N.
    purity : share of the pictures that keep their place.
    seed : of what is halved and of what is displaced.

    Returns
    -------
    Clusters, (N,) int64, from 0 to count − 1.

    Examples
    --------
    >>> good_scenario(["a", "a", "b", "b"], 2, purity=1.0).tolist()
    [0, 0, 1, 1]
    """
    if not 1 <= count <= len(labels):
        raise InputError(f"{count} clusters of {len(labels)} pictures are impossible")
    draws = np.random.default_rng([seed, count])
    names = np.unique(np.asarray(labels), return_inverse=True)[1]
    parts = [draws.permutation(np.flatnonzero(names == i)) for i in range(names.max() + 1)]
    while len(parts) < count:
        largest = parts.pop(max(range(len(parts)), key=lambda i: len(parts[i])))
        parts += np.array_split(largest, 2)
    while len(parts) > count:
        parts.sort(key=len, reverse=True)
        parts[-2:] = [np.concatenate(parts[-2:])]
    found = np.empty(len(names), dtype=np.int64)
    for i, part in enumerate(parts):
        found[part] = i
    moved = draws.permutation(len(names))[: round((1 - purity) * len(names))]
    found[moved] = found[draws.permutation(moved)]
    return found


def reference_curves(
    labels: Sequence[str] | np.ndarray,
    counts: Sequence[int],
    purity: float = PURITY,
    draws: int = 5,
) -> tuple[np.ndarray, np.ndarray]:
    """Score both scenarios for each number of clusters: good and uniform, (K,) each.

    Parameters
    ----------
    labels : (N,); pictures of label "" are left out.
    counts : numbers of clusters.
    purity : see `good_scenario`.
    draws : how many draws of each are averaged.
    """
    names = np.asarray([label for label in labels if label != ""])
    if not len(names):
        raise InputError("no picture has a label to build the reference scenarios of")
    capped = [min(count, len(names)) for count in counts]
    good = [
        [nmi(names, good_scenario(names, count, purity, seed)) for seed in range(draws)]
        for count in capped
    ]
    uniform = [
        [nmi(names, uniform_scenario(names, count, seed)) for seed in range(draws)]
        for count in capped
    ]
    return np.mean(good, axis=1), np.mean(uniform, axis=1)


def curves(
    found: Mapping[str, np.ndarray],
    labels: Sequence[str] | np.ndarray,
    counts: Sequence[int],
    purity: float = PURITY,
) -> Curves:
    """Score the clusters of each method against labels, with both reference scenarios.

    Parameters
    ----------
    found : what `clustering.clusters` gives for each method, (counts, N).
    labels : (N,), "" where there is none: such points do not count.
    counts : numbers of clusters.
    purity : of the good scenario.
    """
    scores = {
        method: np.array([nmi(labels, row) for row in rows]) for method, rows in found.items()
    }
    return Curves(tuple(counts), scores, *reference_curves(labels, counts, purity))
