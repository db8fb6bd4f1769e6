"""Crops of stored images: window, zoom, turn, and the noise that truths and scans have."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError, check_number, check_whole
from stemgan.measurement import Noise
from stemgan.scan import FAMILIES, SPARSE_FAMILIES, ScanDesign
from stemgan.synthetic import detect
from stemgan.synthetic.fields import blur, log_uniform

Image = NDArray[np.float32]
SMALLEST_CROP = 64
_TRIES = 6
_PLAIN = 0.05


@dataclass(frozen=True)
class CropSettings:
    """How training samples are drawn.

    Parameters
    ----------
    size : side of a crop [px], at least 64.
    zoom : greatest factor by which a crop is zoomed out; 1: never.
    families : scan families, equally likely.
    coverage : least and greatest coverage; log-uniform in between.
    noisy_truths : share of clean (simulated) images whose truth gets the noise of a full scan,
        as the truths of real micrographs have.
    noisy_scans : share of partial scans that are noisier than their truth.
    fixed : scan every sample alike, without rotation, offset or another seed, as a microscope
        that is used with one scan does: one family, and a pitch or one coverage.
    pitch : spacing of the fixed scan's turns, lines or dots [px], in place of `coverage`.
    kriged : whether samples hold a completion by a Gaussian process, which takes longer than
        all the rest; without, a training that wants one makes it on its own device.

    Raises
    ------
    InputError : a size below 64, a zoom below 1, no or an unknown family, a bad coverage, a
        pitch without a fixed scan, or a fixed scan that is not one scan.
    """

    size: int = 256
    zoom: float = 2.0
    families: tuple[str, ...] = SPARSE_FAMILIES
    coverage: tuple[float, float] = (0.01, 0.25)
    noisy_truths: float = 0.5
    noisy_scans: float = 0.3
    fixed: bool = False
    pitch: float | None = None
    kriged: bool = True

    def __post_init__(self) -> None:
        if isinstance(self.families, str):
            raise InputError(f"scan families {self.families}: give a list, [{self.families}]")
        if not isinstance(self.coverage, (list, tuple)) or len(self.coverage) != 2:
            raise InputError(f"coverage {self.coverage}: give the least and the greatest")
        # Lists, as configurations have them, become tuples that can be hashed and sent.
        object.__setattr__(self, "families", tuple(self.families))
        object.__setattr__(self, "coverage", tuple(self.coverage))
        for value in self.coverage:
            check_number("coverage", value, 0, 1, above=True)
        for name in ("noisy_truths", "noisy_scans"):
            check_number(name, getattr(self, name), 0, 1)
        check_number("zoom", self.zoom, 0)
        check_whole("crops.size", self.size, 1)
        if self.size < SMALLEST_CROP:
            raise InputError(f"a crop of {self.size} px is too small: choose 64 or more")
        if self.zoom < 1:
            raise InputError(f"a zoom of {self.zoom:g} is below 1: choose 1 or more")
        unknown = set(self.families) - set(FAMILIES)
        if unknown or not self.families:
            raise InputError(
                f"scan families {self.families}: choose from {', '.join(FAMILIES)}"
            )
        if not 0 < self.coverage[0] <= self.coverage[1] <= 1:
            raise InputError(
                f"coverage from {self.coverage}: give two shares in (0, 1], rising"
            )
        if self.pitch is not None and not self.fixed:
            raise InputError(
                f"a pitch of {self.pitch:g} px is for a fixed scan: say fixed=true, or leave "
                "it out and give a coverage"
            )
        if self.fixed:
            self.fixed_design(self.size)

    def fixed_design(self, size: int) -> ScanDesign:
        """Return the one scan of all samples, for crops of `size` [px].

        Raises
        ------
        InputError : there are several families or coverages, or the family has no pitch.
        """
        if len(self.families) != 1:
            raise InputError(
                f"a fixed scan is of one family, not of {len(self.families)}: choose one"
            )
        (family,), shape = self.families, (size, size)
        if family == "raster":
            return ScanDesign(family, shape)
        if self.pitch is not None:
            return ScanDesign(family, shape, pitch=self.pitch)
        if self.coverage[0] != self.coverage[1]:
            raise InputError(
                f"a fixed scan has one coverage, not any of {self.coverage}: give a pitch, or "
                "the same coverage twice"
            )
        return ScanDesign(family, shape, coverage=self.coverage[0]).solved()


def random_crop(image: Image, size: int, zoom: float, rng: np.random.Generator) -> Image:
    """Cut a window of `size` up to `zoom` times as large, and average it down to `size`.

    Half of the windows keep their scale, as real noise has the spectrum of single pixels.
    Windows with next to nothing in them (vacuum, a lone bright spot) are drawn again, a few
    times at most: they teach little, and scaled by what is measured their values are huge.
    """
    for _ in range(_TRIES):
        crop = _random_window(image, size, zoom, rng)
        low, high = np.percentile(crop[::4, ::4], (1, 99))
        if high - low > _PLAIN * np.ptp(crop):
            break
    return crop


def _random_window(image: Image, size: int, zoom: float, rng: np.random.Generator) -> Image:
    factor = min(log_uniform(rng, 1, zoom), min(image.shape) / size)
    window = size if rng.random() < 0.5 else max(size, int(factor * size))
    top, left = (int(rng.integers(side - window + 1)) for side in image.shape)
    return area_average(image[top : top + window, left : left + window], size)


def area_average(image: Image, size: int) -> Image:
    """Shrink a square image to `size` [px]: each pixel is the mean over the area it covers.

    Examples
    --------
    >>> area_average(np.float32([[0, 1, 2], [0, 1, 2], [0, 1, 2]]), 1)
    array([[1.]], dtype=float32)
    """
    if image.shape == (size, size):
        return image
    return _average_rows(_average_rows(image, size).T, size).T.astype(np.float32)


def _average_rows(image: np.ndarray, size: int) -> np.ndarray:
    integral = np.zeros((len(image) + 1, image.shape[1]))
    np.cumsum(image, axis=0, dtype=np.float64, out=integral[1:])
    edges = np.linspace(0, len(image), size + 1)
    below = np.minimum(edges.astype(np.intp), len(image) - 1)
    part = (edges - below)[:, None]
    at_edges = integral[below] * (1 - part) + integral[below + 1] * part
    return np.diff(at_edges, axis=0) * (size / len(image))


def dihedral(image: Image, which: int) -> Image:
    """Turn by `which` % 4 quarter turns, and mirror where `which` is 4 or more."""
    turned = np.rot90(image, which % 4)
    return np.ascontiguousarray(turned[:, ::-1] if which >= 4 else turned)


def as_recorded(truth: Image, rng: np.random.Generator) -> Image:
    """Give a clean truth the noise of a full raster scan, from hardly visible to strong."""
    recorded = detect(
        truth,
        rng,
        electrons=log_uniform(rng, 5, 1000) if rng.random() < 0.8 else None,
        readout=log_uniform(rng, 0.002, 0.05) if rng.random() < 0.6 else 0.0,
        jitter=log_uniform(rng, 0.05, 0.8) if rng.random() < 0.3 else 0.0,
        flicker=log_uniform(rng, 0.003, 0.03) if rng.random() < 0.2 else 0.0,
    )
    # Detectors and resampling correlate the noise of neighbours.
    return blur(recorded, rng.uniform(0.3, 0.9)) if rng.random() < 0.3 else recorded


def random_noise(rng: np.random.Generator) -> Noise:
    """Draw what goes wrong in a partial scan."""
    return Noise(
        electrons=log_uniform(rng, 2, 1000) if rng.random() < 0.7 else None,
        readout=log_uniform(rng, 0.01, 0.2) if rng.random() < 0.3 else 0.0,
        jitter=log_uniform(rng, 0.05, 0.7) if rng.random() < 0.3 else 0.0,
        drift=log_uniform(rng, 0.2, 3) if rng.random() < 0.2 else 0.0,
    )
