"""Slow or foreign twins of the clustering: the textbook's density peaks, NMI by its formula."""

import numpy as np
from known import CLUSTERED
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from stemgan_data_prep.catalogue.explore.clustering import by_size, clusters
from stemgan_data_prep.catalogue.explore.density_peaks import find_peaks
from stemgan_data_prep.catalogue.explore.scoring import nmi

COUNTS = (2, 5, 8, 20, 100)


def textbook_peaks(
    points: NDArray[np.float64], count: int, neighbours: int
) -> NDArray[np.int64]:
    """Cluster by density peaks from the matrix of all distances, point by point."""
    distances = cdist(points, points)
    density = 1 / np.sort(distances, axis=1)[:, neighbours]
    order = np.argsort(-density, kind="stable")
    separation, denser = np.zeros(len(points)), np.zeros(len(points), dtype=np.int64)
    separation[order[0]] = distances[order[0]].max()
    for place, i in enumerate(order[1:], start=1):
        denser[i] = order[:place][distances[i, order[:place]].argmin()]
        separation[i] = distances[i, denser[i]]
    prominence = density * separation
    prominence[order[0]] = np.inf
    labels = np.full(len(points), -1)
    labels[np.argsort(-prominence, kind="stable")[:count]] = np.arange(count)
    for i in order:
        labels[i] = labels[denser[i]] if labels[i] < 0 else labels[i]
    return labels


def plain_nmi(labels: NDArray[np.int64], found: NDArray[np.int64]) -> float:
    """Return 2 I / (H + H) of two labellings, from their table of counts."""
    counts = np.zeros((labels.max() + 1, found.max() + 1))
    np.add.at(counts, (labels, found), 1)
    joint = counts / counts.sum()
    rows, columns = joint.sum(axis=1), joint.sum(axis=0)
    filled = joint > 0
    shared = (joint[filled] * np.log(joint[filled] / np.outer(rows, columns)[filled])).sum()
    entropy = [-(p[p > 0] * np.log(p[p > 0])).sum() for p in (rows, columns)]
    return float(2 * shared / sum(entropy))


def largest_differences(seeds: int) -> list[list[object]]:
    """Compare on all known clusters, for several numbers of clusters and all seeds."""
    worst: dict[tuple[str, str], float] = {}

    def note(ours: str, other: str, value: float) -> None:
        worst[ours, other] = max(value, worst.get((ours, other), 0.0))

    for make in CLUSTERED.values():
        for seed in range(seeds):
            points, labels = make(np.random.default_rng(seed))
            for method in ("single", "complete", "average", "ward"):
                for count, row in zip(COUNTS, clusters(points, method, COUNTS), strict=True):
                    other = AgglomerativeClustering(count, linkage=method).fit_predict(points)
                    note(f"{method} tree", "scikit-learn, 1 − ARI",
                         1 - adjusted_rand_score(row, other))  # fmt: skip
                    note("NMI", "2 I / (H + H)", abs(nmi(labels, row) - plain_nmi(labels, row)))
            peaks = find_peaks(points, 20)
            for count in COUNTS:
                same = by_size(peaks.assign(count)) == by_size(
                    textbook_peaks(points, count, 20)
                )
                note("density peaks", "textbook, share of points elsewhere", 1 - same.mean())
    return [[*names, value] for names, value in worst.items()]
