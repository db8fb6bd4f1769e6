"""Calibrated deviations and quantiles of one completion, from measured values alone."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.smoothing import gap_length
from stemgan.calibration.table import DISTANCES, LEVELS, Calibration
from stemgan.measurement import PartialScan

Image = NDArray[np.float32]

_EXTREME = float(np.finfo(np.float32).max)


class Intervals(NamedTuple):
    """How sure a completion is, in its unit.

    std : deviation of the normal distribution whose 5 and 95 % quantiles lie as far apart as
        these: of its error, without the few largest, (H, W) float32.
    quantiles : the values that the truth lies below with a probability of 5, 50 and 95 %,
        (3, H, W) float32.
    """

    std: Image
    quantiles: Image


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A completion with what its intervals follow from; they are worked out when asked for.

    calibration : the factors.
    scan : the partial scan.
    image, raw : what the network made of it, for the blurred and for the raw truth, (H, W)
        float32.
    std, raw_std : its deviations from these truths, (H, W) float32.
    """

    calibration: Calibration
    scan: PartialScan
    image: Image
    raw: Image
    std: Image
    raw_std: Image

    def intervals(self, truth: str = "blurred") -> Intervals:
        """Return the intervals of the blurred truth, or of the "raw" one with its noise."""
        quantiles = np.empty((len(LEVELS), *self.scan.shape), np.float32)
        for k in range(len(LEVELS)):  # one by one, as large frames fill the memory
            bound = self.centre(truth) + self._scaled(truth, 1 + k)
            quantiles[k] = np.clip(bound, -_EXTREME, _EXTREME)
        return Intervals(self.std_of(truth), quantiles)

    def std_of(self, truth: str) -> Image:
        """Return the calibrated deviation from a truth, (H, W) float32."""
        return np.minimum(self._scaled(truth, 0), _EXTREME).astype(np.float32)

    def _scaled(self, truth: str, row: int) -> NDArray[np.float64]:
        """Scale the deviation by a row of factors, at each pixel's distance."""
        factors = self.calibration.tables[truth].at(self.scan.coverage)[row]
        found = np.interp(relative_distance(self.scan), DISTANCES[1:], factors[1:])
        found[self.scan.nearest[0] == 0] = factors[0]
        found *= self.deviation(truth)
        return found

    def centre(self, truth: str) -> Image:
        """Return the completion of a truth, about which its quantiles lie."""
        return self.raw if truth == "raw" else self.image

    def deviation(self, truth: str) -> NDArray[np.float64]:
        """Return the deviation from a truth before calibration."""
        return (self.raw_std if truth == "raw" else self.std).astype(np.float64)


def relative_distance(scan: PartialScan) -> NDArray[np.float32]:
    """Return the distance in gap lengths, (H, W); zeros where every pixel is measured."""
    return scan.nearest[0] / np.float32(gap_length(scan) or 1.0)
