"""Where errors lie: by distance from the scan, and by pixel; sums that add."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from stemgan_kernels.profiles import LEVELS, add_error, error_profile

if TYPE_CHECKING:
    from numpy.typing import NDArray

DISTANCE_EDGES = (0.0, 0.5, 1.5, 2.5, 3.5, 5, 7, 10, 14, 20, 28, 40, 56, 80, 113, np.inf)
"""[px]: the measured pixels alone, then rings that widen with the distance."""

PITCH_EDGES = (
    0.0,
    1e-6,
    0.05,
    0.1,
    0.15,
    0.2,
    0.25,
    0.3,
    0.4,
    0.5,
    0.6,
    0.7,
    1,
    1.5,
    2,
    np.inf,
)
"""[pitch]: the same in units of the pitch: half of it is midway between parallel lines."""

QUANTILES = (0.05, 0.5, 0.95)
"""Of the signed error, in the columns q05, q50 and q95."""


class ErrorByDistance:
    """Error against distance from the scan: sums that add across images, processes and ranks.

    Bin i holds ``edges[i] <= distance < edges[i + 1]``; the first holds the measured pixels
    alone. Quantiles come from a histogram of the signed error (`LEVELS` of the kernels,
    made for %): they are right to within a level's width, 1/16 of the error or 1/64.

    Parameters
    ----------
    edges : bin edges in the unit of distance, increasing: px, or pitches.

    Examples
    --------
    >>> profile = ErrorByDistance()
    >>> profile.update(np.ones((8, 8)), np.zeros((8, 8)))
    >>> (profile + profile).rows()[0]["pixels"]
    128
    """

    def __init__(self, edges: tuple[float, ...] = DISTANCE_EDGES) -> None:
        bins = len(edges) - 1
        self.edges = edges
        self.count = np.zeros(bins, np.int64)
        self.total = np.zeros(bins)
        self.total_squared = np.zeros(bins)
        self.histogram = np.zeros((bins, len(LEVELS) - 1), np.int64)

    def update(
        self,
        error: NDArray[np.floating],
        distance: NDArray[np.floating],
        unit: float = 1.0,
        threads: int = 1,
    ) -> None:
        """Add one image.

        Parameters
        ----------
        error : signed error, (H, W).
        distance : distance to the nearest measured pixel, or to the path [px], (H, W).
        unit : what the edges count [px]: 1, or the scan's pitch.
        threads : how many; the sums are the same for any number.
        """
        found = error_profile(error, distance, unit * np.array(self.edges), threads)
        self._add(found.count, found.total, found.total_squared, found.histogram)

    def merge(self, other: ErrorByDistance) -> None:
        """Add the images of another profile.

        Raises
        ------
        ValueError : its bins are others.
        """
        if other.edges != self.edges:
            raise ValueError(f"bins {other.edges} and {self.edges} differ")
        self._add(other.count, other.total, other.total_squared, other.histogram)

    def __add__(self, other: ErrorByDistance) -> ErrorByDistance:
        both = ErrorByDistance(self.edges)
        both.merge(self)
        both.merge(other)
        return both

    def _add(self, count: Any, total: Any, squared: Any, histogram: Any) -> None:  # noqa: ANN401
        self.count += count
        self.total += total
        self.total_squared += squared
        self.histogram += histogram

    def quantile(self, share: float) -> NDArray[np.float64]:
        """Return the signed error that a share of each bin's pixels lies below, (bins,).

        NaN for a bin without pixels.
        """
        return np.array([_quantile(row, share) for row in self.histogram])

    def rows(self) -> list[dict[str, float]]:
        """Give one row a bin that holds pixels.

        Returns
        -------
        Rows of `distance_from`, `distance_to` (in the edges' unit), `pixels`, and in the
        error's unit `bias` (mean error), `rmse` (root mean square error) and `q05`, `q50`,
        `q95`, the quantiles of the signed error.
        """
        quantiles = {f"q{round(100 * share):02}": self.quantile(share) for share in QUANTILES}
        return [
            {
                "distance_from": float(self.edges[i]),
                "distance_to": float(self.edges[i + 1]),
                "pixels": int(self.count[i]),
                "bias": float(self.total[i] / self.count[i]),
                "rmse": float(np.sqrt(self.total_squared[i] / self.count[i])),
                **{name: float(values[i]) for name, values in quantiles.items()},
            }
            for i in np.flatnonzero(self.count)
        ]

    def pack(self) -> dict[str, Any]:
        """Describe the sums in what JSON can hold, without loss."""
        counts = zlib.compress(self.histogram.astype("<i8").tobytes(), 6)
        return {
            "total": self.total.tolist(),
            "total_squared": self.total_squared.tolist(),
            "histogram": base64.b64encode(counts).decode(),
        }

    @classmethod
    def unpack(
        cls, packed: dict[str, Any], edges: tuple[float, ...] = DISTANCE_EDGES
    ) -> ErrorByDistance:
        """Return the profile that `pack` described."""
        profile = cls(edges)
        counts = zlib.decompress(base64.b64decode(packed["histogram"]))
        histogram = np.frombuffer(counts, "<i8").reshape(profile.histogram.shape)
        profile._add(histogram.sum(1), packed["total"], packed["total_squared"], histogram)
        return profile


def _quantile(counts: NDArray[np.int64], share: float) -> float:
    below = np.cumsum(counts)
    if not below[-1]:
        return float("nan")
    wanted = share * below[-1]
    i = int(np.searchsorted(below, wanted))
    while not counts[i]:  # a share of 0 begins where the first pixel is
        i += 1
    within = (wanted - (below[i] - counts[i])) / counts[i]
    return float(LEVELS[i] + within * (LEVELS[i + 1] - LEVELS[i]))


@dataclass
class SystematicError:
    """Error at each pixel over many images taken with the same mask: sums that add.

    What remains of the error where images are averaged out: the mean over images of the squared
    error at each pixel is the map of systematic errors of Ede & Beanland, Sci Rep 10, 8332
    (2020), here as its root, beside the mean signed and the mean absolute error.

    images : how many were added.
    sums : of the error, its absolute value and its square, (3, H, W) float64; None before the
        first.

    Examples
    --------
    >>> both = SystematicError()
    >>> for error in (-1.0, 3.0):
    ...     both.update(np.full((8, 8), error))
    >>> bias, absolute, root = both.maps()
    >>> float(bias[0, 0]), float(absolute[0, 0]), round(float(root[0, 0]), 3)
    (1.0, 2.0, 2.236)
    """

    images: int = 0
    sums: NDArray[np.float64] | None = None

    def update(self, error: NDArray[np.floating], threads: int = 1) -> None:
        """Add one image's signed error, (H, W).

        Raises
        ------
        ValueError : its shape is not that of the images before it.
        """
        if self.sums is None:
            self.sums = np.zeros((3, *error.shape))
        add_error(error, self.sums, threads)
        self.images += 1

    def merge(self, other: SystematicError) -> None:
        """Add the images of another map.

        Raises
        ------
        ValueError : the shapes differ.
        """
        if other.sums is None:
            return
        if self.sums is None:
            self.sums = np.zeros_like(other.sums)
        if self.sums.shape != other.sums.shape:
            raise ValueError(f"maps {other.sums.shape} and {self.sums.shape} differ in shape")
        self.sums += other.sums
        self.images += other.images

    def __add__(self, other: SystematicError) -> SystematicError:
        both = SystematicError()
        both.merge(self)
        both.merge(other)
        return both

    def maps(self) -> NDArray[np.float32]:
        """Return the mean signed, mean absolute and root mean square error, (3, H, W).

        Raises
        ------
        ValueError : no image was added.
        """
        if self.sums is None:
            raise ValueError("a map of systematic errors needs an image")
        maps = self.sums / self.images
        np.sqrt(maps[2], out=maps[2])
        return maps.astype(np.float32)
