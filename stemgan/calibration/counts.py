"""Errors in deviations, counted by group, coverage and distance: sums that add."""

import numpy as np
from numpy.typing import NDArray

from stemgan.calibration.apply import Calibrated, relative_distance
from stemgan.calibration.table import COVERAGES, DISTANCES, TRUTHS

Array = NDArray[np.float64]

_STEP, _SMALLEST, _HALF = 0.015, 0.02, 520
EDGES: Array = _SMALLEST * np.sinh(_STEP * np.arange(-_HALF, _HALF + 1))
"""Bins of error over deviation: 0.0003 wide about 0, 1.5 % of the error beyond, up to ±24."""

CENTRES: Array = 0.5 * (EDGES[1:] + EDGES[:-1])


class ErrorCounts:
    """How often held-out truths lie how many deviations above their completion.

    Attributes
    ----------
    groups : for each group, by truth, the share of its pixels in each bin, summed over scans,
        (coverages, distances, bins); every scan counts the same.
    scans : how many were added.
    """

    def __init__(self) -> None:
        self.groups: dict[str, dict[str, Array]] = {}
        self.scans = 0

    def update(
        self, group: str, made: Calibrated, truths: dict[str, NDArray[np.floating]]
    ) -> None:
        """Add a completion and its truths.

        Parameters
        ----------
        group : of the image.
        made : the completion; its calibration is not looked at.
        truths : by name of the truth (`TRUTHS`), (H, W) each.
        """
        scan = made.scan
        row = int(np.abs(np.log(COVERAGES) - np.log(scan.coverage)).argmin())
        column = distance_bins(relative_distance(scan), scan.mask)
        own = self.groups.setdefault(group, {name: _empty() for name in TRUTHS})
        for name in TRUTHS:
            width = np.maximum(made.deviation(name), np.finfo(np.float64).tiny)
            share = (truths[name] - made.centre(name).astype(np.float64)) / width
            level = np.clip(np.searchsorted(EDGES, share) - 1, 0, len(CENTRES) - 1)
            counts = np.bincount(
                (column * len(CENTRES) + level).ravel(),
                minlength=len(DISTANCES) * len(CENTRES),
            )
            own[name][row] += counts.reshape(len(DISTANCES), -1) / scan.mask.size
        self.scans += 1


def distance_bins(relative: NDArray[np.floating], mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the calibrated distance that is nearest to each pixel's, (H, W); 0: measured."""
    middles = np.array(DISTANCES[1:])
    bins = 1 + np.searchsorted(0.5 * (middles[1:] + middles[:-1]), relative)
    return np.where(mask, 0, bins)


def _empty() -> Array:
    return np.zeros((len(COVERAGES), len(DISTANCES), len(CENTRES)))
