"""The scale of intensities, chosen from what was measured, and its exact inverse."""

from dataclasses import dataclass

import numpy as np

from stemgan.measurement.partial import Image, PartialScan


@dataclass(frozen=True)
class Scale:
    """Affine scale to about [-1, 1] and its inverse: scaled = (value - offset) / gain."""

    offset: float
    gain: float

    def apply(self, values: Image) -> Image:
        """Scale intensities."""
        return ((values - self.offset) / self.gain).astype(np.float32)

    def invert(self, scaled: Image) -> Image:
        """Give scaled intensities their own unit back."""
        return (scaled.astype(np.float64) * self.gain + self.offset).astype(np.float32)


def intensity_scale(scan: PartialScan) -> Scale:
    """Choose a scale from the measured values alone: their 1st and 99th percentiles to -1, 1.

    Percentiles, as a single hot pixel must not set the scale. Constant scans keep a gain of 1.
    """
    measured = scan.values[scan.mask].astype(np.float64)
    low, high = np.percentile(measured, (1, 99))
    if high - low <= 1e-6 * max(abs(low), abs(high)):
        low, high = measured.min(), measured.max()
    gain = (high - low) / 2
    return Scale(float((low + high) / 2), float(gain) if gain > 0 else 1.0)
