"""Clusters of points by every method, for one number of clusters or for many at once.

Agglomerative ones by SciPy's linkage; the tree is cut by undoing its last merges, not at a
height: centroid linkage may merge at less height than before, where a cut at a height gives
another number of clusters than asked for. k-means is scikit-learn's.
"""

import warnings
from collections.abc import Sequence

import numpy as np

from stemgan.errors import InputError
from stemgan_data_prep.catalogue.explore.density_peaks import Peaks, find_peaks
from stemgan_data_prep.catalogue.explore.neighbours import checked
from stemgan_data_prep.catalogue.extras import needed

LINKAGES = ("single", "complete", "average", "centroid", "ward")
"""Agglomerative methods: they need memory for all distances."""

METHODS = (*LINKAGES, "kmeans", "density-peaks", "density-saddles")
"""All methods; the last two are the same peaks, ranked by separation or by saddles."""

NAMES = {
    **{method: f"{method} linkage" for method in LINKAGES},
    "kmeans": "k-means",
    "density-peaks": "density peaks",
    "density-saddles": "saddles of density",
}
"""Methods in sentences."""

MOST_LINKED = 20_000
"""Points above which linkages are refused: their distances, twice, take 3.2 GB."""


def cluster(points: np.ndarray, method: str, count: int, seed: int = 0) -> np.ndarray:
    """Share points out among clusters.

    Parameters
    ----------
    points : (N, F).
    method : one of METHODS.
    count : number of clusters, from 1 to N.
    seed : of k-means; the others have no chance in them.

    Returns
    -------
    Labels, (N,) int64, 0 the largest cluster.

    Raises
    ------
    InputError : an unknown method, an impossible number, or too many points for the method.

    Examples
    --------
    >>> cluster(np.array([[0.0], [0.1], [5.0]]), "ward", 2).tolist()
    [0, 0, 1]
    """
    return clusters(points, method, [count], seed)[0]


def clusters(
    points: np.ndarray,
    method: str,
    counts: Sequence[int],
    seed: int = 0,
    peaks: Peaks | None = None,
) -> np.ndarray:
    """Share points out among clusters for several numbers of clusters: one tree, cut often.

    Parameters
    ----------
    points, method, seed : see `cluster`.
    counts : numbers of clusters.
    peaks : of these points, where they are known already.

    Returns
    -------
    Labels, (counts, N) int64; in each row 0 is the largest cluster.
    """
    points = checked(points)
    if wrong := [count for count in counts if not 1 <= count <= len(points)]:
        raise InputError(f"{wrong[0]} clusters of {len(points)} pictures are impossible")
    if method in LINKAGES:
        rows = cut(tree(points, method), counts)
    elif method == "kmeans":
        rows = [_means(points, count, seed) for count in counts]
    elif method in ("density-peaks", "density-saddles"):
        by = "saddles" if method == "density-saddles" else "prominence"
        peaks = peaks or find_peaks(points)
        rows = [peaks.assign(count, by=by) for count in counts]
    else:
        raise InputError(f"clustering {method} is not known: one of {', '.join(METHODS)}")
    return np.stack([by_size(row) for row in rows])


def tree(points: np.ndarray, method: str) -> np.ndarray:
    """Merge points two by two into one.

    Returns
    -------
    SciPy's linkage matrix, (N − 1, 4), in the order of merging.

    Raises
    ------
    InputError : more than MOST_LINKED points.
    """
    from scipy.cluster.hierarchy import linkage

    check_linked(method, len(points))
    return linkage(points, method)


def check_linked(method: str, total: int) -> None:
    """Refuse more pictures than a linkage can hold all distances of."""
    if method in LINKAGES and total > MOST_LINKED:
        raise InputError(
            f"{method} linkage takes at most {MOST_LINKED:,} pictures, and these are "
            f"{total:,}: use kmeans or density-saddles, or fewer pictures"
        )


def cut(merges: np.ndarray, counts: Sequence[int]) -> list[np.ndarray]:
    """Cut a tree into each number of clusters by undoing its last merges.

    Parameters
    ----------
    merges : SciPy's linkage matrix, (N − 1, 4).
    counts : numbers of clusters, from 1 to N.

    Returns
    -------
    Labels, (N,) int64, one array a count.
    """
    total = len(merges) + 1
    pairs = merges[:, :2].astype(np.int64)
    found = []
    for count in counts:
        belongs = np.arange(2 * total - 1)
        for row in range(total - count - 1, -1, -1):
            belongs[pairs[row]] = belongs[total + row]
        found.append(np.unique(belongs[:total], return_inverse=True)[1])
    return found


def by_size(labels: np.ndarray) -> np.ndarray:
    """Renumber clusters by size, the largest 0; of equals, the first; −1 stays.

    Examples
    --------
    >>> by_size(np.array([5, 2, 2, -1])).tolist()
    [1, 0, 0, -1]
    """
    names, first, inverse, sizes = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    order = [i for i in np.lexsort((first, -sizes)) if names[i] >= 0]
    numbers = np.full(len(names), -1, dtype=np.int64)
    numbers[order] = np.arange(len(order))
    return numbers[inverse]


def _means(points: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Cluster by k-means, the best of ten starts."""
    sklearn = needed("sklearn.cluster")
    with warnings.catch_warnings():
        # Fewer distinct points than clusters: some clusters stay empty, which the labels show.
        warnings.simplefilter("ignore", needed("sklearn.exceptions").ConvergenceWarning)
        return sklearn.KMeans(count, n_init=10, random_state=seed).fit(points).labels_
