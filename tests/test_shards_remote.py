"""Datasets below URLs: written, continued, read, verified, merged as on disk."""

from uuid import uuid4

import fsspec
import numpy as np
import pytest
import zarr

from stemgan.cli import main
from stemgan.data.shards import Label, ShardedImages, ShardWriter, is_finished
from stemgan.data.shards.merge import merge
from stemgan.data.shards.places import location
from stemgan.data.shards.verify import verify
from stemgan.errors import InputError


def image(index):
    return np.random.default_rng(index).integers(0, 999, (16, 16))


def fill(writer, stop):
    for index in range(len(writer), stop):
        writer.append(image(index), Label(f"k{index}", f"g{index}", "s", "train"))


def break_off(url):
    """Write seven images, of which the first shard of four is safe."""
    writer = ShardWriter(url, 16, {}, per_shard=4)
    fill(writer, 7)
    writer.__exit__(KeyboardInterrupt, None, None)


@pytest.fixture
def url():
    return f"memory://{uuid4().hex}/set"


@pytest.fixture
def files():
    return fsspec.filesystem("memory")


def test_round_trip_on_disk_and_below_a_url(url, tmp_path):
    for path in (url, tmp_path / "set", (tmp_path / "again").as_uri()):
        with ShardWriter(path, 16, {}, per_shard=4) as writer:
            fill(writer, 10)
            writer.attach("rejected.csv", "file,reason\n")
        read = ShardedImages(path)
        assert all(np.array_equal(read[i], image(i)) for i in range(10))
        assert verify(path) == []
        assert is_finished(path, {})
    for name in ("zarr.json", "labels.jsonl", "images/c.2.0.0", "rejected.csv"):
        stored = fsspec.open(f"{url}/{name}").open().read()
        assert stored == (tmp_path / "set" / name).read_bytes()
        assert stored == (tmp_path / "again" / name).read_bytes()


def test_zarr_opens_it_below_a_url(url):
    with ShardWriter(url, 16, {}, per_shard=4) as writer:
        fill(writer, 10)
    array = zarr.open_array(f"{url}/images", mode="r")
    assert np.array_equal(array[7], ShardedImages(url).codes(7))


def test_interrupted_below_a_url_it_is_unread_and_goes_on(url, files):
    break_off(url)
    with pytest.raises(InputError, match="not a complete dataset"):
        ShardedImages(url)
    assert not is_finished(url, {})
    with ShardWriter(url, 16, {}, per_shard=4) as writer:
        assert len(writer) == 4
        fill(writer, 10)
    assert np.array_equal(ShardedImages(url)[9], image(9))
    assert not files.exists(f"{url}/journal")


def test_only_an_unfinished_dataset_is_replaced(url, files):
    break_off(url)
    with ShardWriter(url, 16, {"seed": 2}, per_shard=4) as writer:
        assert len(writer) == 0
        fill(writer, 3)
    with pytest.raises(InputError, match="exists"):
        ShardWriter(url, 16, {"seed": 2}, per_shard=4)
    with pytest.raises(InputError, match="other settings"):
        is_finished(url, {})
    files.pipe_file(f"{url}-notes/thesis.txt", b"irreplaceable")
    with pytest.raises(InputError, match="something else"):
        ShardWriter(f"{url}-notes", 16, {})
    assert files.cat_file(f"{url}-notes/thesis.txt") == b"irreplaceable"


def test_damage_below_a_url_is_named(url, files):
    with ShardWriter(url, 16, {}, per_shard=4) as writer:
        fill(writer, 10)
    name = f"{url}/images/c.1.0.0"
    data = bytearray(files.cat_file(name))
    data[5] ^= 1
    files.pipe_file(name, bytes(data))
    (found,) = verify(url)
    assert str(found).startswith("chunk 0 of images/c.1.0.0 (image k4)")


def test_command_takes_urls(url, tmp_path, capsys):
    with ShardWriter(url, 16, {}, per_shard=4) as writer:
        fill(writer, 10)
    assert main(["dataset", "info", url]) == 0
    assert capsys.readouterr().out.startswith(f"{url}: 10 images")
    assert main(["dataset", "merge", url, "-o", f"{url}-merged"]) == 0
    assert main(["dataset", "verify", f"{url}-merged"]) == 0
    assert merge([url], tmp_path / "merged")
    assert np.array_equal(ShardedImages(tmp_path / "merged")[5], image(5))


def test_unknown_and_missing_urls_are_input_errors(url):
    with pytest.raises(InputError, match="cannot be reached"):
        ShardedImages("gopher://somewhere/set")
    with pytest.raises(InputError, match="not a dataset"):
        ShardedImages(url)


def test_what_a_store_raises_is_said_in_a_sentence(url, files, monkeypatch):
    with ShardWriter(url, 16, {}, per_shard=4) as writer:
        fill(writer, 6)
    images = ShardedImages(url)

    def refuse(*_, **__):
        raise RuntimeError("no credentials")

    monkeypatch.setattr(type(files), "cat_file", refuse)
    with pytest.raises(InputError, match=r"could not be read: .*no credentials"):
        ShardedImages(url)
    with pytest.raises(InputError, match="no credentials"):
        images[0]
    monkeypatch.setattr(type(files), "pipe_file", refuse)
    with pytest.raises(InputError, match=r"could not be written: .*no credentials"):
        ShardWriter(f"{url}-new", 16, {})


def test_a_server_that_lists_nothing_is_read(url, files, monkeypatch):
    with ShardWriter(url, 16, {}, per_shard=4) as writer:
        fill(writer, 6)
    files.rm(f"{url}/images/c.1.0.0")
    with pytest.raises(InputError, match=r"lacks images/c\.1\.0\.0"):
        ShardedImages(url)
    monkeypatch.setattr(type(files), "ls", lambda *_, **__: [])
    images = ShardedImages(url)
    assert np.array_equal(images[3], image(3))
    with pytest.raises(InputError, match=r"images/c\.1\.0\.0"):
        images[4]


def test_paths_stay_paths(tmp_path):
    assert location(tmp_path.as_uri()) == tmp_path
    assert location("C:folder/set").name == "set"
    assert location("s3://bucket/set") == "s3://bucket/set"
