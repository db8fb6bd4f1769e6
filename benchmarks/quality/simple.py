"""The simple methods at their best: nearest and linear, smoothed by the width that suits them.

The benchmark's reference is the best simple method of each scan and coverage, chosen on the
evaluation images themselves: among nearest, linear, both smoothed by σ = share × gap length
(the share that is best for that scan and coverage) or by the width that the scan's own values
choose (`smoothed-nearest`, `smoothed-linear`), and normalised convolution. The choice sees the
truths, so that the reference is, if anything, too good.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines import METHODS
from stemgan.baselines.smoothing import gap_length, smooth
from stemgan.measurement import PartialScan

Image = NDArray[np.float32]

SHARES = (0.06, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.55, 0.75, 1.0)
"""σ over the gap's length, 4 × the mean distance: the pitch of parallel lines."""

BASES = ("nearest", "linear")
SMOOTHED = {f"{base}, {share:g} gaps": (base, share) for base in BASES for share in SHARES}
REFERENCE = (*BASES, "smoothed-nearest", "smoothed-linear", "normalised-convolution")
SIMPLE = (*REFERENCE, *SMOOTHED)


class Smoothed:
    """One infill of a scan, smoothed by any width; it is made once for all widths."""

    def __init__(self, base: str) -> None:
        self.base = METHODS[base]
        self.of: tuple[Image, Image, float] | None = None

    def at(self, share: float) -> Callable[[PartialScan], Image]:
        """Return the method with one share."""

        def method(scan: PartialScan) -> Image:
            if self.of is None or self.of[0] is not scan.values:
                self.of = scan.values, self.base(scan), gap_length(scan)
            _, infill, gap = self.of
            return smooth(infill, share * gap)

        return method


def smoothed_methods() -> dict[str, Callable[[PartialScan], Image]]:
    """Return nearest and linear at every share."""
    infills = {base: Smoothed(base) for base in BASES}
    return {name: infills[base].at(share) for name, (base, share) in SMOOTHED.items()}
