"""From features to structure: dimension → fewer dimensions → clusters → scores → a map."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from stemgan_data_prep.catalogue.explore.autoencoder import Encoded, fit
from stemgan_data_prep.catalogue.explore.clustering import clusters
from stemgan_data_prep.catalogue.explore.density_peaks import Peaks, find_peaks
from stemgan_data_prep.catalogue.explore.dimension import (
    Block,
    Dimension,
    block_analysis,
    two_nn,
)
from stemgan_data_prep.catalogue.explore.embedding import embed
from stemgan_data_prep.catalogue.explore.features import Watch, unwatched
from stemgan_data_prep.catalogue.explore.neighbours import checked, distinct, nearest
from stemgan_data_prep.catalogue.explore.scoring import Curves, curves
from stemgan_data_prep.catalogue.explore.selection import (
    chosen_clusters,
    criteria,
    likeliest,
    silhouettes,
)
from stemgan_data_prep.catalogue.explore.settings import Settings, fitting

T = TypeVar("T")

_ALIKE = 8
"""Pictures named as most alike to each."""


@dataclass(frozen=True, eq=False)
class Structure:
    """What was found.

    Attributes
    ----------
    dimension, blocks : of the features, by 2-NN, and its block analysis.
    encoded : the autoencoder's result; None where the features were taken as they are.
    points : what was clustered, (N, D).
    copies : how many pictures are the same as another.
    counts : numbers of clusters that were tried.
    found : clusters of each method, (counts, N) from 0.
    silhouettes : of each method, (counts,).
    criteria : of mixtures, by the number of clusters; the least says how many there are.
    curves : NMI against labels; None without labels.
    peaks : the decision graph.
    method, count, clusters : those that were picked, (N,) from 0, the largest.
    places : on the map, (N, 2) from 0 to 1.
    alike : the most alike pictures of each, (N, K) indices, best first.
    """

    dimension: Dimension
    blocks: list[Block]
    encoded: Encoded | None
    points: NDArray[np.float64]
    copies: int
    counts: tuple[int, ...]
    found: dict[str, NDArray[np.int64]]
    silhouettes: dict[str, NDArray[np.float64]]
    criteria: dict[int, float]
    curves: Curves | None
    peaks: Peaks
    method: str
    count: int
    clusters: NDArray[np.int64] = field(repr=False)
    places: NDArray[np.float64] = field(repr=False)
    alike: NDArray[np.int64] = field(repr=False)

    @property
    def nmi(self) -> float | None:
        """Return the NMI of the picked clusters and the labels, where there are labels."""
        if self.curves is None:
            return None
        return float(self.curves.methods[self.method][self.counts.index(self.count)])


def explore(
    features: NDArray[np.floating],
    labels: Sequence[str] | None,
    settings: Settings,
    watch: Watch = unwatched,
) -> Structure:
    """Find structure.

    Parameters
    ----------
    features : (N, F), N ≥ `settings.FEWEST`.
    labels : (N,), "" where there is none; None, or fewer than two different: nothing is scored
        against them.
    settings : see `Settings`.
    watch : see `features.Watch`.

    Raises
    ------
    InputError : too few pictures, or what is asked for is impossible.
    """
    total = len(features)
    settings = fitting(settings, total)
    counts = settings.counts
    single = _shown(watch, "copies", lambda: distinct(checked(features)))
    dimension = _shown(watch, "dimension", lambda: two_nn(features, single=single))
    blocks = _shown(
        watch,
        "dimension of parts",
        lambda: block_analysis(features, seed=settings.seed, single=single, whole=dimension),
    )
    encoded = None
    points = np.asarray(features, dtype=np.float64)
    if 0 < settings.dims < features.shape[1]:
        encoded = fit(features, settings.dims, settings.seed, watch=watch)
        points = encoded.points.astype(np.float64)
    peaks = _shown(watch, "density peaks", lambda: find_peaks(points))
    found = {
        method: clusters(points, method, counts, settings.seed, peaks)
        for method in watch(settings.methods, "clustering", len(settings.methods))
    }
    scores = silhouettes(points, found, settings.seed)
    numbers = _shown(
        watch,
        "number of clusters",
        lambda: criteria(points, counts, settings.seed, single),
    )
    method, count = chosen_clusters(found, scores, counts, settings.pick, likeliest(numbers))
    alike = nearest(points, min(_ALIKE, total - 1))[1]
    places = _shown(watch, "map", lambda: embed(points, settings.plane, settings.seed))
    return Structure(
        dimension,
        blocks,
        encoded,
        points,
        total - len(single),
        counts,
        found,
        scores,
        numbers,
        curves(found, labels, counts) if labels is not None and _differ(labels) else None,
        peaks,
        method,
        count,
        found[method][counts.index(count)],
        places,
        alike,
    )


def _shown(watch: Watch, doing: str, work: Callable[[], T]) -> T:
    """Do one thing, shown as one step."""
    (found,) = [work() for _ in watch((0,), doing, 1)]
    return found


def _differ(labels: Sequence[str]) -> bool:
    """Tell whether there are two different labels at least."""
    return len({label for label in labels if label}) > 1
