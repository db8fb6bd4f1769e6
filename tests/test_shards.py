import json
import pickle
import shutil

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

from stemgan.data.codes import quantise
from stemgan.data.shards import (
    COLUMNS,
    COMPRESSIONS,
    Label,
    ShardedImages,
    ShardWriter,
    encode_image,
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


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_any_zarr_reader_opens_it(tmp_path, images, compression):
    with ShardWriter(tmp_path / "set", 32, {}, per_shard=4, compression=compression) as writer:
        for index, image in enumerate(images):
            writer.append(image, label(index))
    array = zarr.open_group(tmp_path / "set", mode="r")["images"]
    read = ShardedImages(tmp_path / "set")
    assert np.array_equal(array[:], np.stack([read.codes(i) for i in range(10)]))
    assert np.array_equal(array[9], read.codes(9))


def write_version_1(path, images):
    """Write a dataset as the first version of the format was, by Zarr's own means."""
    root = zarr.create_group(path)
    array = root.create_array(
        "images",
        shape=(len(images), 32, 32),
        chunks=(1, 32, 32),
        shards=(4, 32, 32),
        dtype="uint16",
        compressors=[zarr.codecs.ZstdCodec(level=3), zarr.codecs.Crc32cCodec()],
        config={"write_empty_chunks": True},
    )
    coded = [quantise(image) for image in images]
    array[:] = np.stack([codes for codes, _, _ in coded])
    names = ("key", "group", "source", "split", "pixel_size", "unit", "noise_fraction")
    columns = {name: [getattr(label(i), name) for i in range(len(images))] for name in names}
    columns |= {"low": [c[1] for c in coded], "high": [c[2] for c in coded]}
    facts = {"format": "stemgan-images", "version": 1, "complete": True, "request": {}}
    sizes = {"count": len(images), "size": 32, "per_shard": 4}
    root.attrs.update({**facts, **sizes, "columns": columns})


def test_version_1_is_read(tmp_path, dataset, images):
    write_version_1(tmp_path / "old", images)
    old, new = ShardedImages(tmp_path / "old"), ShardedImages(dataset)
    assert old.version == 1
    assert set(old.columns) == set(COLUMNS)
    assert old.columns["group"] == new.columns["group"]
    assert old.columns["sharpness"] == [None] * 10
    assert all(np.array_equal(old[i], new[i]) for i in range(10))
    shutil.rmtree(tmp_path / "old" / "images" / "c" / "1")
    with pytest.raises(InputError, match="lacks images/c/1/0/0"):
        ShardedImages(tmp_path / "old")


def test_intensities_and_figures_are_kept(tmp_path):
    image = np.arange(64.0).reshape(8, 8) * 3 - 7
    figures = {"saturation": 0.25, "sharpness": float("nan"), "detector": "HAADF"}
    with ShardWriter(tmp_path / "set", 8, {}) as writer:
        writer.append(image, Label("a", "g", "s", "val", **figures))
    columns = ShardedImages(tmp_path / "set").columns
    assert columns["mean"] == [pytest.approx(image.mean())]
    assert columns["std"] == [pytest.approx(image.std())]
    assert (columns["low"], columns["peak"]) == ([-7.0], [182.0])
    assert (columns["saturation"], columns["detector"]) == ([0.25], ["HAADF"])
    assert columns["sharpness"] == [None]  # what is no number is not known


@given(st.text(max_size=20), st.text(max_size=20))
def test_names_in_any_script_come_back(tmp_path_factory, key, group):
    path = tmp_path_factory.mktemp("names") / "set"
    with ShardWriter(path, 8, {}) as writer:
        writer.append(np.eye(8), Label(key, group, "a\udcff\u2028b", "train"))
    columns = ShardedImages(path).columns
    assert (columns["key"], columns["group"]) == ([key], [group])
    assert columns["source"] == ["a\udcff\u2028b"]


def test_an_image_is_encoded_anywhere(tmp_path, dataset, images):
    with ShardWriter(tmp_path / "sent", 32, {}, per_shard=4) as writer:
        for index, image in enumerate(images):
            writer.append_encoded(pickle.loads(pickle.dumps(encode_image(image))), label(index))
    for name in ("zarr.json", "labels.jsonl", "images/c.2.0.0"):
        assert (tmp_path / "sent" / name).read_bytes() == (dataset / name).read_bytes()


def test_unknown_compression_is_refused(tmp_path):
    with pytest.raises(InputError, match="zstd or lz4"):
        ShardWriter(tmp_path / "set", 8, {}, compression="gzip")


def test_shards_hold_several_images(dataset):
    files = {file.name for file in (dataset / "images").iterdir()}
    assert files == {"zarr.json", "c.0.0.0", "c.1.0.0", "c.2.0.0"}  # of 4, 4 and 2 images


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
