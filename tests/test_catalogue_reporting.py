import csv
import json
import re
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("sklearn", reason="needs the extra catalogue")

from stemgan.errors import InputError
from stemgan.images import write_image
from stemgan_data_prep.catalogue.labels import Picture
from stemgan_data_prep.catalogue.predicting import Predictions
from stemgan_data_prep.catalogue.reporting import FILES, judge, write_report
from stemgan_data_prep.catalogue.reporting.words import answer
from tests.browser import Browser, browser

CLASSES = ("Fibres & <wires>", "MEMS devices and electrodes", "Porous sponge", "Tips")
GIVEN = np.array(
    [
        [0.9, 0.04, 0.03, 0.03],
        [0.1, 0.7, 0.1, 0.1],
        [0.2, 0.6, 0.1, 0.1],
        [0.05, 0.9, 0.02, 0.03],
        [0.02, 0.08, 0.85, 0.05],
        [0.01, 0.9, 0.08, 0.01],
        [0.03, 0.9, 0.06, 0.01],
    ]
)
LABELS = (0, 1, 0, 0, 2, 2, 2)
GROUPS = ("a", "b", "c", "c", "d", "e", "e")
WORST = [3, 6, 5, 2]
"""Mistakes, the least likely truth first: 0.05, 0.06, 0.08, 0.2."""


def predictions(folder: Path) -> Predictions:
    """Write pictures, and make up what a classifier says of them."""
    pictures = []
    for i, (label, group) in enumerate(zip(LABELS, GROUPS, strict=True)):
        file = folder / f"picture_{i}.tif"
        rng = np.random.default_rng(i)
        write_image(file, rng.normal(size=(40, 50)).astype(np.float32))
        pictures.append(Picture(file, 0, file.name, CLASSES[label], group))
    return Predictions(pictures, GIVEN, CLASSES)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    folder = tmp_path_factory.mktemp("report")
    facts = {"backbone": "resnet18", "start": "<scratch>"}
    found = write_report(
        folder / "report", predictions(folder), title="Kinds", facts=facts, notes=["Mind <it>."]
    )
    return folder / "report", found


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory):
    with browser(tmp_path_factory.mktemp("profile")) as one:
        yield one


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_all_files_are_there_and_agree(made):
    folder, found = made
    assert {path.name for path in folder.iterdir()} == {*FILES}
    assert json.loads((folder / "figures.json").read_text("utf-8")) == json.loads(
        json.dumps(found)
    )
    assert found["accuracy"] == pytest.approx(3 / 7)
    assert found["mistakes"] == 4
    assert found["groups"] == 5
    assert found["confusion"]["counts"] == [[1, 2, 0, 0], [0, 1, 0, 0], [0, 2, 1, 0], [0] * 4]
    counts = table(folder / "confusion.csv")
    assert [row["true class"] for row in counts] == list(CLASSES)
    assert counts[0][CLASSES[1]] == "2"
    rows = {row["class"]: row for row in table(folder / "per_class.csv")}
    assert float(rows["Porous sponge"]["recall"]) == pytest.approx(1 / 3)
    assert rows["Tips"]["recall"] == ""
    wrong = table(folder / "mistakes.csv")
    assert [row["file"] for row in wrong] == [f"../picture_{i}.tif" for i in WORST]
    assert (wrong[0]["label"], wrong[0]["class"]) == (CLASSES[0], CLASSES[1])
    assert len(table(folder / "classes.csv")) == 7
    for name in ("confusion.png", "reliability.png", "mistakes.png"):
        with Image.open(folder / name) as image:
            assert min(image.size) > 300
            assert len(np.unique(np.asarray(image.convert("L")))) > 20


def test_mistakes_of_one_group_do_not_crowd_out_others(tmp_path):
    judged = judge(predictions(tmp_path))
    assert judged.mistakes.tolist() == WORST
    assert judged.worst(10) == [3, 6, 5, 2]
    assert judged.worst(2) == [3, 6]
    alike = judged.predictions
    alike.pictures[6] = replace(alike.pictures[6], group="c")
    assert judge(alike).worst(2) == [3, 5]


def test_the_page_says_what_matters_first(made):
    _, found = made
    said = " ".join(answer(found))
    assert "right for 42.9 %" in said
    assert "of 7 images of 5 groups" in said
    assert "right for 42.9 %: the classifier is no better than that." in said
    few = {**found, "accuracy": 0.6, "intervals": {"accuracy": (0.2, 0.9)}}
    assert "so few images do not tell whether" in answer(few)[0]
    good = {**found, "accuracy": 0.6, "intervals": {"accuracy": (0.5, 0.7)}}
    assert answer(good)[0].endswith("would be right for 42.9 %.")
    assert "Means over 3 classes" in said
    assert "Fibres & <wires> is missed most: 2 of 3, of which 2 are taken for MEMS" in said
    assert "No image tells how well these are found: Tips." in said


def test_all_shares_of_the_page_have_one_decimal(made):
    folder, found = made
    page = (folder / "report.html").read_text("utf-8")
    shown = re.findall(r'<td data-value="[^"]*">([^<]*) <span class="soft">\(([^)]*)\)', page)
    assert len(shown) > len(found["reliability"])
    for value, ends in shown:
        assert all(re.fullmatch(r"\d+\.\d", one) for one in (value, *ends.split(" to ")))


def test_nothing_in_names_is_markup(made):
    folder, _ = made
    page = (folder / "report.html").read_text("utf-8")
    assert "Fibres &amp; &lt;wires&gt;" in page
    assert "<wires>" not in page
    assert "<scratch>" not in page
    assert "Note: Mind &lt;it&gt;." in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("data:image/jpeg") == 4


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_and_asks_for_nothing(made, seen: Browser, width: int):
    folder, _ = made
    address = (folder / "report.html").as_uri()
    seen.open(address, width)
    assert seen.run("document.documentElement.scrollWidth") <= width
    assert seen.requests() == [address]
    assert seen.complaints() == []
    sizes = seen.run(
        "[...document.querySelectorAll('.confusion tbody th')].map(c => [c.scrollWidth, "
        "c.clientWidth, c.clientHeight])"
    )
    assert all(inner <= outer and height < 100 for inner, outer, height in sizes)
    wide = "document.querySelector('#classes .scroll')"
    assert seen.run(f"{wide}.scrollWidth > {wide}.clientWidth")  # a shadow says so
    assert "gradient" in seen.run(f"getComputedStyle({wide}).backgroundImage")
    first = "document.querySelector('#classes tbody tr td').textContent"
    assert seen.run(first) == CLASSES[0]
    seen.run("document.querySelectorAll('#classes thead button')[3].click()")
    assert seen.run(first) == CLASSES[1]  # by precision: 1 of 5
    shown = "[...document.images].every(i => i.complete && i.naturalWidth > 100)"
    assert seen.run(shown)


def test_no_mistake_is_a_report_too(tmp_path):
    given = predictions(tmp_path)
    right = [0, 1, 4]
    folder = tmp_path / "report"
    write_report(folder, given)
    assert (folder / "mistakes.png").is_file()
    found = write_report(folder, given.chosen(right))
    assert found["accuracy"] == 1
    assert not (folder / "mistakes.png").exists()
    assert "There is no mistake." in (folder / "report.html").read_text("utf-8")
    assert table(folder / "mistakes.csv") == []
    low, high = found["intervals"]["accuracy"]
    assert high == 1
    assert low == pytest.approx(0.025 ** (1 / 3))


def test_pictures_that_are_gone_are_said_to_be(tmp_path):
    given = predictions(tmp_path)
    for picture in given.pictures:
        picture.file.unlink()
    found = write_report(tmp_path / "report", given)
    assert found["mistakes"] == 4
    assert (tmp_path / "report" / "report.html").read_text("utf-8").count("cannot be read") == 4


def test_labels_that_are_no_class_are_not_judged(tmp_path):
    given = predictions(tmp_path)
    for i, label in ((0, "Powder"), (1, "")):
        given.pictures[i] = replace(given.pictures[i], label=label)
    judged = judge(given)
    assert len(judged.labels) == 5
    assert any("1 picture " in note and "Powder" in note for note in judged.notes)
    assert any("no label" in note for note in judged.notes)
    with pytest.raises(InputError, match=r"none of 1 picture has a label .* but Powder"):
        judge(given.chosen([0]))


def test_two_classes_have_no_three_likeliest(tmp_path):
    given = predictions(tmp_path)
    of_two = GIVEN[:4, :2] / GIVEN[:4, :2].sum(1, keepdims=True)
    two = Predictions(given.pictures[:4], of_two, CLASSES[:2])
    found = write_report(tmp_path / "report", two)
    assert found["top_3"] is None
    assert list(table(tmp_path / "report" / "classes.csv")[0]) == [
        "file",
        "label",
        "class",
        "confidence",
        "second",
        "second_confidence",
    ]


def test_names_of_classes_are_no_formulas(tmp_path):
    given = predictions(tmp_path)
    names = (r"$\nothing$", "a\nb", "long " * 30, "cubes, $5")
    renamed = [
        replace(one, label=names[label])
        for one, label in zip(given.pictures, LABELS, strict=True)
    ]
    write_report(tmp_path / "report", Predictions(renamed, GIVEN, names))
    for name in ("confusion.png", "mistakes.png"):
        with Image.open(tmp_path / "report" / name) as picture:
            assert max(picture.size) < 3000


def test_names_that_no_font_has_are_numbers_that_the_page_explains(tmp_path, monkeypatch):
    given = predictions(tmp_path)
    names = ("\u7c89\u672b", *CLASSES[1:])
    renamed = [
        replace(one, label=names[label])
        for one, label in zip(given.pictures, LABELS, strict=True)
    ]
    monkeypatch.setattr("stemgan.plots.lettering._font_of", lambda letters: None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib's, of missing letters
        write_report(tmp_path / "report", Predictions(renamed, GIVEN, names))
    page = (tmp_path / "report" / "report.html").read_text("utf-8")
    assert "In the figures saved as PNG, #1 is \u7c89\u672b." in page
