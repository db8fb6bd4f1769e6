"""Tables beside manifests when preparing: what they choose, share out, label and forbid."""

import numpy as np
import pytest

from stemgan.data.shards import ShardedImages
from stemgan_data_prep.filters import parse_conditions
from tests.preparing import content, keys, prepare, rejected, scene, write


@pytest.fixture
def archive(tmp_path):
    """Eight images in two folders, a table of classes beside them, and no manifest."""
    rows = ["file,class,confidence"]
    for number in range(8):
        name = f"{'ab'[number % 2]}/{number}.tif"
        write(tmp_path / "in" / name, scene((64, 64), number))
        kind = "Powder" if number < 4 else "Films and coated surfaces"
        rows.append(f"../in/{name},{kind},{0.5 + number / 20}")
    write_table(tmp_path, "\n".join(rows))
    return tmp_path / "in"


def write_table(tmp_path, text):
    (tmp_path / "out").mkdir(exist_ok=True)
    (tmp_path / "out" / "classes.csv").write_text(text + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("class=Powder", [True, False, False]),
        ("class!=Powder", [False, True, False]),
        ("class = Films and coated surfaces and x>=0.8", [False, True, False]),
        ("class='Films and coated surfaces',x<0.8", [False, False, False]),
        ("x=0.50", [True, False, False]),
        ('x="0.50"', [False, False, False]),
        ("'odd name'!=5 and x>0", [True, True, False]),
        ("class>3", [False, False, False]),
    ],
)
def test_conditions_hold_for_what_tables_say(text, met):
    rows = [
        {"class": "Powder", "x": "0.5", "odd name": "4"},
        {"class": "Films and coated surfaces", "x": "0.9", "odd name": "none"},
        {"class": "", "odd name": "6"},
    ]
    conditions = parse_conditions(text)
    assert [not any(one.refusal(row) for one in conditions) for row in rows] == met


def test_images_are_chosen_by_columns_of_a_table(archive, tmp_path):
    table = tmp_path / "out" / "classes.csv"
    where = "class=Films and coated surfaces and confidence>=0.75"
    assert prepare(archive, "-o", tmp_path / "set", "--table", table, "--where", where) == 0
    assert keys(tmp_path / "set") == [f"{f}@0,0" for f in ("a/6.tif", "b/5.tif", "b/7.tif")]
    reasons = rejected(tmp_path / "set")
    assert reasons["a/0.tif"] == (
        "filter",
        "its class Powder is not Films and coated surfaces",
    )
    assert reasons["a/4.tif"] == ("filter", "its confidence 0.7 is not >= 0.75")


def test_classes_are_shared_out_alike_and_kept(archive, tmp_path, capsys):
    table = tmp_path / "out" / "classes.csv"
    more = ("--table", table, "--stratify", "class", "--split", "0.5,0.5,0")
    assert prepare(archive, "-o", tmp_path / "set", *more) == 0
    columns = ShardedImages(tmp_path / "set").columns
    pairs = sorted(zip(columns["category"], columns["split"], strict=True))
    assert pairs == sorted(
        [(c, s) for c in ("Powder", "Films and coated surfaces") for s in ("train", "val")] * 2
    )
    from stemgan.cli import main

    assert main(["dataset", "info", str(tmp_path / "set")]) == 0
    assert "Powder 4" in capsys.readouterr().out


def test_what_a_table_says_is_part_of_what_is_asked_for(archive, tmp_path, capsys):
    table = tmp_path / "out" / "classes.csv"
    command = (archive, "-o", tmp_path / "set", "--table", table, "--stratify", "class")
    assert prepare(*command) == 0
    before = content(tmp_path / "set")
    assert prepare(*command) == 0
    assert "finished before" in capsys.readouterr().out
    write_table(tmp_path, table.read_text(encoding="utf-8").replace("Powder", "Sponge"))
    assert prepare(*command) == 2
    assert content(tmp_path / "set") == before


def test_images_of_a_stack_are_chosen_one_by_one(tmp_path):
    stack = np.stack([scene((64, 64), seed) for seed in range(3)])
    write(tmp_path / "in" / "s.tif", stack, photometric="minisblack")
    write(tmp_path / "in" / "one.tif", scene((64, 64), 9))
    write_table(
        tmp_path,
        "file,class\n../in/s.tif#0,Tip\n../in/s.tif#1,Film\n../in/s.tif#2,Tip\n../in/one.tif,Tip",
    )
    more = ("--table", tmp_path / "out" / "classes.csv")
    assert prepare(tmp_path / "in", "-o", tmp_path / "x", *more, "--where", "class=Tip") == 0
    assert keys(tmp_path / "x") == ["one.tif@0,0", "s.tif#0@0,0", "s.tif#2@0,0"]
    assert rejected(tmp_path / "x")["s.tif#1"] == ("filter", "its class Film is not Tip")
    assert prepare(tmp_path / "in", "-o", tmp_path / "y", *more, "--stratify", "class") == 0
    assert ShardedImages(tmp_path / "y").columns["category"] == ["Tip", "Tip", "Film", "Tip"]


def test_a_table_may_group_and_reserve_and_a_manifest_decides(archive, tmp_path):
    write_table(
        tmp_path,
        "file,group,role\n../in/a/0.tif,g,eval\n../in/a/2.tif,g,\n../in/b/1.tif,h,\n"
        "../in/b/3.tif,h,eval",
    )
    (archive / "b" / "manifest.csv").write_text(
        "file,group,role\n1.tif,own,train\n3.tif,other,train\n", encoding="utf-8"
    )
    table = tmp_path / "out" / "classes.csv"
    assert prepare(archive, "-o", tmp_path / "set", "--table", table) == 0
    reasons = rejected(tmp_path / "set")
    assert "role" in reasons["a/0.tif"][1]
    assert "its group g is eval" in reasons["a/2.tif"][1]
    groups = ShardedImages(tmp_path / "set").columns["group"]
    assert {"own", "other"} <= set(groups)
    assert not {"g", "h"} & set(groups)


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (["--where", "kind=Tip"], "--where kind: that is not measured"),
        (["--stratify", "kind"], "the columns are: class, confidence"),
        (["--where", "class=Sponge"], "one of: Films and coated surfaces, Powder"),
        (["--where", "class=powder"], "did you mean 'Powder'?"),
        (["--where", "class=Powder and confidence>2"], "no image can be used (8 filter)"),
    ],
)
def test_columns_that_no_table_has_are_told(archive, tmp_path, capsys, more, complaint):
    table = tmp_path / "out" / "classes.csv"
    assert prepare(archive, "-o", tmp_path / "set", "--table", table, *more) == 2
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / "set").exists()


def test_tables_of_other_images_and_contradictions_are_told(archive, tmp_path, capsys):
    write_table(tmp_path, "file,class\nin/a/0.tif,Tip")
    table = tmp_path / "out" / "classes.csv"
    assert prepare(archive, "-o", tmp_path / "set", "--table", table) == 2
    assert "names none of these images" in capsys.readouterr().err
    write_table(tmp_path, "file,class\n../in/a/0.tif,Tip")
    (archive / "manifest.csv").write_text("file,group,class\na/0.tif,g,Film\n", "utf-8")
    assert prepare(archive, "-o", tmp_path / "set", "--table", table) == 2
    assert "class 'Film' and 'Tip'" in capsys.readouterr().err


def test_what_a_table_reserves_stays_so_where_its_file_is_not_given(archive, tmp_path):
    write_table(tmp_path, "file,group,role\n../in/a/0.tif,g,eval\n../in/b/1.tif,g,")
    table = tmp_path / "out" / "classes.csv"
    assert prepare(archive / "b", "-o", tmp_path / "set", "--table", table) == 0
    assert "its group g is eval" in rejected(tmp_path / "set")["1.tif"][1]


def test_groups_of_single_images_hold_across_files_and_against_what_is_reserved(
    tmp_path, capsys
):
    for i in range(3):
        stack = np.stack([scene((64, 64), 10 * i + seed) for seed in range(2)])
        write(tmp_path / "in" / f"{i}.tif", stack, photometric="minisblack")
    lines = ["file,group,role", "../in/0.tif#0,g,", "../in/1.tif#1,g,", "../in/2.tif#0,h,"]
    write_table(tmp_path, "\n".join([*lines, "away.tif,h,eval"]))
    more = ("--table", tmp_path / "out" / "classes.csv")
    assert prepare(tmp_path / "in", "-o", tmp_path / "x", *more) == 0
    assert set(ShardedImages(tmp_path / "x").columns["group"]) == {"g"}
    assert "its group h is eval" in rejected(tmp_path / "x")["2.tif"][1]
    write_table(tmp_path, "\n".join([*lines, "../in/0.tif#1,k,"]))
    assert prepare(tmp_path / "in", "-o", tmp_path / "y", *more) == 2
    assert "several values of group (g, k)" in capsys.readouterr().err
    assert prepare(tmp_path / "in", "-o", tmp_path / "y", *more, "--group-by", "file") == 0


def test_a_decimal_comma_is_not_guessed_at():
    (condition,) = parse_conditions("confidence>=0.8")
    assert "0,95 is no number such as 0.5" in condition.refusal({"confidence": "0,95"})
