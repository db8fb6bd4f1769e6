"""Labelled pictures as batches: sides, order, resuming, processes."""

from collections import Counter
from itertools import chain

import numpy as np
import pytest
import tifffile
import torch

from stemgan.data import sampler
from stemgan.errors import InputError
from stemgan.manifest import read_tables
from stemgan_data_prep.catalogue.loading import Pictures
from stemgan_data_prep.catalogue.sides import read_contents, read_split, write_split

CLASSES = ("Fibres", "Films", "Tips")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Ten pictures of each class, and a stack of three."""
    folder = tmp_path_factory.mktemp("archive")
    rng = np.random.default_rng(0)
    for number, name in enumerate(CLASSES):
        (folder / name).mkdir()
        for index in range(10):
            data = rng.normal(1000, 20 + number, (40, 44)).astype(np.float32)
            tifffile.imwrite(folder / name / f"{index}.tif", data)
    stack = rng.normal(size=(3, 40, 40)).astype(np.float32)
    tifffile.imwrite(folder / "Tips" / "stack.tif", stack, photometric="minisblack")
    return folder


def made(archive, **options):
    data = Pictures(archive, side=32, workers=0, **{"batch_size": 4, **options})
    data.setup()
    return data


def drawn(loader):
    return [key for batch in loader for key in batch["key"].tolist()]


def test_classes_are_shared_out_alike_and_groups_stay_whole(archive):
    data = made(archive)
    assert data.classes == CLASSES
    sides = data.sides
    assert sum(map(len, sides.values())) == 33
    for split, least in (("train", 8), ("val", 1), ("test", 1)):
        counts = Counter(picture.label for picture in sides[split])
        assert all(counts[name] >= least for name in CLASSES)
    groups = [{picture.group for picture in pictures} for pictures in sides.values()]
    assert sum(map(len, groups)) == len(set().union(*groups)) == 31
    assert data.counts == tuple(
        Counter(picture.label for picture in sides["train"])[name] for name in CLASSES
    )


def test_copies_are_left_out_rather_than_on_two_sides(archive, tmp_path):
    copy = tmp_path / "more" / "Films" / "copy.tif"
    copy.parent.mkdir(parents=True)
    copy.write_bytes((archive / "Tips" / "0.tif").read_bytes())
    data = Pictures([archive, tmp_path / "more"], side=32, workers=0, batch_size=4)
    data.setup()
    used = [picture.file.name for pictures in data.sides.values() for picture in pictures]
    assert len(used) == 33
    assert "copy.tif" not in used
    assert [(key[-8:], why[-20:]) for key, why in data.left_out] == [
        ("copy.tif", "is of the class Tips")
    ]


def test_other_seeds_split_otherwise_and_the_same_alike(archive):
    assert made(archive).sides == made(archive).sides
    assert made(archive, seed=1).sides != made(archive).sides


def test_batches_hold_the_pictures_they_say(archive):
    data = made(archive)
    pictures = data.pictures
    for loader in (data.train_dataloader(), data.val_dataloader(), data.test_dataloader()):
        for batch in loader:
            assert batch["image"].dtype == torch.uint8
            assert batch["image"].shape[1:] == (32, 32)
            for key, label in zip(batch["key"], batch["label"], strict=True):
                assert pictures[int(key)].label == data.classes[int(label)]


def test_an_epoch_has_every_training_picture_in_another_order(archive):
    data = made(archive)
    loader = data.train_dataloader()
    first = drawn(loader)
    loader.sampler.set_epoch(1)
    second = drawn(loader)
    assert len(first) == len(set(first)) == len(data.sides["train"]) // 4 * 4
    assert first != second
    assert drawn(data.val_dataloader()) == drawn(data.val_dataloader())


def test_training_goes_on_in_mid_epoch_as_it_would_have(archive):
    whole = drawn(made(archive).train_dataloader())
    loader = made(archive).train_dataloader()
    batches = iter(loader)
    begun = [next(batches)["key"].tolist() for _ in range(2)]
    resumed = made(archive).train_dataloader()
    resumed.load_state_dict(loader.state_dict())
    assert [*chain(*begun), *drawn(resumed)] == whole


def test_processes_share_pictures_out(archive, monkeypatch):
    parts = []
    for rank in range(2):
        monkeypatch.setattr(sampler, "ranks", lambda rank=rank: (rank, 2))
        parts.append(drawn(made(archive, split="0.5,0.5,0").val_dataloader()))
    both = parts[0] + parts[1]
    assert len(both) == len(set(both))
    monkeypatch.undo()
    assert set(both) == set(drawn(made(archive, split="0.5,0.5,0").val_dataloader()))


def test_a_cache_gives_the_same(archive, tmp_path):
    data = made(archive, cache=tmp_path)
    loader = data.val_dataloader()
    assert isinstance(loader.dataset.images, np.memmap)
    for one, other in zip(loader, made(archive).val_dataloader(), strict=True):
        assert torch.equal(one["image"], other["image"])


def test_few_pictures_make_a_small_batch(archive):
    batch = next(iter(made(archive, batch_size=512).train_dataloader()))
    assert len(batch["image"]) == len(made(archive).sides["train"])


def test_a_split_is_written_as_a_table_and_read_again(archive, tmp_path):
    data = made(archive, split="0.2,0.6,0.2")
    (tmp_path / "run").mkdir()
    path = tmp_path / "run" / "split.csv"
    write_split(path, data.sides, data.contents)
    shown = {split: read_contents(path, [split]) for split in data.sides}
    assert not shown["train"] & (shown["val"] | shown["test"])
    for split, pictures in data.sides.items():
        assert read_split(path, split) == pictures
        assert len(shown[split]) == len(pictures)
    table = read_tables([path])
    for split, pictures in data.sides.items():
        for one in pictures:
            frame = one.frame if "#" in one.key else None
            assert table.row(one.file, frame)["split"] == split
    with pytest.raises(InputError, match="no table of splits"):
        read_split(tmp_path / "split.csv", "test")


def test_what_cannot_be_trained_on_is_refused(archive, tmp_path):
    with pytest.raises(InputError, match="two or more"):
        made(_one_class(tmp_path))
    with pytest.raises(InputError, match="none of 10 pictures has a label"):
        made(archive / "Films")
    with pytest.raises(InputError, match="no picture is left to validate on"):
        made(archive, split="1,0,0")
    with pytest.raises(InputError, match=r"split 0\.8 is not three shares"):
        made(archive, split="0.8")
    with pytest.raises(InputError, match="batch_size=0"):
        made(archive, batch_size=0)


def _one_class(folder):
    (folder / "Tips").mkdir()
    rng = np.random.default_rng(0)
    for index in range(3):
        tifffile.imwrite(folder / "Tips" / f"{index}.tif", rng.normal(size=(40, 40)))
    return folder
