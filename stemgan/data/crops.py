"""From a stored image to what a network sees: crop, zoom, turn, scan, scale."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from math import lcm
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from stemgan.data.batch import Batch
from stemgan.data.shards import ShardedImages
from stemgan.errors import InputError
from stemgan.measurement import Noise, intensity_scale, measure
from stemgan.scan import FAMILIES, ScanDesign, random_design
from stemgan.synthetic import detect
from stemgan.synthetic.fields import blur, log_uniform

Image = NDArray[np.float32]
SMALLEST_CROP = 64
_QUIET = Noise()
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

    Raises
    ------
    InputError : a size below 64, a zoom below 1, no or an unknown family, a bad coverage.
    """

    size: int = 256
    zoom: float = 2.0
    families: tuple[str, ...] = FAMILIES[:-1]
    coverage: tuple[float, float] = (0.01, 0.1)
    noisy_truths: float = 0.5
    noisy_scans: float = 0.3

    def __post_init__(self) -> None:
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


class Draw(NamedTuple):
    """What the sampler asks of the training set: sample `position` of `epoch`, from `index`."""

    epoch: int
    position: int
    index: int


@dataclass
class ImagePool:
    """Images of one split from several datasets, as one list.

    Parameters
    ----------
    datasets : the opened datasets.
    split : train, val or test.
    """

    datasets: Sequence[ShardedImages]
    split: str
    where: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.where = np.array(
            [
                (d, i)
                for d, images in enumerate(self.datasets)
                for i in images.split(self.split)
            ],
            dtype=np.int64,
        ).reshape(-1, 2)

    def __len__(self) -> int:
        return len(self.where)

    def image(self, index: int) -> Image:
        """Read image `index`, (size, size) float32."""
        dataset, i = self.where[index]
        return self.datasets[dataset][int(i)]

    def column(self, name: str) -> list:
        """List a column of the datasets (see `stemgan.data.shards.Label`) for these images."""
        return [self.datasets[d].columns[name][i] for d, i in self.where]

    def weights(self, shares: Sequence[float], group_power: float) -> NDArray[np.float64]:
        """Say how often each image is drawn, (n,), summing to 1.

        Parameters
        ----------
        shares : relative weight of each dataset.
        group_power : an image of a group of n images weighs n ** -group_power within its
            dataset: 0 treats images alike, 1 groups.
        """
        groups = list(zip(self.where[:, 0].tolist(), self.column("group"), strict=True))
        sizes: dict[tuple[int, str], int] = {}
        for group in groups:
            sizes[group] = sizes.get(group, 0) + 1
        weights = np.array([float(sizes[group]) ** -group_power for group in groups])
        for dataset, share in enumerate(shares):
            own = self.where[:, 0] == dataset
            weights[own] *= share / max(weights[own].sum(), 1e-300)
        return weights / weights.sum()


class TrainingScans(Dataset):
    """Random partial scans of random crops; a sample follows from (seed, draw) alone."""

    def __init__(self, pool: ImagePool, settings: CropSettings, seed: int = 0) -> None:
        self.pool, self.settings, self.seed = pool, settings, seed
        self.clean = [noise == 0 for noise in pool.column("noise_fraction")]

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
            design = random_design(truth.shape, rng, settings.families, settings.coverage)
            try:
                return partial_scan_sample(truth, design, noise, rng)
            except InputError:  # a wide path may measure next to nothing of a small frame
                continue
        raise InputError(
            f"no scan of coverage {settings.coverage} measures enough of a crop of "
            f"{settings.size} px: choose larger crops or coverages"
        )


class ValidationScans(Dataset):
    """Fixed partial scans of fixed crops, at every combination of family and coverage in turn.

    A sample follows from its image's key and its place in the list, never from a seed.

    Parameters
    ----------
    pool : the images.
    size : side of the crop at each image's centre [px].
    families, coverages : image i gets combination i, starting anew after the last.
    repeats : how many scans each image gets, of different combinations where there are enough.
    """

    def __init__(
        self,
        pool: ImagePool,
        size: int,
        families: Sequence[str],
        coverages: Sequence[float],
        repeats: int = 1,
    ) -> None:
        self.pool, self.size, self.repeats = pool, size, repeats
        self.keys = pool.column("key")
        self.scans = combinations(families, coverages)

    def __len__(self) -> int:
        return len(self.pool) * self.repeats

    def __getitem__(self, item: int) -> Batch:
        repeat, index = divmod(item, len(self.pool))
        family, coverage = self.scans[(index + repeat) % len(self.scans)]
        image = self.pool.image(index)
        top, left = ((side - self.size) // 2 for side in image.shape)
        truth = image[top : top + self.size, left : left + self.size]
        digest = sha256(f"{self.keys[index]}/{repeat}".encode()).digest()
        seed = int.from_bytes(digest[:4], "big")
        design = ScanDesign(family, (self.size, self.size), coverage=coverage, seed=seed)
        return partial_scan_sample(truth, design)


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
    design: ScanDesign,
    noise: Noise = _QUIET,
    rng: np.random.Generator | None = None,
) -> Batch:
    """Scan a truth and scale it by what was measured: one sample, in numpy arrays.

    Parameters
    ----------
    truth : (H, W) float32 in any unit.
    design : a scan of that shape.
    noise, rng : what goes wrong in the scan.

    Returns
    -------
    Batch without its batch dimension: images are (1, H, W) float32.
    """
    trace = design.trace()
    scan = measure(truth, trace, noise, rng)
    scale = intensity_scale(scan)
    distance, infill = scan.nearest
    target = scale.apply(truth)
    fields = (
        target[None],
        scale.apply(infill)[None],
        scan.dwell[None],
        distance[None],
        np.float32(np.ptp(target)),
        np.float32(scan.coverage),
        np.int64(FAMILIES.index(design.family)),
    )
    return Batch(*fields)  # type: ignore[arg-type]  # numpy here, tensors once collated


def collate(samples: Iterable[Batch]) -> Batch:
    """Stack samples in numpy arrays into one Batch of tensors."""
    columns = zip(*samples, strict=True)
    return Batch(*(torch.from_numpy(np.stack(column)) for column in columns))


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
