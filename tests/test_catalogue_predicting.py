import csv
import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import softmax

from stemgan.cli import main
from stemgan.images import write_image
from stemgan.manifest import read_tables
from stemgan_data_prep.catalogue.labels import Picture, find_pictures
from stemgan_data_prep.catalogue.pixels import pixels
from stemgan_data_prep.catalogue.predicting import Predictions, logits, predict, rows

pytest.importorskip("transformers", reason="needs the extra catalogue")
pytest.importorskip("sklearn", reason="needs the extra catalogue")

from stemgan_data_prep.catalogue.backbones import make_network
from stemgan_data_prep.catalogue.classifier_file import Info, save_classifier
from stemgan_data_prep.catalogue.sides import content_of, write_split

CLASSES = ("dark", "rough", "striped")
SIDE = 40


def image(kind: str, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=(48, 56)) + 5
    if kind == "striped":
        drawn += 4 * np.sin(np.arange(56) / 2)
    return drawn.astype(np.float32)


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labelled")
    for kind in CLASSES:
        (folder / kind).mkdir()
        for i in range(4):
            write_image(folder / kind / f"{i}.tif", image(kind, i))
    return folder


@pytest.fixture(scope="module")
def run(labelled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make what a training leaves, with weights that are random."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    folder.mkdir()
    torch.manual_seed(0)
    info = Info(CLASSES, "resnet18", SIDE, 2.0, {"start": "scratch", "epochs": 3})
    save_classifier(folder / "classifier.safetensors", make_network("resnet18", 3), info)
    pictures = find_pictures([labelled]).pictures
    sides = {"train": pictures[::2], "val": [], "test": pictures[1::2]}
    write_split(folder / "split.csv", sides)
    return folder


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Bright(torch.nn.Module):
    """Give the mean of each picture, and what is left of it to 1."""

    def __init__(self) -> None:
        super().__init__()
        self.one = torch.nn.Parameter(torch.ones(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert x.shape[1:] == (1, 8, 8)
        mean = x.mean((1, 2, 3))
        return torch.stack([mean, self.one - mean], 1)


def test_logits_are_the_same_in_any_batches():
    images = np.random.default_rng(0).integers(0, 256, (7, 16, 16), np.uint8)
    at_once = logits(Bright(), images, 8, 7)
    assert np.array_equal(at_once, logits(Bright(), images, 8, 2))
    assert at_once[:, 0] == pytest.approx(images.mean((1, 2)) / 255, abs=0.01)


def test_probabilities_are_cooled_and_what_cannot_be_read_is_said(labelled, run, tmp_path):
    bad = tmp_path / "bad.tif"
    bad.write_bytes(b"no image")
    good = find_pictures([labelled]).pictures
    pictures = [good[0], Picture(bad, 0, "bad.tif", "", "bad.tif"), good[1]]
    network = make_network("resnet18", 3)
    steps: list[tuple[str, int]] = []

    def watch(these, doing, total):
        steps.append((doing, total))
        return these

    info = Info(CLASSES, "resnet18", SIDE, 2.0)
    found = predict(network, info, pictures, device="cpu", batch_size=1, watch=watch)
    assert found.pictures == [good[0], good[1]]
    assert [key for key, _ in found.left_out] == ["bad.tif"]
    assert steps == [("reading", 3), ("classifying", 2)]
    cold = predict(network, Info(CLASSES, "resnet18", SIDE, 1.0), pictures, device="cpu")
    ratio = np.log(cold.probabilities[:, :1] / cold.probabilities[:, 1:])
    assert ratio == pytest.approx(
        2 * np.log(found.probabilities[:, :1] / found.probabilities[:, 1:]), rel=1e-4
    )


def test_rows_name_the_likeliest_first(tmp_path):
    pictures = [
        Picture(tmp_path / "in" / "a.tif", 0, "a.tif", "", "a"),
        Picture(tmp_path / "in" / "s.tif", 2, "s.tif#2", "", "s"),
    ]
    given = np.array([[0.2, 0.7, 0.1], [0.5, 0.1, 0.4]])
    (tmp_path / "out").mkdir()
    first, second = rows(Predictions(pictures, given, CLASSES), tmp_path / "out", 5)
    assert first == {
        "file": "../in/a.tif",
        "class": "rough",
        "confidence": 0.7,
        "second": "dark",
        "second_confidence": 0.2,
        "third": "striped",
        "third_confidence": 0.1,
    }
    assert second["file"] == "../in/s.tif#2"
    assert (second["class"], second["second"]) == ("dark", "striped")


def test_a_table_of_classes_is_one_that_others_take(labelled, run, tmp_path, capsys):
    write_image(tmp_path / "other.tif", image("rough", 9))
    (tmp_path / "bad.tif").write_bytes(b"no image")
    out = tmp_path / "classes.csv"
    words = [str(labelled), str(tmp_path / "other.tif"), str(tmp_path / "bad.tif")]
    command = ["catalogue", "predict", *words, "--model", str(run), "-o", str(out)]
    assert main([*command, "--top", "2", "--json", "--workers", "0"]) == 0
    printed = capsys.readouterr()
    figures = json.loads(printed.out)
    assert figures["pictures"] == 13
    assert figures["left_out"] == 1
    assert "bad.tif" in printed.err
    assert sum(figures["classes"].values()) == 13
    lines = table(out)
    assert list(lines[0]) == ["file", "class", "confidence", "second", "second_confidence"]
    assert figures["low_confidence"] == sum(float(line["confidence"]) < 0.5 for line in lines)
    said = read_tables([out])
    for kind in CLASSES:
        row = said.row(labelled / kind / "2.tif")
        assert row["class"] in CLASSES
        assert 1 / 3 <= float(row["confidence"]) <= 1
    assert said.row(tmp_path / "other.tif")["class"] in CLASSES

    assert main(command) == 2
    assert "exists: pass --overwrite" in capsys.readouterr().err
    assert main([*command, "--overwrite"]) == 0
    assert "13 pictures, by class:" in capsys.readouterr().out
    assert main([*command, "--overwrite", "--top", "6"]) == 2
    assert "--top 6 must be 1 to 5" in capsys.readouterr().err
    assert main([*command, "--overwrite", "--batch-size", "0"]) == 2
    assert "--batch-size 0" in capsys.readouterr().err


def test_a_report_is_by_default_of_the_test_split(labelled, run, tmp_path, capsys):
    command = ["catalogue", "report", str(run), "-o", str(tmp_path / "report")]
    assert main([*command, "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["images"] == 6
    assert figures["notes"] == []
    files = [Path(name).name for name in figures["files"]]
    assert {"figures.json", "confusion.png", "mistakes.png", "report.html"} <= {*files}
    kept = json.loads((tmp_path / "report" / "figures.json").read_text())
    assert kept["accuracy"] == figures["accuracy"]
    assert kept["facts"]["start"] == "scratch"
    answers = table(tmp_path / "report" / "classes.csv")
    right = [row["label"] == row["class"] for row in answers]
    assert figures["accuracy"] == pytest.approx(np.mean(right))
    assert (tmp_path / "report" / answers[0]["file"]).is_file()

    assert main(command) == 2
    assert "pass --overwrite" in capsys.readouterr().err
    assert main([*command, "--overwrite"]) == 0
    said = capsys.readouterr().out
    assert "The class found is right for" in said
    assert str(tmp_path / "report" / "report.html") in said


def test_images_that_trained_are_told(labelled, run, tmp_path, capsys):
    command = ["catalogue", "report", str(run), str(labelled), "-o", str(tmp_path / "report")]
    assert main([*command, "--json"]) == 0
    printed = capsys.readouterr()
    figures = json.loads(printed.out)
    assert figures["images"] == 12
    assert "6 of 12 pictures trained or validated" in figures["notes"][0]
    assert "6 of 12 pictures" in printed.err
    page = (tmp_path / "report" / "report.html").read_text("utf-8")
    assert "6 of 12 pictures" in page


def test_pictures_of_groups_that_trained_are_told(labelled, run, tmp_path, capsys):
    one = find_pictures([labelled]).pictures[0]
    folder = tmp_path / "run"
    folder.mkdir()
    shutil.copy(run / "classifier.safetensors", folder)
    write_split(folder / "split.csv", {"train": [replace(one, group="specimen")]})
    groups = tmp_path / "groups.csv"
    lines = [f"{labelled.as_posix()}/rough/{i}.tif,specimen" for i in range(2)]
    groups.write_text("file,group\n" + "\n".join(lines) + "\n")
    command = ["catalogue", "report", str(folder), str(labelled), "--table", str(groups)]
    assert main([*command, "-o", str(tmp_path / "report"), "--json"]) == 0
    first, second, *_ = json.loads(capsys.readouterr().out)["notes"]
    assert "1 of 12 pictures trained or validated" in first
    assert "2 of 12 pictures are of groups of which others trained" in second


def test_a_temperature_at_its_bound_is_told(labelled, tmp_path, capsys):
    info = Info(CLASSES, "resnet18", SIDE, 99.9994, {})
    save_classifier(tmp_path / "blind.safetensors", make_network("resnet18", 3), info)
    command = ["catalogue", "report", str(tmp_path / "blind.safetensors"), str(labelled)]
    assert main([*command, "-o", str(tmp_path / "report")]) == 0
    assert "note: The temperature 100 is at its bound" in capsys.readouterr().err


def test_copies_of_pictures_that_trained_are_told(labelled, run, tmp_path, capsys):
    folder, moved = tmp_path / "run", tmp_path / "moved"
    folder.mkdir()
    shutil.copy(run / "classifier.safetensors", folder)
    pictures = find_pictures([labelled]).pictures
    images = pixels(pictures, SIDE).images
    contents = {"train": [content_of(image) for image in images[-4:]]}
    write_split(folder / "split.csv", {"train": pictures[-4:], "test": pictures[:-4]}, contents)
    for kind in CLASSES:
        (moved / kind).mkdir(parents=True)
        for i in range(4):
            shutil.copy(labelled / kind / f"{i}.tif", moved / kind / f"other{i}.tif")
    command = ["catalogue", "report", str(folder), str(moved), "-o", str(tmp_path / "report")]
    assert main([*command, "--json"]) == 0
    note, *_ = json.loads(capsys.readouterr().out)["notes"]
    assert "4 of 12 pictures are the same as others that trained or validated" in note
    old = folder / "split.csv"  # of earlier versions, which did not say what pictures show
    lines = [line.rsplit(",", 1)[0] for line in old.read_text("utf-8").splitlines()]
    old.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert main([*command, "--json", "--overwrite"]) == 0
    assert json.loads(capsys.readouterr().out)["notes"] == []


def test_labels_may_stand_in_a_table(labelled, run, tmp_path, capsys):
    names = tmp_path / "kinds.csv"
    lines = [
        f"{labelled.as_posix()}/{kind}/{i}.tif,{kind if i else 'odd'}"
        for kind in CLASSES
        for i in range(3)
    ]
    names.write_text("file,kind\n" + "\n".join(lines) + "\n")
    command = ["catalogue", "report", str(run / "classifier.safetensors"), str(labelled)]
    command += ["--labels", "kind", "--table", str(names), "-o", str(tmp_path / "report")]
    assert main([*command, "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["images"] == 6
    assert any("3 pictures" in note and "odd" in note for note in figures["notes"])
    assert any("3 pictures" in note and "no label" in note for note in figures["notes"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["{labelled}/dark"], "none of 4 pictures has a label that is one of the classes"),
        (["{labelled}", "--labels", "material"], "labels=material"),
        (["{labelled}/nothing"], "nothing"),
    ],
)
def test_what_cannot_be_judged_is_refused(words, says, labelled, run, tmp_path, capsys):
    given = [word.format(labelled=labelled) for word in words]
    assert main(["catalogue", "report", str(run), *given, "-o", str(tmp_path / "r")]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert not (tmp_path / "r").exists()


def test_a_file_alone_knows_no_test_split(run, tmp_path, capsys):
    alone = tmp_path / "kinds.safetensors"
    alone.write_bytes((run / "classifier.safetensors").read_bytes())
    assert main(["catalogue", "report", str(alone), "-o", str(tmp_path / "r")]) == 2
    assert "name labelled IMAGES" in capsys.readouterr().err
    assert main(["catalogue", "predict", str(run), "--model", "none", "-o", "c.csv"]) == 2
    assert "there is no classifier none" in capsys.readouterr().err


def test_softmax_of_many_classes_is_cut_to_those_asked_for(tmp_path):
    names = tuple("abcdefg")
    given = softmax(np.random.default_rng(0).normal(size=(3, 7)), 1)
    pictures = [Picture(tmp_path / f"{i}.tif", 0, f"{i}.tif", "", "") for i in range(3)]
    found = rows(Predictions(pictures, given, names), tmp_path, 5)
    for row, own in zip(found, given, strict=True):
        best = [names[k] for k in np.argsort(-own)[:5]]
        assert [row[k] for k in ("class", "second", "third", "fourth", "fifth")] == best


def test_a_table_is_no_manifest_and_a_report_no_image(labelled, run, tmp_path, capsys):
    start = ["catalogue", "predict", str(labelled), "--model", str(run), "-o"]
    assert main([*start, str(tmp_path / "manifest.csv")]) == 2
    assert "would be taken for a manifest" in capsys.readouterr().err
    inside = labelled / "rough" / "report"
    assert main(["catalogue", "report", str(run), str(labelled), "-o", str(inside)]) == 2
    assert "its pictures would be taken for images" in capsys.readouterr().err
    assert not inside.exists()


def test_why_no_picture_can_be_read_is_said(run, tmp_path, capsys):
    (tmp_path / "broken.tif").write_bytes(b"junk")
    table = str(tmp_path / "classes.csv")
    words = ["catalogue", "predict", str(tmp_path / "broken.tif"), "--model", str(run)]
    assert main([*words, "-o", table]) == 2
    said = capsys.readouterr().err
    assert "no picture can be read (broken.tif cannot be read as TIFF" in said
    assert not Path(table).exists()


@pytest.mark.skipif(sys.platform != "linux", reason="names are text there")
def test_names_of_any_bytes_are_written_and_found_again(run, tmp_path):
    file = tmp_path / "in" / os.fsdecode(b"b\xff.tif")
    file.parent.mkdir()
    write_image(tmp_path / "a.tif", image("rough", 0))
    (tmp_path / "a.tif").rename(file)
    out = tmp_path / "classes.csv"
    assert (
        main(["catalogue", "predict", str(file.parent), "--model", str(run), "-o", str(out)])
        == 0
    )
    assert table(out)[0]["file"] == "in/b\\xff.tif"
    assert read_tables([out]).row(file)["class"] in CLASSES
