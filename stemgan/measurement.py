"""What measuring means: y = A x + n with A = diag(mask), along the order of the scan path."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.scan import Trace

Image = NDArray[np.float32]

SMALLEST_SIDE = 8
FEWEST_PIXELS = 16

_MOST_ELECTRONS = 1e9  # float32 cannot show the noise of more


@dataclass(frozen=True, eq=False)
class PartialScan:
    """Measured values and where they were measured.

    values : intensities in the instrument's own unit, (H, W) float32, 0 where unmeasured.
    dwell : dwell map, (H, W) float32, 0 = unmeasured.
    pixel_size : side of a pixel in `unit`, or None where unknown.
    unit : unit of `pixel_size`.
    name : what messages and outputs call it.
    metadata : what the file said besides.

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
                "check the mask (above 0 = measured)"
            )
        bad = ~np.isfinite(self.values) & self.mask
        if bad.any():
            y, x = np.argwhere(bad)[0]
            raise InputError(
                f"{who} has {bad.sum()} measured values that are not finite, the first at row "
                f"{y}, column {x}: leave them out of the mask"
            )
        object.__setattr__(
            self, "values", np.where(self.mask, self.values, 0).astype(np.float32)
        )
        object.__setattr__(self, "dwell", self.dwell.astype(np.float32, copy=False))

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


@dataclass(frozen=True)
class Noise:
    """What a real scan does to its values; each acts in the order of the path.

    electrons : mean number per measured pixel at the image's mean intensity; None: no noise.
    readout : standard deviation of additive Gaussian noise, over the image's own.
    jitter : standard deviation of independent position errors [px].
    drift : displacement of the specimen from the scan's start to its end [px].
    """

    electrons: float | None = None
    readout: float = 0.0
    jitter: float = 0.0
    drift: float = 0.0

    def __post_init__(self) -> None:
        if self.electrons is not None and not 0 < self.electrons <= _MOST_ELECTRONS:
            raise InputError(
                f"electrons per pixel must be above 0 and at most {_MOST_ELECTRONS:g}, not "
                f"{self.electrons:g}"
            )
        if min(self.readout, self.jitter, self.drift) < 0:
            raise InputError(f"noise cannot be negative: {self}")


def forward(image: Image, mask: NDArray[np.bool_]) -> Image:
    """Apply A = diag(mask): the image where measured, 0 elsewhere.

    A is its own adjoint and its own square.
    """
    return np.where(mask, image, np.float32(0))


def measure(
    image: Image,
    trace: Trace,
    noise: Noise = Noise(),
    rng: np.random.Generator | None = None,
) -> PartialScan:
    """Take a partial scan of a full image.

    Parameters
    ----------
    image : full image, (H, W) float32.
    trace : the scan, of the image's shape.
    noise : what goes wrong; nothing by default.
    rng : source of the noise; needed where there is any.

    Returns
    -------
    PartialScan with the trace's dwell map.

    Raises
    ------
    InputError : shapes differ, or shot noise is asked of an image whose mean is not positive
        above its minimum.
    """
    if image.shape != trace.dwell.shape:
        raise InputError(f"image {image.shape} and scan {trace.dwell.shape} differ in shape")
    at = trace.visited
    read = image.ravel()[at]
    if noise != Noise():
        if rng is None:
            raise ValueError("a noisy measurement needs an rng")
        read = _noisy(image, trace, read, noise, rng)
    values = np.zeros(image.shape, dtype=np.float32)
    values.ravel()[at] = read
    return PartialScan(values, trace.dwell)


def _noisy(
    image: Image, trace: Trace, read: Image, noise: Noise, rng: np.random.Generator
) -> Image:
    if noise.jitter or noise.drift:
        read = _displaced(image, trace, noise, rng)
    if noise.electrons is not None:
        read = shot_noise(read, image, noise.electrons, rng)
    if noise.readout:
        sigma = noise.readout * float(image.std())
        read = (read + sigma * rng.standard_normal(read.shape)).astype(np.float32)
    return read


def _displaced(image: Image, trace: Trace, noise: Noise, rng: np.random.Generator) -> Image:
    """Read the image where the beam really was: jittered, over a drifting specimen."""
    from scipy.ndimage import map_coordinates

    width = image.shape[1]
    angle = rng.uniform(0, 2 * np.pi)
    drift = noise.drift * np.array([[np.sin(angle)], [np.cos(angle)]]) * (trace.time - 0.5)
    where = np.stack(np.divmod(trace.visited, width)).astype(np.float64)
    where += drift + noise.jitter * rng.standard_normal(where.shape)
    return np.asarray(map_coordinates(image, where, order=1, mode="nearest"), np.float32)


def shot_noise(read: Image, image: Image, electrons: float, rng: np.random.Generator) -> Image:
    """Count electrons: Poisson noise with a mean of `electrons` at the image's mean intensity.

    Intensities are counted from zero, or from the image's minimum where that is negative (a
    detector's offset). An image without intensity (vacuum) stays as it is.
    """
    floor = min(float(image.min()), 0.0)
    mean = float(image.mean()) - floor
    if mean <= 0:
        return read
    expected = np.maximum(read - floor, 0) * (electrons / mean)
    return (rng.poisson(expected) * (mean / electrons) + floor).astype(np.float32)


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
