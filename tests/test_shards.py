import json
import pickle
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stemgan.data.codes import quantise, restore
from stemgan.data.shards import (
    COLUMNS,
    Label,
    ShardedImages,
    ShardWriter,
    is_finished,
)
from stemgan.errors import InputError


def label(index, split="train"):
    return Label(f"key-{index}", f"group-{index // 3}", "source", split)


def write(path, images, per_shard=4, request=None):
    with ShardWriter(path, images[0].shape[0], request or {}, per_shard=per_shard) as writer:
        for index, image in enumerate(images):
            writer.append(image, label(index))


def write_and_break_off(path, images, request):
    writer = ShardWriter(path, 32, request, per_shard=4)
    writer.__enter__()
    for index, image in enumerate(images):
        writer.append(image, label(index))
    writer.__exit__(KeyboardInterrupt, None, None)
    return writer.folder


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return [rng.normal(50, 10, (32, 32)).astype(np.float32) for _ in range(10)]


@pytest.fixture
def dataset(tmp_path, images):
    write(tmp_path / "set", images)
    return tmp_path / "set"


def test_round_trip_with_labels(dataset, images):
    read = ShardedImages(dataset)
    assert len(read) == 10
    assert set(read.columns) == set(COLUMNS)
    for index, image in enumerate(images):
        assert read[index].dtype == np.float32
        assert np.abs(read[index] - image).max() <= np.ptp(image) / 65535
    assert read.columns["key"][7] == "key-7"
    assert read.columns["pixel_size"] == [None] * 10
    with pytest.raises(IndexError):
        read[10]


def test_shards_hold_several_images(dataset):
    files = {file.name for file in (dataset / "images").iterdir()}
    assert files == {"zarr.json", "c.0.0.0", "c.1.0.0", "c.2.0.0"}  # of 4, 4 and 2 images


@given(
    arrays(
        np.float64,
        (4, 5),
        elements=st.floats(-1e12, 1e12) | st.floats(-1e-9, 1e-9) | st.floats(0, 1),
    )
)
def test_quantisation_is_within_half_a_step(image):
    codes, low, high = quantise(image)
    restored = restore(codes, low, high)
    rounding = np.abs(image).max() * 1e-6 + 1e-37  # of float32
    assert np.abs(restored - image).max() <= (np.ptp(image) / 65535) * 0.5001 + rounding


@given(arrays(np.int64, (3, 4), elements=st.integers(-32768, 32767)))
def test_counts_come_back_exactly(image):
    assert np.array_equal(restore(*quantise(image)), image)


@pytest.mark.parametrize("value", [0.37, -3, 1e25])
def test_constant_image_comes_back(value):
    restored = restore(*quantise(np.full((4, 4), value)))
    assert np.array_equal(restored, np.full((4, 4), np.float32(value)))


def test_values_that_are_not_finite_are_refused(tmp_path):
    with (
        pytest.raises(ValueError, match="finite"),
        ShardWriter(tmp_path / "set", 8, {}) as writer,
    ):
        writer.append(np.full((8, 8), np.nan), label(0))


def test_another_shape_is_refused(tmp_path):
    with (
        pytest.raises(ValueError, match="differ"),
        ShardWriter(tmp_path / "set", 8, {}) as writer,
    ):
        writer.append(np.zeros((8, 9)), label(0))


def test_interrupted_writing_leaves_nothing_and_continues(tmp_path, images):
    path = tmp_path / "set"
    folder = write_and_break_off(path, images[:6], {"a": (1,)})
    assert not path.exists()
    with pytest.raises(InputError, match="not a complete dataset"):
        ShardedImages(folder)
    with ShardWriter(path, 32, {"a": (1,)}, per_shard=4) as writer:
        assert len(writer) == 4  # the whole shards
        for index in range(4, 10):
            writer.append(images[index], label(index))
    read = ShardedImages(path)
    assert read.columns["key"] == [f"key-{index}" for index in range(10)]
    assert all(np.abs(read[i] - image).max() < 0.01 for i, image in enumerate(images))
    assert not folder.exists()


def test_interrupted_writing_of_another_request_starts_anew(tmp_path, images):
    write_and_break_off(tmp_path / "set", images, {"seed": 0})
    with ShardWriter(tmp_path / "set", 32, {"seed": 1}, per_shard=4) as writer:
        assert len(writer) == 0
        writer.append(images[0], label(0))
    assert len(ShardedImages(tmp_path / "set")) == 1


def test_finished_dataset_is_known_by_its_request(dataset):
    assert is_finished(dataset, {})
    assert not is_finished(dataset.with_name("other"), {})
    with pytest.raises(InputError, match="other settings"):
        is_finished(dataset, {"seed": 1})
    with pytest.raises(InputError, match="exists"):
        ShardWriter(dataset, 32, {})


def test_missing_parent_folder_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        ShardWriter(tmp_path / "none" / "set", 32, {})


def test_files_of_file_managers_are_no_shards(dataset):
    (dataset / "images" / ".DS_Store").touch()
    ShardedImages(dataset)


def test_reader_is_sent_unopened(dataset):
    read = ShardedImages(dataset)
    first = read[0]
    sent = pickle.dumps(read)
    assert b"key-7" not in sent  # workers are sent intensity scales alone
    again = pickle.loads(sent)
    assert np.array_equal(again[0], first)
    assert again.columns == read.columns


def test_damage_is_found(dataset):
    file = dataset / "images" / "c.0.0.0"
    whole = file.read_bytes()
    damaged = bytearray(whole)
    damaged[100] ^= 255
    file.write_bytes(bytes(damaged))
    with pytest.raises(InputError, match="damaged"):
        [ShardedImages(dataset)[i] for i in range(4)]
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged"):
        [ShardedImages(dataset)[i] for i in range(4)]
    file.unlink()
    with pytest.raises(InputError, match="lacks"):
        ShardedImages(dataset)


def test_what_is_not_a_dataset_is_an_input_error(tmp_path, dataset):
    with pytest.raises(InputError, match="not a dataset"):
        ShardedImages(tmp_path)
    (tmp_path / "zarr.json").write_text("[1, 2", encoding="utf-8")
    with pytest.raises(InputError, match="not a dataset"):
        ShardedImages(tmp_path)
    metadata = json.loads((dataset / "zarr.json").read_text(encoding="utf-8"))
    metadata["attributes"]["version"] = 3
    (dataset / "zarr.json").write_text(json.dumps(metadata), encoding="utf-8")
    with pytest.raises(InputError, match="newer"):
        ShardedImages(dataset)
    shutil.rmtree(dataset)
    with pytest.raises(InputError, match="not a dataset"):
        ShardedImages(dataset)


def test_split_lists_its_images(tmp_path):
    with ShardWriter(tmp_path / "set", 8, {}) as writer:
        for index, split in enumerate(("train", "val", "train")):
            writer.append(np.ones((8, 8)), label(index, split))
    read = ShardedImages(tmp_path / "set")
    assert read.split("train").tolist() == [0, 2]
    assert read.split("test").tolist() == []
    with pytest.raises(InputError, match="no split"):
        read.split("validation")
