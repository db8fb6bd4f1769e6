"""Errors by class: labels of tables, means that follow them, and no work done twice."""

import json

import numpy as np
import pytest

from stemgan.cli import main
from stemgan.errors import InputError
from stemgan.evaluate import cells, make_plan
from stemgan.images import write_image
from tests.evaluating import command, table


@pytest.fixture
def classes(images, tmp_path):
    """Three images of two classes, said by a table in another folder."""
    y, x = np.mgrid[:64, :80]
    write_image(images / "waves2.tif", (100 + 20 * np.sin(x / 3) * np.cos(y / 4)).astype("f4"))
    (tmp_path / "catalogue").mkdir()
    path = tmp_path / "catalogue" / "classes.csv"
    path.write_text(
        "file,class,confidence\n../images/waves.tif,Waves,0.9\n../images/waves2.tif,Waves,1\n"
        "../images/blob.tif,Tips and blobs,0.8\n",
        encoding="utf-8",
    )
    return path


@pytest.mark.usefixtures("drawn")
def test_errors_are_told_by_class(images, classes, tmp_path, capsys):
    out = tmp_path / "out"
    more = ("--table", str(classes), "--by", "class")
    assert main(command(images, out, *more)) == 0
    text = capsys.readouterr().out
    assert "by class, mean over groups, spiral 1/8" in text
    assert "\nWaves (2 images) " in text
    assert "\nTips and blobs (1 image) " in text
    rows = table(out / "results.csv")
    assert {row["image"]: row["class"] for row in rows} == {
        "waves": "Waves",
        "waves2": "Waves",
        "blob": "Tips and blobs",
    }
    split = table(out / "summary_by_class.csv")
    assert {(row["class"], row["images"]) for row in split} == {
        ("Waves", "2"),
        ("Tips and blobs", "1"),
    }
    mean = next(r for r in split if (r["class"], r["method"]) == ("Waves", "linear"))
    key = ("scan", "coverage", "method")
    errors = [
        float(row["rmse_blurred"])
        for row in rows
        if row["class"] == "Waves" and all(row[name] == mean[name] for name in key)
    ]
    assert float(mean["rmse_blurred"]) == pytest.approx(sum(errors) / 2, rel=1e-4)
    assert f"{float(mean['rmse_blurred_groups']):.2f}" in text
    assert (out / "error_by_class.png").stat().st_size > 10_000


def test_a_finished_evaluation_is_split_without_doing_it_again(
    images, classes, tmp_path, capsys, monkeypatch
):
    out = tmp_path / "out"
    assert main(command(images, out)) == 0
    errors = [row["rmse_raw"] for row in table(out / "results.csv")]

    def never(*_):
        raise AssertionError("done again")

    monkeypatch.setattr(cells, "evaluate_cell", never)
    more = ("--table", str(classes), "--by", "class", "--json")
    assert main(command(images, out, *more)) == 0
    assert [row["rmse_raw"] for row in table(out / "results.csv")] == errors
    classes.write_text(classes.read_text().replace("Tips and blobs", "Waves"))
    capsys.readouterr()
    assert main(command(images, out, *more)) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["by"] == "class"
    assert {row["class"] for row in found["summary_by"]} == {"Waves"}
    assert {row["images"] for row in found["summary_by"]} == {3}


def test_a_table_groups_and_names_single_images_of_a_stack(tmp_path):
    stack = np.random.default_rng(0).random((2, 40, 40)).astype("f4")
    write_image(tmp_path / "s.tif", stack)
    path = tmp_path / "t.csv"
    path.write_text("file,group,kind\ns.tif,g,\ns.tif#0,,Tip\ns.tif#1,,Film\n")
    plan = make_plan(
        [tmp_path / "s.tif"], ["nearest"], ["dots"], ["1/8"], by="kind", tables=[path]
    )
    assert [(s.group, s.label) for s in plan.sources] == [("g", "Tip"), ("g", "Film")]


@pytest.mark.parametrize(
    ("text", "by", "words"),
    [
        ("file,kind\nimages/blob.tif,x\n", "kind", "for .*waves"),
        ("file,kind\nblob.tif,x\n", "kind", "names none of these images"),
        ("name,kind\nblob.tif,x\n", "kind", "no column file"),
        ("file,scan\nimages/blob.tif,x\n", "scan", "of their own"),
    ],
)
def test_tables_that_do_not_tell_are_refused(images, tmp_path, text, by, words):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(InputError, match=words):
        make_plan(
            sorted(images.iterdir()),
            ["nearest"],
            ["dots"],
            ["1/8"],
            by=by,
            tables=[tmp_path / "t.csv"],
        )


@pytest.mark.usefixtures("drawn")
def test_a_table_may_lie_among_the_images(images, classes, tmp_path):
    text = classes.read_text(encoding="utf-8").replace("../images/", "")
    (images / "classes.csv").write_text(text, encoding="utf-8")
    more = ("--table", str(images / "classes.csv"), "--by", "class")
    assert main(command(images, tmp_path / "out", *more)) == 0
    assert len(table(tmp_path / "out" / "summary_by_class.csv")) > 1


@pytest.mark.parametrize("column", ["images", "groups", "rmse_raw_groups", "method"])
def test_columns_that_means_have_themselves_are_refused(images, column):
    with pytest.raises(InputError, match="rename that of the table"):
        make_plan([images / "waves.tif"], ["linear"], ["spiral"], ["1/8"], by=column)
