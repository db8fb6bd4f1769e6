"""The benchmark of classifiers: its pictures, which runs it plans, and the tables it writes."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from stemgan.errors import InputError
from stemgan.images import read_micrograph, write_image
from tests.benchmarking import FOLDER as BENCHMARKS
from tests.benchmarking import scripts

FOLDER = BENCHMARKS / "catalogue"
NAMES = ("images", "compare", "results")


@pytest.fixture
def benchmark(monkeypatch):
    with scripts(monkeypatch, FOLDER, NAMES) as script:
        yield script


def test_pictures_follow_from_their_number_and_stay(benchmark, tmp_path):
    images = benchmark("images")
    images.make(tmp_path, ("spheres", "tip"), 2, 48, 3)
    path = tmp_path / "tip" / "tip_0001.tif"
    first = read_micrograph(path).data
    assert first.shape == (48, 48)
    assert (first.min(), first.max()) == (0, 255)
    np.testing.assert_array_equal(first, images.drawn("tip", 1, 48, 3))
    assert (first != images.drawn("tip", 1, 48, 4)).any()
    stamp = path.stat().st_mtime_ns
    images.make(tmp_path, ("spheres", "tip"), 3, 48, 3)
    assert path.stat().st_mtime_ns == stamp
    assert len(list(tmp_path.rglob("*.tif"))) == 6


def test_the_backbone_sees_no_class_of_the_task(benchmark):
    from stemgan.synthetic import KINDS

    sets = benchmark("images").SETS
    assert len(sets["task"]) >= 6
    assert sorted(sets["task"] + sets["other"]) == sorted(KINDS)


def test_tiles_keep_their_image_and_empty_ones_are_left_out(benchmark, tmp_path, capsys):
    images = benchmark("images")
    rng = np.random.default_rng(0)
    sem = tmp_path / "sem"
    sem.mkdir()
    rows = ["file,category"]
    for number in range(4):
        image = rng.normal(100, 2, (64, 130)).astype("f4")
        image[:, :64] += np.repeat(np.repeat(rng.integers(0, 2, (8, 8)), 8, 0), 8, 1) * 50
        write_image(sem / f"{number}.tif", image)
        rows.append(f"sem/{number}.tif,{'Powder' if number else 'Alone'}")
    (sem / "manifest.csv").write_text("\n".join(rows))
    images.cut(sem, tmp_path / "out", 64)
    assert "left out 0.tif: Alone has 1 image\n" in capsys.readouterr().out
    with (tmp_path / "out" / "manifest.csv").open() as stream:
        said = list(csv.DictReader(stream))
    assert [(row["file"], row["group"], row["category"]) for row in said] == [
        (f"Powder/{n}_00.tif", str(n), "Powder") for n in (1, 2, 3)
    ]
    (sem / "manifest.csv").write_text("file,kind\nsem/1.tif,x\n")
    with pytest.raises(InputError, match="category"):
        images.cut(sem, tmp_path / "out", 64)


def figures(accuracy):
    judged = dict.fromkeys(("accuracy", "precision", "recall", "f1"), accuracy)
    judged |= {"ece": 0.1, "log_loss": 1.0, "images": 10, "groups": 5}
    return {"test": judged, "val": judged, "steps": 7, "best_step": 6, "seconds": 1.5}


def test_runs_are_planned_done_once_and_put_in_tables(benchmark, tmp_path, monkeypatch, capsys):
    compare = benchmark("compare")
    (tmp_path / "pictures").mkdir()
    trained = []

    def train(words):
        options = dict(word.lstrip("+").split("=", 1) for word in words if "=" in word)
        trained.append(options)
        report = Path(options["output_dir"]) / "report"
        report.mkdir(parents=True)
        (report / "confusion.csv").write_text("true class,a,b\na,4,1\nb,0,5\n")
        print(json.dumps(figures(0.5 + int(options["seed"]) / 10)))
        return 0

    monkeypatch.setattr(compare, "stemgan", train)
    command = ["--pictures", str(tmp_path / "pictures"), "-o", str(tmp_path / "out")]
    compare.main([*command, "--seeds", "2"])
    assert len(trained) == 1 + 2 * 4 + 2 * 2
    backbone = trained[0]["output_dir"]
    assert trained[0]["images"].endswith("other")
    begun = {(one["start"], one.get("pretrained")) for one in trained[1:9]}
    assert begun == {
        ("scratch", None),
        ("features", backbone),
        ("fine-tune", backbone),
        ("features-then-fine-tune", backbone),
    }
    assert {one["trainer.max_time"] for one in trained[9:]} == {"00:00:02:00"}
    assert {one["sizes"] for one in trained[9:]} == {"[64]", "[32, 48, 64]"}
    text = (tmp_path / "out" / "results.md").read_text()
    assert "| fine-tune | 55.0 [50.0 to 60.0] |" in text
    assert "| a | 8 | 2 |" in text
    with (tmp_path / "out" / "results.csv").open() as stream:
        assert len(list(csv.DictReader(stream))) == len(trained)
    compare.main([*command, "--seeds", "3", "--only", "starts"])
    assert len(trained) == 13 + 4
    with pytest.raises(SystemExit):
        compare.main([*command, "--only", "stars"])
    assert "choose of starts" in capsys.readouterr().err
