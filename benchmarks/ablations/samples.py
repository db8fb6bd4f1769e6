"""The samples of all arms: made once, so that kriging is paid once, and kept on disk."""

import shutil
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch.utils.data import Dataset
from tqdm import tqdm

from stemgan.data import Batch
from stemgan.data.crops import CropSettings
from stemgan.data.module import PartialScanData
from stemgan.data.pool import ImagePool
from stemgan.data.samples import collate
from stemgan.data.scans import ValidationScans
from stemgan.data.shards import ShardedImages
from stemgan.data.shards.sides import check_sides
from stemgan.errors import InputError

VAL_FAMILIES = ("spiral", "dots", "line-hop", "jittered-grid")
VAL_COVERAGES = (1 / 17.9, 1 / 50, 1 / 87)
ZOOM = 1.5
TRAIN, SPIRAL, FIXED = "train", "train-spiral", "fixed spiral"
_AT_ONCE = 4


class Plan(NamedTuple):
    """What is drawn.

    datasets, shares : folders, and how often each is drawn from.
    train, spiral : training samples under all scans, and under the fixed one; multiples of 4.
    val : validation samples of each dataset.
    size, val_size : sides of the crops [px].
    pitch : of the fixed spiral, on crops of `size` [px].
    """

    datasets: tuple[str, ...]
    shares: tuple[float, ...]
    train: int = 1200
    spiral: int = 400
    val: int = 120
    size: int = 256
    val_size: int = 256
    pitch: float = 16

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the datasets' validation samples: those of their folders."""
        return tuple(Path(path).resolve().name for path in self.datasets)


class Kept(Dataset):
    """Samples on disk, read as they are needed."""

    def __init__(self, folder: Path) -> None:
        self.fields = [
            np.load(path, mmap_mode="r") if path.is_file() else None
            for path in (folder / f"{name}.npy" for name in Batch._fields)
        ]

    def __len__(self) -> int:
        assert self.fields[0] is not None
        return len(self.fields[0])

    def __getitem__(self, index: int) -> Batch:
        fields: list[Any] = [None if f is None else f[index] for f in self.fields]
        return Batch(*fields)

    def head(self, count: int) -> Batch:
        """Return the first samples as a batch of tensors."""
        return collate([self[i] for i in range(count)])


def make_samples(plan: Plan, folder: Path) -> dict[str, Kept]:
    """Make what is missing of the samples, and open all, by name.

    Raises
    ------
    InputError : two datasets have the same name, or one has no validation images.
    """
    if len(set(plan.names)) < len(plan.names) or not plan.names:
        raise InputError(f"datasets {plan.names}: give folders of different names")
    opened = [ShardedImages(path) for path in plan.datasets]
    check_sides(opened)
    wanted: dict[str, tuple[int, Any]] = {
        TRAIN: (plan.train, lambda: _training(plan, CropSettings(plan.size, ZOOM))),
        SPIRAL: (plan.spiral, lambda: _training(plan, _fixed(plan))),
    }
    for name, images in zip(plan.names, opened, strict=True):
        wanted[name] = (plan.val, lambda images=images: _validation(plan, [images]))
    everywhere = sum(len(images.split("val")) for images in opened)
    wanted[FIXED] = (everywhere, lambda: _validation(plan, opened, fixed=True))
    folder.mkdir(exist_ok=True)
    for name, (count, samples) in wanted.items():
        if not (folder / name).is_dir():
            _keep(folder / name, samples(), count)
    return {name: Kept(folder / name) for name in wanted}


def _fixed(plan: Plan) -> CropSettings:
    return CropSettings(
        plan.size, ZOOM, families=("spiral",), fixed=True, pitch=plan.pitch, kriged=False
    )


def _training(plan: Plan, crops: CropSettings) -> Iterable[Batch]:
    count = plan.spiral if crops.fixed else plan.train
    data = PartialScanData(
        plan.datasets,
        plan.shares,
        crops=crops,
        batch_size=_AT_ONCE,
        samples_per_epoch=count,
    )
    return data.train_dataloader()


def _validation(
    plan: Plan, opened: Sequence[ShardedImages], *, fixed: bool = False
) -> Iterable[Batch]:
    """Scan held-out images in the middle: as often as is wanted, or once by the fixed scan."""
    pool = ImagePool(opened, "val")
    if not len(pool):
        raise InputError(f"{opened[0].path} has no val image: prepare with --split")
    repeats = 1 if fixed else -(-plan.val // len(pool))
    scans = ValidationScans(
        pool,
        plan.size if fixed else plan.val_size,
        VAL_FAMILIES,
        VAL_COVERAGES,
        repeats,
        fixed=_fixed(plan).fixed_design(plan.size) if fixed else None,
    )
    count = len(scans) if fixed else plan.val
    return (collate([scans[i]]) for i in range(count))


def _keep(folder: Path, batches: Iterable[Batch], count: int) -> None:
    """Write samples to a folder that appears when all are there."""
    unfinished = folder.with_name(f".{folder.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    fields: dict[str, np.ndarray] = {}
    done = 0
    with tqdm(total=count, desc=folder.name, unit="sample", mininterval=5) as bar:
        for batch in islice(batches, count):
            size = min(len(batch.target), count - done)
            for name, tensor in batch._asdict().items():
                if tensor is None:
                    continue
                if name not in fields:
                    fields[name] = np.lib.format.open_memmap(
                        unfinished / f"{name}.npy",
                        mode="w+",
                        dtype=tensor.numpy().dtype,
                        shape=(count, *tensor.shape[1:]),
                    )
                fields[name][done : done + size] = tensor[:size].numpy()
            done += size
            bar.update(size)
    for field in fields.values():
        field.flush()  # type: ignore[attr-defined]
    if done < count:
        raise InputError(f"only {done} of {count} samples {folder.name} could be drawn")
    unfinished.rename(folder)
