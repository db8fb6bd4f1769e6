"""Partial scans of crops of stored images: random ones to train on, fixed ones to validate."""

from collections.abc import Sequence
from hashlib import sha256
from math import lcm
from typing import NamedTuple

import numpy as np
from torch.utils.data import Dataset

from stemgan.data.batch import Batch
from stemgan.data.crops import CropSettings, as_recorded, dihedral, random_crop, random_noise
from stemgan.data.pool import ImagePool
from stemgan.data.samples import QUIET, FixedScan, partial_scan_sample
from stemgan.errors import InputError
from stemgan.scan import ScanDesign, random_design

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
        noise = random_noise(rng) if noisy else QUIET
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

    def _design(self, rng: np.random.Generator) -> ScanDesign | FixedScan:
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
