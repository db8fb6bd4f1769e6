"""Clustering by density peaks (Rodriguez & Laio, Science 344, 1492 (2014)).

A centre is denser than all that is around it and far from anything denser. Of every point i:
its density ρᵢ, and its separation δᵢ, the distance to the nearest denser point. Points that
are no centre belong to the cluster of their nearest denser point.

Density is that of the k nearest neighbours, here ρ = 1 / r_k: the same order as the usual k /
(N ω r_k^d) without the dimension d, so that ρ δ = δ / r_k, the *prominence*, has no unit: how
many times farther a denser point is than the k-th neighbour. It is about 1 or less inside a
cluster and for an outlier, and large for a centre, in dense and in thin clusters alike.

Prominence misleads where clusters are long and of even density. By *saddles* (`saddles.py`)
such clusters are found too, and how many there are.

Neither all distances nor a grid is kept: only local maxima, which are few, look beyond their
neighbours for a denser point.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stemgan.errors import InputError
from stemgan_data_prep.catalogue.explore.neighbours import checked, nearest
from stemgan_data_prep.catalogue.explore.saddles import CHANCE, saddles

_ROWS = 16
"""Local maxima that are compared with all points at once."""


@dataclass(frozen=True)
class Peaks:
    """The decision graph of a set of points, and the clusters for any number of centres.

    Attributes
    ----------
    density : 1 / distance to the k-th neighbour, (N,).
    separation : distance to the nearest denser point, (N,); of the densest, to the farthest.
    denser : index of the nearest denser point, (N,); of the densest, its own.
    neighbours : indices of the k nearest, (N, k).
    dimension : intrinsic dimension of the points (2-NN, maximum likelihood).
    """

    density: np.ndarray
    separation: np.ndarray
    denser: np.ndarray
    neighbours: np.ndarray
    dimension: float

    @cached_property
    def prominence(self) -> np.ndarray:
        """Density × separation, (N,), without unit."""
        return self.density * self.separation

    @cached_property
    def _saddles(self) -> tuple[np.ndarray, np.ndarray]:
        return saddles(self)

    @property
    def significance(self) -> np.ndarray:
        """Height of every peak over its saddle in units of its chance, (N,); see `saddles`."""
        return self._saddles[0]

    def ranked(self, by: str = "prominence") -> np.ndarray:
        """Sort indices, the best centre first: the densest of all, then by prominence.

        Parameters
        ----------
        by : "prominence" (as published), or "saddles": by significance, then by prominence.
        """
        least = self.denser != np.arange(len(self.denser))
        if by == "saddles":
            return np.lexsort((-self.prominence, -self.significance, least))
        return np.lexsort((-self.prominence, least))

    def suggested(self, most: int = 50) -> int:
        """Say how many peaks are more than chance (see `saddles`): from 1 to `most`."""
        return int(np.clip((self.significance >= CHANCE).sum(), 1, most))

    def assign(
        self, count: int | None = None, *, by: str = "prominence", halo: bool = False
    ) -> np.ndarray:
        """Give every point the cluster of its nearest denser point.

        Parameters
        ----------
        count : number of centres; None as `suggested`.
        by : which are the best centres, see `ranked`. By "saddles", a peak that is no centre
            joins the peak it meets at its saddle, and not the nearest denser point.
        halo : points less dense than the densest border of their cluster get −1.

        Returns
        -------
        Labels, (N,) int64, from 0, the best centre's.

        Raises
        ------
        InputError : count below 1 or above the number of points.
        """
        count = self.suggested(len(self.density)) if count is None else count
        if not 1 <= count <= len(self.density):
            raise InputError(f"{count} clusters of {len(self.density)} pictures are impossible")
        labels = np.full(len(self.density), -1, dtype=np.int64)
        labels[self.ranked(by)[:count]] = np.arange(count)
        follows = self._saddles[1] if by == "saddles" else self.denser
        for i in self.order:
            if labels[i] < 0:
                labels[i] = labels[follows[i]]
        return np.where(self._in_halo(labels), -1, labels) if halo else labels

    @cached_property
    def order(self) -> np.ndarray:
        """Indices by density, the densest first; of equals, the first."""
        return _descending(self.density)

    def _in_halo(self, labels: np.ndarray) -> np.ndarray:
        """Mark the points that are less dense than their cluster's border with another."""
        across = labels[self.neighbours] != labels[:, None]
        between = (self.density[:, None] + self.density[self.neighbours]) / 2
        border = np.zeros(labels.max() + 1)
        np.maximum.at(border, labels, np.where(across, between, 0).max(axis=1))
        return self.density < border[labels]


def find_peaks(points: np.ndarray, neighbours: int | None = None) -> Peaks:
    """Measure density and separation of every point.

    Parameters
    ----------
    points : (N, F), N ≥ 3.
    neighbours : k; None: 2 % of the points (Rodriguez & Laio: 1 to 2 %), from 8 to 64.

    Raises
    ------
    InputError : too few points, or values that are not finite.
    """
    points = checked(points, 3)
    if neighbours is None:
        neighbours = min(64, max(8, len(points) // 50))
    distances, indices = nearest(points, min(neighbours, len(points) - 1))
    # Points given more than k times would have no distance: they get the smallest there is.
    radius = distances[:, -1]
    radius = np.maximum(radius, radius[radius > 0].min() if radius.any() else 1.0)
    density = 1 / radius
    separation, denser = _separations(points, density, distances, indices)
    apart = distances[distances[:, 0] > 0]
    logs = np.log(apart[:, 1] / apart[:, 0])
    dimension = (len(logs) - 1) / logs.sum() if logs.any() else 1.0
    return Peaks(density, separation, denser, indices, float(dimension))


def _descending(values: np.ndarray) -> np.ndarray:
    """Sort indices by value, the largest first, equals by index."""
    return np.argsort(-values, kind="stable")


def _separations(
    points: np.ndarray, density: np.ndarray, distances: np.ndarray, indices: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Find the distance to the nearest denser point, and which it is."""
    order = _descending(density)
    rank = np.empty(len(points), dtype=np.int64)
    rank[order] = np.arange(len(points))
    is_denser = rank[indices] < rank[:, None]
    first, everyone = is_denser.argmax(axis=1), np.arange(len(points))
    separation, denser = distances[everyone, first], indices[everyone, first]
    maxima = np.flatnonzero(~is_denser.any(axis=1))
    for start in range(0, len(maxima), _ROWS):
        rows = maxima[start : start + _ROWS]
        away = np.stack([np.linalg.norm(points - points[i], axis=1) for i in rows])
        farthest = away.max(axis=1)
        away[rank[None] >= rank[rows, None]] = np.inf
        denser[rows], separation[rows] = away.argmin(axis=1), away.min(axis=1)
        top = rank[rows] == 0
        denser[rows[top]], separation[rows[top]] = rows[top], farthest[top]
    return separation, denser


def decision_rows(peaks: Peaks, most: int = 50) -> list[dict[str, float | int]]:
    """List the most prominent points: what a decision graph shows, best first.

    Returns
    -------
    Rows of rank (from 1), index, density, separation, prominence, significance (z of its
    saddle: from 4 on, hardly chance; infinite where no other peak is met).
    """
    return [
        {
            "rank": rank,
            "index": int(i),
            "density": float(peaks.density[i]),
            "separation": float(peaks.separation[i]),
            "prominence": float(peaks.prominence[i]),
            "significance": float(peaks.significance[i]),
        }
        for rank, i in enumerate(peaks.ranked()[:most], start=1)
    ]
