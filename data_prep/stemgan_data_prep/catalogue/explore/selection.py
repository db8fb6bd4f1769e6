"""A number of clusters without labels: by silhouette, or by the peaks of density."""

from collections.abc import Sequence

import numpy as np

from stemgan_data_prep.catalogue.explore.clustering import clusters
from stemgan_data_prep.catalogue.explore.density_peaks import find_peaks
from stemgan_data_prep.catalogue.explore.neighbours import checked
from stemgan_data_prep.catalogue.extras import needed

MOST_COMPARED = 5_000
"""Points above which the silhouette is that of a sample: it needs all distances."""


def silhouettes(points: np.ndarray, found: np.ndarray, seed: int = 0) -> np.ndarray:
    """Score clusterings by how much nearer points are to their own cluster than to the next.

    Mean silhouette (Rousseeuw, J Comput Appl Math 20, 53 (1987)), from −1 to 1.

    Parameters
    ----------
    points : (N, F).
    found : clusters, (counts, N) int.
    seed : of the sample that stands for more than MOST_COMPARED points.

    Returns
    -------
    (counts,); NaN of a single cluster, or of clusters of one point each.
    """
    points = checked(points)
    chosen = np.random.default_rng(seed).permutation(len(points))[:MOST_COMPARED]
    score = needed("sklearn.metrics").silhouette_score
    sample = points[chosen]
    scores = [
        score(sample, row) if 1 < len(np.unique(row)) < len(row) else np.nan
        for row in np.asarray(found)[:, chosen]
    ]
    return np.array(scores, dtype=float)


def suggested_count(
    points: np.ndarray, method: str, counts: Sequence[int], seed: int = 0
) -> int:
    """Say how many clusters points fall into.

    Density peaks: how many are more than chance. Every other method: the number of `counts`
    with the best silhouette; the first where none has one.

    Parameters
    ----------
    points, method, seed : see `clustering.cluster`.
    counts : numbers of clusters to choose from, the largest also for density peaks.
    """
    if method in ("density-peaks", "density-saddles"):
        return find_peaks(points).suggested(max(counts))
    scores = silhouettes(points, clusters(points, method, counts, seed), seed)
    return counts[int(np.nan_to_num(scores, nan=-np.inf).argmax())]
