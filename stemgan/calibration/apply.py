"""Calibrated deviations and quantiles of one completion, from measured values alone."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.smoothing import gap_length, smooth
from stemgan.calibration.table import DISTANCES, LEVELS, Calibration
from stemgan.measurement import PartialScan

Image = NDArray[np.float32]

_SHORTEST = 4.0  # [px]
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
    std : its deviation from the blurred truth, (H, W) float32.
    """

    calibration: Calibration
    scan: PartialScan
    image: Image
    raw: Image
    std: Image

    def intervals(self, truth: str = "blurred") -> Intervals:
        """Return the intervals of the blurred truth, or of the "raw" one with its noise."""
        factors = self.calibration.tables[truth].at(self.scan.coverage)
        width = self.deviation(truth)
        distance = self.scan.nearest[0]
        relative = relative_distance(self.scan)

        def widened(row: NDArray[np.float64]) -> NDArray[np.float64]:
            found = np.interp(relative, DISTANCES[1:], row[1:])
            found[distance == 0] = row[0]
            found *= width
            return found

        std = np.minimum(widened(factors[0]), _EXTREME).astype(np.float32)
        quantiles = np.empty((len(LEVELS), *self.scan.shape), np.float32)
        for k, row in enumerate(factors[1:]):  # one by one, as large frames fill the memory
            quantiles[k] = np.clip(self.centre(truth) + widened(row), -_EXTREME, _EXTREME)
        return Intervals(std, quantiles)

    def centre(self, truth: str) -> Image:
        """Return the completion of a truth, about which its quantiles lie."""
        return self.raw if truth == "raw" else self.image

    def deviation(self, truth: str) -> NDArray[np.float64]:
        """Return the deviation before calibration: for the raw truth, the noise added."""
        own = self.std.astype(np.float64)
        return np.hypot(own, noise_deviation(self.scan, self.image)) if truth == "raw" else own


def relative_distance(scan: PartialScan) -> NDArray[np.float32]:
    """Return the distance in gap lengths, (H, W); zeros where every pixel is measured."""
    return scan.nearest[0] / np.float32(gap_length(scan) or 1.0)


def noise_deviation(scan: PartialScan, image: Image) -> Image:
    """Estimate the noise of raw pixels from the misfit of a completion to what was measured.

    Parameters
    ----------
    scan : the partial scan.
    image : its completion, (H, W).

    Returns
    -------
    Root mean square of measured value - completion around each pixel, a gap's length wide,
    (H, W) float32, in the scan's unit. Scan noise is in it too, and what the completion follows
    of the noise is not.
    """
    misfit = np.where(scan.mask, scan.values.astype(np.float64) - image, 0)
    peak = float(np.abs(misfit).max()) or 1.0  # squares of any unit must not overflow
    width = max(gap_length(scan), _SHORTEST)
    squares = smooth(((misfit / peak) ** 2).astype(np.float32), width)
    weight = smooth(scan.mask.astype(np.float32), width)
    around = np.maximum(squares, 0) / np.maximum(weight, 1e-6)
    return np.minimum(peak * np.sqrt(around.astype(np.float64)), _EXTREME).astype(np.float32)
