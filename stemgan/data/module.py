"""The LightningDataModule: datasets on disk to batches of partial scans."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader

from stemgan.amounts import amount, are
from stemgan.data.crops import CropSettings
from stemgan.data.pool import ImagePool, Limits
from stemgan.data.sampler import (
    PartSampler,
    ResumableLoader,
    WeightedSampler,
    ranks,
    start_worker,
)
from stemgan.data.samples import collate
from stemgan.data.scans import TrainingScans, ValidationScans
from stemgan.data.shards import ShardedImages
from stemgan.data.shards.sides import check_sides
from stemgan.errors import InputError, check_number, check_whole
from stemgan.scan import FAMILIES

VALIDATION_COVERAGES = (1 / 10, 1 / 17.9, 1 / 50, 1 / 87)


class PartialScanData(LightningDataModule):
    """Batches of partial scans from sharded datasets.

    Parameters
    ----------
    datasets : folders, or URLs that fsspec knows, or one of them, made by `stemgan prepare` or
        `stemgan synthesize`; their images must be at least `crops.size` wide. Train images
        train; val images validate.
    shares : how often each dataset is drawn from, relative to the others; alike by default.
    group_power : an image of a group of n weighs n ** -group_power within its dataset, so that
        a few large groups do not dominate: 0 treats images alike, 1 groups.
    limits : least and greatest value of some figures of the training images, such as
        ``{"saturation": (None, 0.05)}`` (see `ImagePool`); validation images are all taken.
    crops : how training samples are drawn.
    batch_size : samples a batch, on each rank.
    samples_per_epoch : training samples an epoch, over all ranks; the number of images by
        default.
    val_families, val_coverages : validation scans; all training families, and four coverages
        from 1/10 to 1/87, by default. Where training scans are all one (`crops.fixed`), that
        one validates, and these stay out.
    val_size : side of the validation crops [px]; that of the training crops by default.
    val_repeats : scans of each validation image.
    val_batch_size : samples a validation batch; `batch_size` by default.
    num_workers : loading processes; 0 loads in the training process.
    seed : seed of draws, crops and scans.

    Raises
    ------
    InputError : a number, a share or a family that there cannot be; (in `setup`) a dataset is
        missing, too small, or nothing is to train or validate on, or a group or an image is in
        train in one dataset and in val in another.
    """

    def __init__(
        self,
        datasets: Sequence[str | Path] | str | Path,
        shares: Sequence[float] | None = None,
        *,
        group_power: float = 0.5,
        limits: Limits | None = None,
        crops: CropSettings | None = None,
        batch_size: int = 8,
        samples_per_epoch: int | None = None,
        val_families: Sequence[str] | None = None,
        val_coverages: Sequence[float] | None = None,
        val_size: int | None = None,
        val_repeats: int = 1,
        val_batch_size: int | None = None,
        num_workers: int = 0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.crops = crops or CropSettings()
        self.datasets = [datasets] if isinstance(datasets, str | Path) else list(datasets)
        self.shares = list(shares) if shares is not None else [1.0] * len(self.datasets)
        if len(self.shares) != len(self.datasets) or not all(s > 0 for s in self.shares):
            raise InputError(
                f"{len(self.datasets)} datasets and shares {self.shares} do not go together: "
                "give one share above 0 for each dataset"
            )
        for name, count in (
            ("batch_size", batch_size),
            ("samples_per_epoch", samples_per_epoch),
            ("val_repeats", val_repeats),
            ("val_batch_size", val_batch_size),
            ("val_size", val_size),
        ):
            if count is not None:
                check_whole(name, count, 1)
        check_whole("num_workers", num_workers, 0)
        check_number("group_power", group_power, 0)
        self.group_power, self.limits = group_power, dict(limits or {})
        self.batch_size, self.val_batch_size = batch_size, val_batch_size or batch_size
        self.samples_per_epoch = samples_per_epoch
        self.val_families = tuple(val_families or self.crops.families)
        self.val_coverages = tuple(val_coverages or VALIDATION_COVERAGES)
        if self.crops.fixed and (val_families or val_coverages):
            raise InputError(
                "the fixed scan of training is that of validation too: leave out "
                "val_families and val_coverages"
            )
        _check_validated(self.val_families, self.val_coverages)
        self.val_size, self.val_repeats = val_size or self.crops.size, val_repeats
        self.num_workers, self.seed = num_workers, seed
        self._train: ImagePool | None = None

    def setup(self, stage: str | None = None) -> None:
        """Open the datasets; called by the trainer on every rank."""
        if self._train is not None:
            return
        opened = [ShardedImages(path) for path in self.datasets]
        for images in opened:
            if images.size < max(self.crops.size, self.val_size):
                raise InputError(
                    f"{images.path} has images of {images.size} px, smaller than the crops of "
                    f"{max(self.crops.size, self.val_size)}: choose smaller crops"
                )
        check_sides(opened)
        train, self._val = ImagePool(opened, "train", self.limits), ImagePool(opened, "val")
        for pool in (train, self._val):
            if not len(pool):
                within = " within the limits" if pool.limits else ""
                raise InputError(
                    f"no dataset has a {pool.split} image{within}: prepare with --split"
                )
        self._train = train

    def train_dataloader(self) -> ResumableLoader:
        """Draw training batches; the last incomplete one is dropped."""
        self.setup()
        assert self._train is not None
        weights = self._train.weights(self.shares, self.group_power)
        count = self.samples_per_epoch or len(self._train)
        return ResumableLoader(
            TrainingScans(self._train, self.crops, self.seed),
            batch_size=self.batch_size,
            sampler=WeightedSampler(weights, count, self.seed),
            drop_last=True,
            processed=self._processed,
            **self._loading(self.num_workers),
        )

    def val_dataloader(self) -> list[DataLoader]:
        """List the validation batches, always the same: of held-out images, and of seen ones.

        The seen ones are as many training images, under scans of the same kinds: what a
        network has more of error on the held-out ones, it has learned by heart. Each rank has
        its own part of both.

        Raises
        ------
        InputError : there are fewer samples than ranks.
        """
        self.setup()
        assert self._train is not None
        return [self._validating(self._val), self._validating(self._train.like(self._val))]

    def _validating(self, pool: ImagePool) -> DataLoader:
        scans = ValidationScans(
            pool,
            self.val_size,
            self.val_families,
            self.val_coverages,
            self.val_repeats,
            fixed=self.crops.fixed_design(self.val_size) if self.crops.fixed else None,
            kriged=self.crops.kriged,
        )
        world = ranks()[1]
        if len(scans) < world:
            raise InputError(
                f"{amount(len(scans), f'{pool.split} scan')} to validate on {are(len(scans))} "
                f"too few for {world} processes: give data.val_repeats or prepare more images"
            )
        # Held-out and seen samples together have as many workers as training.
        loading = self._loading(-(-self.num_workers // 2))
        sampler = PartSampler(len(scans))
        return DataLoader(scans, batch_size=self.val_batch_size, sampler=sampler, **loading)

    def _processed(self) -> int | None:
        """Tell how many batches of the epoch the trainer is through with, if there is one."""
        if self.trainer is None:
            return None
        # Of the trainer's counters this alone is right wherever a checkpoint is saved.
        progress: Any = self.trainer.fit_loop.epoch_loop.batch_progress.current
        return progress.processed

    def _loading(self, workers: int) -> dict[str, Any]:
        loading: dict[str, Any] = {
            "collate_fn": collate,
            "num_workers": workers,
            "pin_memory": torch.cuda.is_available(),
        }
        if workers:
            # Spawned on every system: forks of a process with threads may hang.
            loading |= {
                "multiprocessing_context": "spawn",
                "persistent_workers": True,
                "worker_init_fn": start_worker,
            }
        return loading


def _check_validated(families: Sequence[str], coverages: Sequence[float]) -> None:
    unknown = [family for family in families if family not in FAMILIES]
    if unknown:
        raise InputError(f"val_families {unknown}: choose from {', '.join(FAMILIES)}")
    for coverage in coverages:
        check_number("val_coverages", coverage, 0, 1, above=True)
