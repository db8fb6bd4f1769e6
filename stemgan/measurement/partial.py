"""Partial scans: measured values, where they were measured, and for how long."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError

Image = NDArray[np.float32]

SMALLEST_SIDE = 8
FEWEST_PIXELS = 16


@dataclass(frozen=True, eq=False)
class PartialScan:
    """Measured values and where they were measured.

    values : intensities in the instrument's own unit, (H, W) float32, 0 where unmeasured.
    dwell : dwell map, (H, W) float32, 0 = unmeasured.
    pixel_size : side of a pixel in `unit`, or None where unknown.
    unit : unit of `pixel_size`.
    name : what messages and outputs call it.
    metadata : what the file said besides.
    positions : where exactly it was measured, (n, 2) float64 (y, x) [px], where that is known;
        values and dwell are these samples binned to pixels.
    samples : what was measured there, (n,) float64.
    position_dwell : for how long, (n,) float64 [any unit].

    Raises
    ------
    InputError : not two-dimensional, shapes that differ, a side below 8 px, a negative or
        non-finite dwell, a measured value that is not finite, or fewer than 16 measured pixels.
    """

    values: Image
    dwell: Image
    pixel_size: float | None = None
    unit: str | None = None
    name: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    positions: NDArray[np.float64] | None = None
    samples: NDArray[np.float64] | None = None
    position_dwell: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        who = self.name or "the partial scan"
        if self.values.ndim != 2:
            raise InputError(f"{who} has {self.values.ndim} dimensions: give a 2-D image")
        if self.values.shape != self.dwell.shape:
            raise InputError(
                f"{who} is {self.values.shape} and its mask {self.dwell.shape}: "
                "give a mask of the image's shape"
            )
        if min(self.values.shape) < SMALLEST_SIDE:
            raise InputError(
                f"{who} is {self.values.shape}: each side must be at least {SMALLEST_SIDE} px"
            )
        if not np.isfinite(self.dwell).all() or (self.dwell < 0).any():
            raise InputError(f"the dwell map of {who} has negative or non-finite values")
        measured = int(np.count_nonzero(self.dwell))
        if measured < FEWEST_PIXELS:
            raise InputError(
                f"{who} has {measured} measured pixels, fewer than {FEWEST_PIXELS}: "
                "measure more, or check the mask (above 0 = measured)"
            )
        bad = ~np.isfinite(self.values) & self.mask
        if bad.any():
            y, x = np.argwhere(bad)[0]
            raise InputError(
                f"{who} has {bad.sum()} measured values that are not finite, the first at row "
                f"{y}, column {x}: leave them out of the mask"
            )
        self._check_positions(who)
        object.__setattr__(
            self, "values", np.where(self.mask, self.values, 0).astype(np.float32)
        )
        object.__setattr__(self, "dwell", self.dwell.astype(np.float32, copy=False))

    def _check_positions(self, who: str) -> None:
        lists = (self.positions, self.samples, self.position_dwell)
        if all(each is None for each in lists):
            return
        shapes = [None if each is None else each.shape for each in lists]
        n = 0 if self.samples is None else len(self.samples)
        if shapes != [(n, 2), (n,), (n,)]:
            raise InputError(
                f"positions, samples and their dwell of {who} have the shapes {shapes}: give "
                "(n, 2), (n,) and (n,)"
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width [px]."""
        return self.values.shape[0], self.values.shape[1]

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Measured pixels, (H, W), True = measured."""
        return self.dwell > 0

    @property
    def coverage(self) -> float:
        """Share of measured pixels."""
        return float(self.mask.mean())

    def with_nan(self) -> Image:
        """Return the values with NaN where unmeasured, (H, W) float32."""
        return np.where(self.mask, self.values, np.float32(np.nan))

    @cached_property
    def nearest(self) -> tuple[Image, Image]:
        """Distance to the nearest measured pixel [px], and that pixel's value; both (H, W)."""
        from stemgan_kernels.distance import distance_transform

        distance, index = distance_transform(self.mask)
        return distance, self.values.ravel()[index]
