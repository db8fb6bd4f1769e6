"""The LightningDataModule of the catalogue: labelled pictures to batches."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader

from stemgan.amounts import amount, are
from stemgan.data.sampler import PartSampler, ResumableLoader, WeightedSampler, ranks
from stemgan.data.shards import SPLITS
from stemgan.errors import InputError, check_whole
from stemgan_data_prep.catalogue.enough import check_enough
from stemgan_data_prep.catalogue.labels import FOLDER, Picture, find_pictures
from stemgan_data_prep.catalogue.pixels import pixels
from stemgan_data_prep.catalogue.reading_many import Watch
from stemgan_data_prep.catalogue.shared import Shared, shared_out
from stemgan_data_prep.catalogue.squares import LOADING
from stemgan_data_prep.splits import parse_shares


class Pictures(LightningDataModule):
    """Batches of labelled pictures, split by group so that each class is shared out alike.

    Pictures are read once, into memory or a cache that all processes map; there are no loading
    processes, as what is costly happens in the training step, on its device.

    Parameters
    ----------
    places : folders or files, or one of them.
    labels, tables : where labels come from, see `find_pictures`; pictures without one are left
        out, and those that show the same as another.
    split : shares of groups for train, val and test.
    seed : of the split and of the order in training.
    side : of the pictures in batches [px]: the largest that is trained on.
    batch_size : pictures a batch, on each rank; fewer where so many are not there to train.
    workers : processes that read the pictures, see `pixels`.
    cache : folder of the cache, see `pixels`.
    watch : see `pixels`; of this process.

    Raises
    ------
    InputError : a number that there cannot be; (in `setup`) nothing can be read, fewer than two
        classes, a class without a picture to train, or nothing to validate on.
    """

    def __init__(
        self,
        places: Sequence[str | Path] | str | Path,
        labels: str = FOLDER,
        tables: Sequence[str | Path] = (),
        split: str = "0.8,0.1,0.1",
        *,
        seed: int = 0,
        side: int = 224,
        batch_size: int = 32,
        workers: int | None = None,
        cache: str | Path | None = None,
        watch: Watch | None = None,
    ) -> None:
        super().__init__()
        check_whole("side", side, 1)
        check_whole("batch_size", batch_size, 2)  # of one, nothing can be normalised
        check_whole("seed", seed, 0)
        given = [places] if isinstance(places, str | Path) else places
        self.places, self.labels = [Path(place) for place in given], labels
        self.tables = [Path(table) for table in tables]
        self.shares = parse_shares(split, "split")
        self.seed, self.side, self.batch_size = seed, side, batch_size
        self.workers, self.watch = workers, watch
        self.cache = Path(cache) if cache is not None else None
        self.left_out: list[tuple[str, str]] = []
        """(key, reason) of what is not used."""
        self._shared: Shared | None = None

    def prepare_data(self) -> None:
        """Fill the cache, by one process; the others then find it filled."""
        if self.cache is not None:
            self.setup()

    def setup(self, stage: str | None = None) -> None:
        """Find, read and split the pictures; called by the trainer on every rank."""
        if self._shared is not None:
            return
        found = find_pictures(
            self.places, labels=self.labels, tables=self.tables, training=True
        )
        labelled = [picture for picture in found.pictures if picture.label]
        unknown = [(p.key, "it has no label") for p in found.pictures if not p.label]
        if not labelled:
            raise InputError(
                f"none of {amount(len(found.pictures), 'picture')} has a label: give the "
                "folder that holds a folder for each class, or labels=COLUMN of a table"
            )
        read = pixels(labelled, self.side, self.cache, self.workers, self.watch)
        shared = shared_out(read, self.shares, self.seed)
        self.left_out = [*found.left_out, *unknown, *read.left_out, *shared.copies]
        check_enough(shared.classes, shared.counts, len(shared.of["val"]), self.left_out)
        self._shared = shared

    @property
    def shared(self) -> Shared:
        """The pictures, read and split."""
        self.setup()
        assert self._shared is not None
        return self._shared

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.shared.classes

    @property
    def counts(self) -> tuple[int, ...]:
        """How many pictures of each class train."""
        return self.shared.counts

    @property
    def pictures(self) -> list[Picture]:
        """All pictures that can be read; a batch's keys count them."""
        return self.shared.read.pictures

    @property
    def sides(self) -> dict[str, list[Picture]]:
        """The pictures of each split (for `write_split`)."""
        return self.shared.sides

    @property
    def contents(self) -> dict[str, list[str]]:
        """What the pictures of each split show (for `write_split`)."""
        return self.shared.contents

    def described(self) -> list[dict[str, Any]]:
        """Name what it was made of, with a digest of all squares, labels and sides."""
        shared = self.shared
        names = ", ".join(place.resolve().name for place in self.places)
        counts = {split: len(shared.of[split]) for split in SPLITS}
        return [{"name": names, "images": counts, "sha256": shared.digest()}]

    def train_dataloader(self) -> ResumableLoader:
        """Draw training batches, in another order every epoch; the last odd ones are dropped.

        Raises
        ------
        InputError : there are fewer pictures than two for each rank.
        """
        squares = self.shared.squares("train")
        size = self._size(ranks()[1])
        alike = np.full(len(squares), 1 / len(squares))
        return ResumableLoader(
            squares,
            batch_size=size,
            sampler=WeightedSampler(alike, len(squares), self.seed),
            drop_last=True,
            processed=self._processed,
            **LOADING,
        )

    def batches(self, processes: int) -> int:
        """Count the training batches of each process in an epoch.

        Raises
        ------
        InputError : there are fewer pictures than two for each process.
        """
        return len(self.shared.of["train"]) // processes // self._size(processes)

    def _size(self, processes: int) -> int:
        pictures = len(self.shared.of["train"])
        if pictures < 2 * processes:
            raise InputError(
                f"{amount(pictures, 'picture')} to train {are(pictures)} fewer than 2 for each "
                "process: give more"
            )
        return min(self.batch_size, pictures // processes)

    def val_dataloader(self) -> DataLoader:
        """List the validation batches, always the same; each rank has its own part."""
        return self._evaluating("val")

    def test_dataloader(self) -> DataLoader | list[DataLoader]:
        """List the test batches, as those of validation; none where the split keeps none."""
        return self._evaluating("test") if len(self.shared.of["test"]) else []

    def _evaluating(self, split: str) -> DataLoader:
        squares = self.shared.squares(split)
        sampler = PartSampler(len(squares))
        return DataLoader(squares, batch_size=self.batch_size, sampler=sampler, **LOADING)

    def _processed(self) -> int | None:
        """Tell how many batches of the epoch the trainer is through with, if there is one."""
        if self.trainer is None:
            return None
        # Of the trainer's counters this alone is right wherever a checkpoint is saved.
        progress: Any = self.trainer.fit_loop.epoch_loop.batch_progress.current
        return progress.processed
