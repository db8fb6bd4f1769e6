import csv
import json
from itertools import pairwise

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from stemgan.cli import main
from stemgan.data.shards import SPLITS, ShardedImages
from stemgan.errors import InputError
from stemgan_data_prep.micrographs import find
from stemgan_data_prep.prepare import tile_starts
from stemgan_data_prep.splits import assign, parse_shares, position

names = st.lists(st.text(max_size=5), min_size=1, max_size=30)


@pytest.fixture
def archive(tmp_path):
    rng = np.random.default_rng(0)
    folder = tmp_path / "archive" / "images"
    folder.mkdir(parents=True)
    for name, shape in {"a1": (64, 64), "a2": (64, 100), "b": (130, 64), "c": (70, 70)}.items():
        tifffile.imwrite(folder / f"{name}.tif", rng.integers(0, 4096, shape).astype(np.uint16))
    tifffile.imwrite(folder / "small.tif", np.ones((63, 200), np.uint8))
    tifffile.imwrite(folder / "flat.tif", np.ones((64, 64), np.uint8))
    (folder / "broken.tif").write_bytes(b"II*\0nothing more")
    (folder / "empty.tif").write_bytes(b"")
    (folder.parent / "manifest.csv").write_text(
        "file,group,noise_fraction,pixel_size,pixel_unit,role\n"
        "images/a1.tif,a,0.2,0.5,nm,train\nimages/a2.tif,a,,,,train\nimages/c.tif,c,,,,eval\n",
        encoding="utf-8",
    )
    return folder


def prepare(*arguments):
    return main(["prepare", *map(str, arguments), "--size", "64"])


@given(names, st.integers(0, 100), st.sampled_from([(0.8, 0.1, 0.1), (0.5, 0.5, 0), (1, 0, 0)]))
def test_every_wanted_split_has_a_group_where_there_are_enough(groups, seed, shares):
    splits = assign(groups, shares, seed)
    assert set(splits) == set(groups)
    wanted = [name for name, share in zip(SPLITS, shares, strict=True) if share]
    assert set(splits.values()) <= set(wanted)
    assert set(wanted[: len(splits)]) <= set(splits.values())


@given(names, names, st.integers(0, 100))
def test_groups_keep_their_side_as_an_archive_grows(groups, more, seed):
    alone = {group: position(group, seed) for group in groups}
    assert all(
        position(group, seed) == alone[group] for group in groups + more if group in alone
    )
    many = [f"filler-{index}" for index in range(200)]
    before, after = (
        assign(groups + many, (0.6, 0.2, 0.2), seed),
        assign(groups + many + more, (0.6, 0.2, 0.2), seed),
    )
    assert all(after[group] == split for group, split in before.items())


def test_shares_of_many_groups_are_as_asked():
    splits = list(assign((f"{i}" for i in range(4000)), (0.7, 0.2, 0.1)).values())
    assert abs(splits.count("train") / 4000 - 0.7) < 0.03
    assert abs(splits.count("val") / 4000 - 0.2) < 0.03


@pytest.mark.parametrize("text", ["0.8", "0.8,0.1,0.2", "a,b,c", "0,0.5,0.5", "1.2,-0.1,-0.1"])
def test_bad_shares_are_refused(text):
    with pytest.raises(InputError, match="--split"):
        parse_shares(text)


@given(st.integers(16, 128), st.integers(0, 1000))
def test_tiles_cover_a_side_and_stay_on_it(size, extra):
    side = size + extra
    starts = tile_starts(side, size)
    assert starts[0] == 0
    assert starts[-1] + size == side
    assert all(0 < b - a <= size for a, b in pairwise(starts))


def test_prepare_cuts_tiles_and_says_what_it_left_out(archive, tmp_path, capsys):
    output = tmp_path / "set"
    assert prepare(archive, "-o", output, "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures == {"images": 3, "rejected": 5, "tiles": 6}
    read = ShardedImages(output)
    assert len(read) == 6
    columns = read.columns
    keys = [key.split("@")[0] for key in columns["key"]]
    assert sorted(keys) == ["a1.tif", *["a2.tif"] * 2, *["b.tif"] * 3]
    groups = dict(zip(keys, columns["group"], strict=True))
    assert groups == {"a1.tif": "a", "a2.tif": "a", "b.tif": "b.tif"}
    first = keys.index("a1.tif")
    assert columns["noise_fraction"][first] == 0.2
    assert (columns["pixel_size"][first], columns["unit"][first]) == (0.5, "nm")
    assert np.array_equal(read[first], tifffile.imread(archive / "a1.tif"))
    bottom = columns["key"].index("b.tif@66,0")
    assert np.array_equal(read[bottom], tifffile.imread(archive / "b.tif")[66:])
    with (output / "rejected.csv").open(encoding="utf-8") as stream:
        reasons = {row["file"]: row["reason"] for row in csv.DictReader(stream)}
    assert set(reasons) == {"small.tif", "flat.tif", "broken.tif", "empty.tif", "c.tif"}
    assert "63x200" in reasons["small.tif"]
    assert "role" in reasons["c.tif"]


def test_groups_of_a_dataset_never_straddle(archive, tmp_path):
    for seed in range(5):
        assert prepare(archive, "-o", tmp_path / f"set{seed}", "--seed", seed) == 0
        columns = ShardedImages(tmp_path / f"set{seed}").columns
        sides = {}
        for group, split in zip(columns["group"], columns["split"], strict=True):
            sides.setdefault(group, set()).add(split)
        assert all(len(side) == 1 for side in sides.values())


def test_again_on_a_finished_dataset_does_nothing(archive, tmp_path, capsys):
    output = tmp_path / "set"
    assert prepare(archive, "-o", output) == 0
    before = (output / "zarr.json").stat().st_mtime_ns
    assert prepare(archive, "-o", output) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert (output / "zarr.json").stat().st_mtime_ns == before
    assert prepare(archive, "-o", output, "--seed", 1) == 2
    assert "other settings" in capsys.readouterr().err


def test_nothing_usable_leaves_nothing(tmp_path, capsys):
    tifffile.imwrite(tmp_path / "small.tif", np.ones((10, 10), np.uint8))
    assert prepare(tmp_path / "small.tif", "-o", tmp_path / "set") == 2
    assert "no image can be used" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["small.tif"]
    assert prepare(tmp_path / "nowhere", "-o", tmp_path / "set") == 2
    (tmp_path / "bare").mkdir()
    assert prepare(tmp_path / "bare", "-o", tmp_path / "set") == 2
    assert prepare(tmp_path / "small.tif", "-o", tmp_path / "no" / "set") == 2
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["bare", "small.tif"]


def test_manifest_without_its_columns_is_refused(archive):
    (archive / "manifest.csv").write_text("file,kind\n", encoding="utf-8")
    with pytest.raises(InputError, match="lacks the column group"):
        find([archive])


def test_a_manifest_speaks_for_a_single_file_and_for_folders_below(archive):
    (archive / "deep").mkdir()
    tifffile.imwrite(archive / "deep" / "x.tif", np.eye(64, dtype=np.float32))
    with (archive.parent / "manifest.csv").open("a", encoding="utf-8") as stream:
        stream.write("images/deep/x.tif,deep,,,,eval\n")
    for place in (archive.parent, archive, archive / "c.tif"):
        rows = {source.file.name: source.row for source in find([place])}
        assert rows["c.tif"]["role"] == "eval"
    (archive / "manifest.csv").write_text("file,group\nb.tif,near\n", encoding="utf-8")
    for place in (archive / "deep", archive / "deep" / "x.tif"):
        (source,) = find([place])
        assert (source.group, source.row["role"]) == ("deep", "eval")


def test_a_manifest_of_something_else_is_left_alone(archive):
    (archive.parent / "manifest.csv").write_text("package,version\n", encoding="utf-8")
    assert {source.group for source in find([archive / "b.tif"])} == {"b.tif"}


def test_a_manifest_that_is_no_utf_8_is_refused(archive):
    (archive / "manifest.csv").write_bytes("file,group\nb.tif,caf\xe9\n".encode("latin-1"))
    with pytest.raises(InputError, match="UTF-8"):
        find([archive])


def test_files_of_one_name_in_two_folders_are_told_apart(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        tifffile.imwrite(tmp_path / folder / "x.tif", np.eye(64, dtype=np.float32))
    sources = find([tmp_path / "one", tmp_path / "two", tmp_path / "one" / "x.tif"])
    assert [source.key for source in sources] == ["x.tif", "two/x.tif"]


def test_synthesize_command_is_the_same_with_and_without_workers(tmp_path, capsys):
    arguments = ["synthesize", "-n", "10", "--size", "64", "--seed", "5"]
    for name, workers in (("alone", "0"), ("two", "2")):
        output = ["-o", str(tmp_path / name), "--workers", workers]
        assert main([*arguments, *output]) == 0
    one, two = ShardedImages(tmp_path / "alone"), ShardedImages(tmp_path / "two")
    assert all(np.array_equal(one[i], two[i]) for i in range(10))
    assert set(one.columns["noise_fraction"]) == {0.0}
    assert {"train", "val"} == set(one.columns["split"])
    capsys.readouterr()
    assert main([*arguments, "-o", str(tmp_path / "alone"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"done_before": True}
    for wrong in (["-n", "0"], ["-n", "1", "--seed", "-1"]):
        assert main(["synthesize", *wrong, "-o", str(tmp_path / "none")]) == 2
    assert main([*arguments, "-o", str(tmp_path / "no" / "set")]) == 2
