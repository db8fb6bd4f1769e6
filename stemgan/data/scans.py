"""From a stored image to what a network sees: partial scans of crops, scaled, in batches."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from math import lcm
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from stemgan.baselines import complete
from stemgan.data.batch import Batch
from stemgan.data.crops import CropSettings, as_recorded, dihedral, random_crop, random_noise
from stemgan.data.pool import ImagePool
from stemgan.errors import InputError
from stemgan.measurement import Noise, PartialScan, intensity_scale, measure
from stemgan.scan import FAMILIES, ScanDesign, Trace, random_design
from stemgan_kernels.distance import distance_transform

Image = NDArray[np.float32]
_QUIET = Noise()
_TRIES = 6


class Draw(NamedTuple):
    """What the sampler asks of the training set: sample `position` of `epoch`, from `index`."""

    epoch: int
    position: int
    index: int


class TrainingScans(Dataset):
    """Random partial scans of random crops; a sample follows from (seed, draw) alone."""

    def __init__(self, pool: ImagePool, settings: CropSettings, seed: int = 0) -> None:
        self.pool, self.settings, self.seed = pool, settings, seed
        self.clean = [noise == 0 for noise in pool.column("noise_fraction")]
        fixed = settings.fixed_design(settings.size) if settings.fixed else None
        self.fixed = fixed and FixedScan(fixed)

    def __len__(self) -> int:
        return len(self.pool)

    def __getitem__(self, draw: Draw) -> Batch:
        settings = self.settings
        rng = np.random.default_rng((self.seed, *draw))
        truth = random_crop(self.pool.image(draw.index), settings.size, settings.zoom, rng)
        if self.clean[draw.index] and rng.random() < settings.noisy_truths:
            truth = as_recorded(truth, rng)
        truth = dihedral(truth, int(rng.integers(8)))
        noisy = rng.random() < settings.noisy_scans
        noise = random_noise(rng) if noisy else _QUIET
        for _ in range(_TRIES):
            try:
                return partial_scan_sample(
                    truth,
                    self._design(rng),
                    noise,
                    rng,
                    key=training_key(self.seed, draw),
                    kriged=settings.kriged,
                )
            except InputError:  # a wide path may measure next to nothing of a small frame
                continue
        raise InputError(
            f"no scan of {self._wanted()} measures enough of a crop of {settings.size} px: "
            "choose larger crops or coverages"
        )

    def _design(self, rng: np.random.Generator) -> "ScanDesign | FixedScan":
        if self.fixed:
            return self.fixed
        settings = self.settings
        shape = (settings.size, settings.size)
        return random_design(shape, rng, settings.families, settings.coverage)

    def _wanted(self) -> str:
        settings = self.settings
        if settings.pitch is not None:
            return f"pitch {settings.pitch:g} px"
        return f"coverage {settings.coverage}"


class ValidationScans(Dataset):
    """Fixed partial scans of fixed crops: one scan, or families and coverages in turn.

    A sample follows from its image's key and its place in the list, never from a seed.

    Parameters
    ----------
    pool : the images.
    size : side of the crop at each image's centre [px].
    families, coverages : image i gets combination i, starting anew after the last.
    repeats : how many scans each image gets, of different combinations where there are enough.
    fixed : the scan of all images, in place of combinations.
    kriged : whether samples hold a completion by a Gaussian process.
    """

    def __init__(
        self,
        pool: ImagePool,
        size: int,
        families: Sequence[str],
        coverages: Sequence[float],
        repeats: int = 1,
        *,
        fixed: ScanDesign | None = None,
        kriged: bool = True,
    ) -> None:
        self.pool, self.size, self.repeats = pool, size, repeats
        self.fixed, self.kriged = fixed and FixedScan(fixed), kriged
        self.keys = pool.column("key")
        self.scans = combinations(families, coverages)

    def __len__(self) -> int:
        return len(self.pool) * self.repeats

    def __getitem__(self, item: int) -> Batch:
        repeat, index = divmod(item, len(self.pool))
        image = self.pool.image(index)
        top, left = ((side - self.size) // 2 for side in image.shape)
        truth = image[top : top + self.size, left : left + self.size]
        digest = sha256(f"{self.keys[index]}/{repeat}".encode()).digest()
        key = int.from_bytes(digest[:8], "big") >> 1
        design = self.fixed or self._design(index + repeat, int.from_bytes(digest[:4], "big"))
        return partial_scan_sample(truth, design, key=key, kriged=self.kriged)

    def _design(self, turn: int, seed: int) -> ScanDesign:
        family, coverage = self.scans[turn % len(self.scans)]
        return ScanDesign(family, (self.size, self.size), coverage=coverage, seed=seed)


class FixedScan:
    """A scan that is drawn once for many images: where it measures, and what is nearest."""

    def __init__(self, design: ScanDesign) -> None:
        self.family, self._trace = design.family, design.trace()
        self._distance, self._nearest = distance_transform(self._trace.mask)

    def trace(self) -> Trace:
        """Return the path with the pixels that it measures."""
        return self._trace

    def nearest(self, scan: PartialScan) -> tuple[Image, Image]:
        """Do what `scan.nearest` does, for a partial scan along this path."""
        return self._distance, scan.values.ravel()[self._nearest]


def training_key(seed: int, draw: Draw) -> int:
    """Name the randomness of a training sample: another one in every epoch, at every place."""
    words = np.random.SeedSequence((seed, draw.epoch, draw.position), spawn_key=(1,))
    return int(words.generate_state(1, np.uint64)[0] >> np.uint64(1))


def combinations(
    families: Sequence[str], coverages: Sequence[float]
) -> list[tuple[str, float]]:
    """List every family at every coverage, in an order whose short runs vary in both.

    Examples
    --------
    >>> combinations(["spiral", "dots"], [0.1, 0.2])
    [('spiral', 0.1), ('dots', 0.2), ('spiral', 0.2), ('dots', 0.1)]
    """
    period = lcm(len(families), len(coverages))
    return [
        (families[k % len(families)], coverages[(k + k // period) % len(coverages)])
        for k in range(len(families) * len(coverages))
    ]


def partial_scan_sample(
    truth: Image,
    design: ScanDesign | FixedScan,
    noise: Noise = _QUIET,
    rng: np.random.Generator | None = None,
    *,
    key: int = 0,
    kriged: bool = True,
) -> Batch:
    """Scan a truth and scale it by what was measured: one sample, in numpy arrays.

    Parameters
    ----------
    truth : (H, W) float32 in any unit.
    design : a scan of that shape.
    noise, rng : what goes wrong in the scan.
    key : see `Batch`.
    kriged : whether to complete by a Gaussian process too.

    Returns
    -------
    Batch without its batch dimension: images are (1, H, W) float32, or None.
    """
    trace = design.trace()
    scan = measure(truth, trace, noise, rng)
    scale = intensity_scale(scan)
    fixed = isinstance(design, FixedScan)
    distance, infill = design.nearest(scan) if fixed else scan.nearest
    target = scale.apply(truth)
    fields = (
        target[None],
        scale.apply(infill)[None],
        scan.dwell[None],
        distance[None],
        scale.apply(complete(scan, "gaussian-process"))[None] if kriged else None,
        np.float32(np.ptp(target)),
        np.float32(scan.coverage),
        np.int64(FAMILIES.index(design.family)),
        np.int64(key),
    )
    return Batch(*fields)  # type: ignore[arg-type]  # numpy here, tensors once collated


def collate(samples: Iterable[Batch]) -> Batch:
    """Stack samples in numpy arrays into one Batch of tensors; None stays None."""
    return Batch(*(_stacked(column) for column in zip(*samples, strict=True)))  # type: ignore[arg-type]


def _stacked(column: tuple[np.ndarray | None, ...]) -> torch.Tensor | None:
    present = [field for field in column if field is not None]
    return torch.from_numpy(np.stack(present)) if present else None
