"""Loading processes: the same batches whatever their number, in memory that does not grow."""

import gc
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from stemgan.data.crops import CropSettings
from stemgan.data.module import PartialScanData
from stemgan.data.pool import ImagePool
from stemgan.data.scans import TrainingScans
from stemgan.data.shards import Label, ShardedImages, ShardWriter


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "set"
    rng = np.random.default_rng(0)
    with ShardWriter(path, 96, {}, per_shard=7) as writer:
        for index in range(30):
            image = rng.normal(size=(96, 96)).cumsum(axis=1)
            split = "train" if index % 3 else "val"
            writer.append(image, Label(f"k{index}", f"{split}{index // 9}", "s", split))
    return path


def data(dataset, **changes):
    crops = CropSettings(size=64, families=("spiral", "dots", "random"), coverage=(0.05, 0.2))
    return PartialScanData([dataset], batch_size=3, crops=crops, val_coverages=[0.1], **changes)


@pytest.fixture(scope="module")
def alone(dataset):
    loader = data(dataset).train_dataloader()
    epochs = []
    for epoch in (0, 1):
        loader.sampler.set_epoch(epoch)
        epochs.append(list(loader))
    return epochs


def same(one, two):
    return all(
        torch.equal(field, other)
        for batch, also in zip(one, two, strict=True)
        for field, other in zip(batch, also, strict=True)
    )


@pytest.mark.filterwarnings("ignore:This DataLoader will create 4 worker:UserWarning")
@pytest.mark.parametrize("workers", [1, 4])
def test_workers_change_nothing(dataset, alone, workers):
    loader = data(dataset, num_workers=workers).train_dataloader()
    for epoch, batches in enumerate(alone):
        loader.sampler.set_epoch(epoch)
        assert same(list(loader), batches)
    assert not same(*alone)
    if workers == 1:  # in mid-epoch, though the worker has prepared more
        loader.sampler.set_epoch(0)
        loader.sampler.seen = 0
        running = iter(loader)
        next(running)
        again = data(dataset).train_dataloader()
        again.load_state_dict(loader.state_dict())
        assert same(list(again), alone[0][1:])
        running.close()


def test_what_workers_are_sent_does_not_grow_with_labels(dataset):
    pool = ImagePool([ShardedImages(dataset)], "train")
    sent = pickle.dumps(TrainingScans(pool, CropSettings(size=64)))
    assert b"k20" not in sent


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
def test_memory_is_flat(dataset):
    images = ShardedImages(dataset)
    loader = data(dataset, samples_per_epoch=12).train_dataloader()

    def resident():
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def epoch(number):
        loader.sampler.set_epoch(number)
        assert len(list(loader)) == 4
        return sum(images[index % 30].nbytes for index in range(1000))

    for number in range(3):
        epoch(number)
    before = resident()
    loaded = sum(epoch(number) for number in range(3, 6))
    assert resident() - before < loaded / 10
