"""`stemgan dataset info|verify|merge`: damage is named, groups stay on one side."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from stemgan.cli import main
from stemgan.data.overview import chosen, contact_sheet, overview
from stemgan.data.shards import Label, ShardedImages, ShardWriter
from stemgan.data.shards.chunks import index_length, unpack_index
from stemgan.data.shards.merge import merge
from stemgan.data.shards.verify import verify
from stemgan.errors import InputError


def write(path, names, *, size=16, split=None, low=0, compression="zstd"):
    """Write an image for each name, the letter of which is its group."""
    with ShardWriter(path, size, {"of": names}, per_shard=4, compression=compression) as writer:
        for index, name in enumerate(names):
            image = low + np.random.default_rng((index, low)).normal(size=(size, size))
            side = split or ("val" if name[0] == "v" else "train")
            label = Label(name, name[0], f"{name[0]}.tif", side, 0.5, "nm", sharpness=index)
            writer.append(image, label)
        writer.attach("rejected.csv", "file,reason\n")
    return path


@pytest.fixture
def dataset(tmp_path):
    return write(tmp_path / "set", ["a1", "a2", "a3", "b1", "v1", "v2"])


def run(capsys, *words):
    code = main(["dataset", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


def chunks_of(shard):
    """List where each chunk of a shard of at most four images starts and stops."""
    return unpack_index(bytes(shard[-index_length(4) :]), 4)


def chunk_at(shard, position):
    """Say which chunk of a shard holds a byte; None: its index."""
    spans = enumerate(chunks_of(shard))
    return next((n for n, (start, stop) in spans if start <= position < stop), None)


def test_whole_dataset(dataset, capsys):
    assert verify(dataset) == verify(dataset, threads=3) == []
    code, out, _ = run(capsys, "verify", dataset)
    assert (code, "every byte" in out) == (0, True)


def test_any_flipped_byte_is_found_and_named(dataset):
    rng = np.random.default_rng(0)
    files = [file for file in dataset.rglob("*") if file.is_file()]
    assert len(files) == 6  # two shards, three of metadata and labels, one attached
    for file in files:
        name, whole = file.relative_to(dataset).as_posix(), file.read_bytes()
        shard = file.name.startswith("c.")
        for position in range(int(rng.integers(5)), len(whole), 5):
            chunk = chunk_at(whole, position) if shard else None
            damaged = bytearray(whole)
            damaged[position] ^= 1 << int(rng.integers(8))
            file.write_bytes(bytes(damaged))
            if shard or name == "rejected.csv":
                (found,) = verify(dataset)
                assert (found.file, found.chunk) == (name, chunk)
            else:  # it cannot even be opened
                with pytest.raises(InputError, match=name if "/" in name else "set"):
                    verify(dataset)
        file.write_bytes(whole)
    assert verify(dataset) == []


def test_shards_that_are_cut_or_gone(dataset, capsys):
    file = dataset / "images" / "c.1.0.0"
    whole = file.read_bytes()
    for length in (0, 3, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:length])
        assert "c.1.0.0" in str(verify(dataset)[0])
    file.write_bytes(b"more" + whole)
    assert verify(dataset)
    file.unlink()
    code, _, err = run(capsys, "verify", dataset)
    assert (code, "lacks images/c.1.0.0" in err) == (2, True)


def test_verify_names_shard_chunk_and_image(dataset, tmp_path, capsys):
    file = dataset / "images" / "c.0.0.0"
    damaged = bytearray(file.read_bytes())
    for index in (0, 2):
        damaged[chunks_of(damaged)[index][0] + 9] ^= 4
    file.write_bytes(bytes(damaged))
    other = write(tmp_path / "other", ["c1"])
    code, out, err = run(capsys, "verify", dataset, other, "--json")
    facts = json.loads(out)["datasets"]
    assert code == 2
    assert [(d["file"], d["chunk"], d["key"]) for d in facts[0]["damage"]] == [
        ("images/c.0.0.0", 0, "a1"),
        ("images/c.0.0.0", 2, "a3"),
    ]
    assert facts[1]["damage"] == []
    assert "chunk 2 of images/c.0.0.0 (image a3)" in err
    assert err.count("\n") == 1
    with pytest.raises(InputError, match=r"image 2 .*chunk 2 of images/c\.0\.0\.0"):
        ShardedImages(dataset)[2]


def test_verify_finds_what_a_writer_did_wrong(tmp_path):
    with ShardWriter(tmp_path / "set", 8, {}) as writer:
        for key, split in (("k", "train"), ("k", "val")):
            writer.append(np.eye(8), Label(key, "g", "s", split))
    reasons = [damage.reason for damage in verify(tmp_path / "set")]
    assert reasons == ["two images have the key k", "group g is in train and in val"]


def test_info_counts(dataset, capsys):
    facts = overview(ShardedImages(dataset))
    assert facts["splits"] == {"train": 4, "val": 2}
    assert facts["groups"] == {"train": 2, "val": 1}
    assert facts["largest_groups"] == {"a": 3, "v": 2, "b": 1}
    assert facts["sources"] == 3
    assert facts["figures"]["sharpness"] == {
        "least": 0.0,
        "median": 2.5,
        "greatest": 5.0,
        "known": 6,
    }
    assert facts["figures"]["pixel [nm]"]["median"] == 0.5
    code, out, _ = run(capsys, "info", dataset)
    assert code == 0
    for text in ("train 4 of 2 groups", "sharpness", "largest: a 3"):
        assert text in out
    assert run(capsys, "info", dataset.parent)[0] == 2


def test_preview_shows_every_group(dataset, tmp_path, capsys):
    images = ShardedImages(dataset)
    assert chosen(images, 3) == [0, 3, 4]  # one of each group
    assert chosen(images, 2) == [0, 3]
    assert chosen(images, 50) == list(range(6))
    path = tmp_path / "sheet.png"
    assert run(capsys, "info", dataset, "--preview", path)[0] == 0
    with Image.open(path) as sheet:
        assert np.array_equal(np.asarray(sheet), np.asarray(contact_sheet(images)))
        assert sheet.width > 6 * 128
        colours = {colour for _, colour in sheet.getcolors(10**6)}
    assert {(90, 90, 90), (230, 159, 0)} <= colours  # a frame for train and for val
    code, _, err = run(capsys, "info", dataset, "--preview", path)
    assert (code, "exists" in err) == (2, True)
    assert run(capsys, "info", dataset, "--preview", path, "--overwrite")[0] == 0


def test_merged_images_and_labels_are_those_of_the_parts(dataset, tmp_path, capsys):
    other = write(tmp_path / "other", ["c1", "a9"], low=100, compression="lz4")
    output = tmp_path / "both"
    assert run(capsys, "merge", dataset, other, "-o", output)[0] == 0
    both, parts = ShardedImages(output), [ShardedImages(dataset), ShardedImages(other)]
    assert both.columns == {
        name: parts[0].columns[name] + parts[1].columns[name] for name in both.columns
    }
    for number, (part, index) in enumerate([*((parts[0], i) for i in range(6)), (parts[1], 1)]):
        number = 7 if part is parts[1] else number
        assert np.array_equal(both[number], part[index])
    assert verify(output) == []
    code, out, _ = run(capsys, "merge", dataset, other, "-o", output)
    assert (code, "nothing to do" in out) == (0, True)
    code, _, err = run(capsys, "merge", other, "-o", output)
    assert (code, "other settings" in err) == (2, True)


def test_merge_refuses_leaks_doubles_and_sizes_by_name(dataset, tmp_path):
    leak = write(tmp_path / "leak", ["b7"], split="test")
    with pytest.raises(InputError, match=r"group b is in train .* in test"):
        merge([dataset, leak], tmp_path / "out")
    double = write(tmp_path / "double", ["a2"])
    with pytest.raises(InputError, match="both have an image a2"):
        merge([dataset, double], tmp_path / "out")
    same = write(tmp_path / "same", ["c1"], split="val")
    with pytest.raises(InputError, match=r"c1 in val .* the same image as a1 in train"):
        merge([dataset, same], tmp_path / "out")
    large = write(tmp_path / "large", ["c1"], size=24)
    with pytest.raises(InputError, match=r"16 px and .* 24"):
        merge([dataset, large], tmp_path / "out")
    assert sorted(child.name for child in tmp_path.iterdir()) == [
        "double",
        "large",
        "leak",
        "same",
        "set",
    ]


def test_merge_continues(dataset, tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    def stopping(numbers):
        for number in numbers:
            if number == 9:
                raise Killed
            yield number

    others = [write(tmp_path / "other", [f"c{i}" for i in range(7)], low=1)]
    monkeypatch.setattr("stemgan.data.shards.writer._SHARD_PIXELS", 4 * 16**2)
    with pytest.raises(Killed):
        merge([dataset, *others], tmp_path / "both", watch=stopping)
    seen = []

    def watch(numbers):
        seen.extend(numbers)
        return seen

    assert merge([dataset, *others], tmp_path / "both", watch=watch)
    assert seen == list(range(8, 13))
    merge([dataset, *others], tmp_path / "again")
    for file in (tmp_path / "again").rglob("c.*"):
        assert file.read_bytes() == (tmp_path / "both" / "images" / file.name).read_bytes()


def test_options_of_other_actions_are_refused(dataset, tmp_path, capsys):
    for words in (
        ("verify", dataset, "--preview", tmp_path / "p.png"),
        ("info", dataset, "-o", tmp_path / "x"),
        ("merge", dataset, dataset),
        ("merge", dataset),
    ):
        assert run(capsys, *words)[0] == 2


def test_what_is_attached_is_checked_too(dataset):
    (dataset / "rejected.csv").write_text("nothing", encoding="utf-8")
    (found,) = verify(dataset)
    assert found.file == "rejected.csv"
    shutil.rmtree(dataset / "images")
    with pytest.raises(InputError, match="missing"):
        verify(dataset)
