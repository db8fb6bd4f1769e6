"""`stemgan prepare`: tiles, groups, what is left out, and the same bytes however it is made."""

import json
import shutil

import numpy as np
import pytest

from stemgan.cli import main
from stemgan.data.shards import ShardedImages
from stemgan_data_prep import running
from stemgan_data_prep.jobs import Job, Settings
from stemgan_data_prep.micrographs import Source
from stemgan_data_prep.running import in_order
from tests.preparing import content, keys, prepare, rejected, scene, used, write


@pytest.fixture
def archive(tmp_path):
    folder = tmp_path / "archive" / "images"
    shapes = {"a1": (64, 64), "a2": (64, 100), "b": (130, 64), "c": (70, 70), "d": (64, 64)}
    for seed, (name, shape) in enumerate(shapes.items()):
        write(folder / f"{name}.tif", scene(shape, seed))
    write(folder / "small.tif", np.ones((63, 200), np.uint8))
    write(folder / "flat.tif", np.ones((64, 64), np.uint8))
    write(folder / "tiny.tif", scene((20, 90)))
    write(folder / "mask.tif", scene((64, 64)) > 2000)
    (folder / "broken.tif").write_bytes(b"II*\0nothing more")
    (folder / "empty.tif").write_bytes(b"")
    (folder.parent / "manifest.csv").write_text(
        "file,group,noise_fraction,pixel_size,pixel_unit,role,kind\n"
        "images/a1.tif,a,0.2,0.5,nm,train,x\nimages/a2.tif,a,,,,train,x\n"
        "images/c.tif,c,,,,eval,x\nimages/d.tif,c,,,,train,x\n",
        encoding="utf-8",
    )
    return folder


def test_prepare_cuts_tiles_and_says_what_it_left_out(archive, tmp_path, capsys):
    output = tmp_path / "set"
    assert prepare(archive, "-o", output, "--overlap", 0, "--json") == 0
    out, err = capsys.readouterr()
    figures = json.loads(out)
    assert (figures["images"], figures["tiles"], figures["rejected"]) == (3, 6, 8)
    assert sum(split["tiles"] for split in figures["splits"].values()) == 6
    assert sum(figures["reasons"].values()) == 8
    read, columns = ShardedImages(output), ShardedImages(output).columns
    files = [key.split("@")[0] for key in columns["key"]]
    assert sorted(files) == ["a1.tif", *["a2.tif"] * 2, *["b.tif"] * 3]
    groups = dict(zip(files, columns["group"], strict=True))
    assert groups == {"a1.tif": "a", "a2.tif": "a", "b.tif": "b.tif"}
    first, bottom = files.index("a1.tif"), columns["key"].index("b.tif@66,0")
    assert (columns["pixel_size"][first], columns["unit"][first]) == (0.5, "nm")
    assert np.array_equal(read[first], scene((64, 64), 0))
    assert np.array_equal(read[bottom], scene((130, 64), 2)[66:])
    reasons = rejected(output)
    kinds = {name.removesuffix(".tif"): kind for name, (kind, _) in reasons.items()}
    assert kinds == {
        "small": "too small",
        "tiny": "too small",
        "flat": "constant",
        "mask": "not an image",
        "broken": "unreadable",
        "empty": "unreadable",
        "c": "role",
        "d": "role",
    }
    assert "63x200" in reasons["small.tif"][1]
    assert "thumbnail" in reasons["tiny.tif"][1]
    assert "group c is eval" in reasons["d.tif"][1]
    assert not any(str(tmp_path) in reason for _, reason in reasons.values())
    assert all(f"left out {name}: " in err for name in reasons)


def test_full_tiles_lie_side_by_side_as_published(archive, tmp_path):
    assert prepare(archive, "-o", tmp_path / "set") == 0
    assert sorted(keys(tmp_path / "set")) == [
        "a1.tif@0,0",
        "a2.tif@0,0",
        "b.tif@0,0",
        "b.tif@64,0",
    ]


def test_quality_and_metadata_are_kept(archive, tmp_path):
    write(
        archive / "e.tif",
        scene((64, 64), 9),
        imagej=True,
        resolution=(4, 4),
        metadata={"unit": "nm", "Info": "A"},
    )
    assert prepare(archive / "e.tif", "-o", tmp_path / "set") == 0
    columns = ShardedImages(tmp_path / "set").columns
    assert (columns["pixel_size"], columns["unit"]) == ([0.25], ["nm"])
    assert 0 < columns["noise_fraction"][0] < 0.2
    assert columns["sharpness"][0] > 0
    assert (columns["saturation"], columns["constant"]) == ([0.0], [0.0])
    assert used(tmp_path / "set")["e.tif"]["metadata"] == {"Info": "A"}


def test_conditions_choose_tiles_by_their_figures(archive, tmp_path, capsys):
    noise = np.random.default_rng(0).integers(0, 999, (64, 64)).astype(np.uint16)
    write(archive / "noise.tif", noise)
    assert prepare(archive, "-o", tmp_path / "set", "--max-noise", 0.5) == 0
    kind, reason = rejected(tmp_path / "set")["noise.tif@0,0"]
    assert kind == "filter"
    assert "noise_fraction" in reason
    assert prepare(archive, "-o", tmp_path / "two", "--where", "sharpness>99") == 2
    assert "6 filter" not in capsys.readouterr().out
    assert prepare(archive, "-o", tmp_path / "two", "--where", "beauty>1") == 2
    assert "noise_fraction" in capsys.readouterr().err


def test_what_shows_the_same_is_kept_once(tmp_path):
    folder = tmp_path / "in"
    image = scene((64, 64)).astype(np.float32)
    write(folder / "a.tif", image)
    write(folder / "b" / "copy.tif", image)
    write(folder / "eight.tif", (image / 16).astype(np.uint8))
    write(folder / "other.tif", scene((64, 64), 1))
    assert prepare(folder, "-o", tmp_path / "set") == 0
    assert keys(tmp_path / "set") == ["a.tif@0,0", "other.tif@0,0"]
    reasons = rejected(tmp_path / "set")
    assert reasons["b/copy.tif@0,0"] == ("duplicate", "it has the same values as a.tif@0,0")
    assert "correlates by 1.000 with a.tif@0,0" in reasons["eight.tif@0,0"][1]
    assert prepare(folder, "-o", tmp_path / "two", "--duplicates", 2) == 0
    assert "eight.tif@0,0" in keys(tmp_path / "two")


def test_groups_of_a_dataset_never_straddle(archive, tmp_path):
    for seed in range(5):
        assert prepare(archive, "-o", tmp_path / f"set{seed}", "--seed", seed) == 0
        columns = ShardedImages(tmp_path / f"set{seed}").columns
        sides = {}
        for group, split in zip(columns["group"], columns["split"], strict=True):
            sides.setdefault(group, set()).add(split)
        assert all(len(side) == 1 for side in sides.values())


def test_categories_are_shared_out_alike(tmp_path):
    rows = ["file,group,material"]
    for index in range(8):
        write(tmp_path / "in" / f"{index}.tif", scene((64, 64), index))
        rows.append(f"{index}.tif,g{index},{'gold' if index % 2 else 'silver'}")
    (tmp_path / "in" / "manifest.csv").write_text("\n".join(rows), encoding="utf-8")
    arguments = ["--stratify", "material", "--split", "0.5,0.5,0"]
    assert prepare(tmp_path / "in", "-o", tmp_path / "set", *arguments) == 0
    columns = ShardedImages(tmp_path / "set").columns
    pairs = list(zip(columns["category"], columns["split"], strict=True))
    assert sorted(pairs) == sorted(
        (material, split) for material in ("gold", "silver") for split in ("train", "val") * 2
    )


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
    write(tmp_path / "small.tif", np.ones((10, 10), np.uint8))
    assert prepare(tmp_path / "small.tif", "-o", tmp_path / "set") == 2
    assert "no image can be used (1 too small)" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["small.tif"]
    for name, side in (("large.tif", 48), ("larger.tif", 56)):
        write(tmp_path / "odd" / name, scene((side, 60), side))
    write(tmp_path / "odd" / "even.tif", np.ones((64, 64), np.uint8))
    assert prepare(tmp_path / "odd", "-o", tmp_path / "set") == 2
    said = capsys.readouterr().err
    assert "(2 too small, 1 constant); large.tif: " in said
    assert "; even.tif: " in said
    assert "fits --size 56" in said
    shutil.rmtree(tmp_path / "odd")
    assert prepare(tmp_path / "nowhere", "-o", tmp_path / "set") == 2
    (tmp_path / "bare").mkdir()
    assert prepare(tmp_path / "bare", "-o", tmp_path / "set") == 2
    assert prepare(tmp_path / "small.tif", "-o", tmp_path / "no" / "set") == 2
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["bare", "small.tif"]


def test_a_dry_run_says_the_same_and_writes_nothing(archive, tmp_path, capsys):
    assert prepare(archive, "-o", tmp_path / "set", "--json", "--dry-run") == 0
    dry = json.loads(capsys.readouterr().out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive"]
    assert prepare(archive, "-o", tmp_path / "set", "--json") == 0
    assert json.loads(capsys.readouterr().out) == dry


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--overlap", "64"], "below --size"),
        (["--stack", "mean"], "frames, sum, first"),
        (["--compression", "zip"], "zstd or lz4"),
        (["--workers", "0"], "1 or more"),
        (["--max-nonfinite", "1"], "below 1"),
        (["--group-by", "colour"], "no manifest"),
        (["--stratify", "colour"], "columns are: file"),
        (["--scheduler", "nowhere://x"], "--scheduler"),
    ],
)
def test_wrong_arguments_are_one_sentence(archive, tmp_path, capsys, arguments, expected):
    sources = [str(archive), "-o", str(tmp_path / "set"), "--size", "64"]
    assert main(["prepare", *sources, *arguments]) == 2
    err = capsys.readouterr().err
    assert expected in err
    assert err.count("\n") == 1
    assert not (tmp_path / "set").exists()


def test_a_url_takes_a_dataset_too(archive, tmp_path):
    assert prepare(archive, "-o", "memory://prepared") == 0
    assert prepare(archive, "-o", tmp_path / "set") == 0
    remote, local = ShardedImages("memory://prepared"), ShardedImages(tmp_path / "set")
    assert remote.columns == local.columns
    assert np.array_equal(remote[1], local[1])


def test_files_of_many_images_are_cut_in_several_jobs(tmp_path, monkeypatch):
    stack = np.stack([scene((64, 64), seed) for seed in range(7)])
    write(tmp_path / "stack.tif", stack)
    assert prepare(tmp_path / "stack.tif", "-o", tmp_path / "one") == 0
    monkeypatch.setattr("stemgan_data_prep.cutting._PIXELS_A_JOB", 2 * 64 * 64)
    assert prepare(tmp_path / "stack.tif", "-o", tmp_path / "many") == 0
    assert content(tmp_path / "one") == content(tmp_path / "many")
    assert keys(tmp_path / "many") == [f"stack.tif#{index}@0,0" for index in range(7)]
    source = Source(tmp_path / "stack.tif", "s", group="s")
    jobs = [job for job, _ in in_order(iter([Job(source)]), running.Here(Settings(size=64)))]
    assert [job.first for job in jobs] == [0, 2, 4, 6]


def test_dataset_info_and_verify(archive, tmp_path, capsys):
    output = tmp_path / "set"
    prepare(archive, "-o", output)
    capsys.readouterr()
    assert main(["dataset", "info", str(output), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)["datasets"][0]
    assert (facts["images"], facts["size"]) == (4, 64)
    assert main(["dataset", "verify", str(output)]) == 0
    file = output / "rejected.csv"
    file.write_bytes(file.read_bytes()[:-5])
    assert main(["dataset", "verify", str(output)]) == 2
    assert "rejected.csv" in capsys.readouterr().err
