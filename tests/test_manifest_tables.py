"""Tables given beside manifests: where their names lead, what they add and must not."""

import os
import sys

import pytest

from stemgan.errors import InputError
from stemgan.manifest import as_text, names_images, read_tables


@pytest.fixture
def table(tmp_path):
    def written(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return written


def test_names_lead_from_the_table_s_folder_or_are_absolute(table, tmp_path):
    absolute = (tmp_path / "x" / "c.tif").as_posix()
    path = table(
        "out/classes.csv", f"file,class\n../sem/a.tif,Tip\n./b.tif,Powder\n{absolute},Film\n"
    )
    tables = read_tables([path])
    assert tables.columns == ("class",)
    assert tables.row(tmp_path / "sem" / "a.tif") == {"class": "Tip"}
    assert tables.row(tmp_path / "out" / "b.tif") == {"class": "Powder"}
    assert tables.row(tmp_path / "x" / "c.tif") == {"class": "Film"}
    assert tables.row(tmp_path / "a.tif") == {}


def test_relative_paths_are_of_the_working_folder(table, tmp_path, monkeypatch):
    table("classes.csv", "file,class\na.tif,Tip\n")
    monkeypatch.chdir(tmp_path)
    tables = read_tables([type(tmp_path)("classes.csv")])
    assert tables.row(type(tmp_path)("a.tif")) == {"class": "Tip"}


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize("named", ["link/a.tif", "real/a.tif"])
@pytest.mark.parametrize("asked", ["link/a.tif", "real/a.tif"])
def test_links_are_followed_on_both_sides(table, tmp_path, named, asked):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.tif").touch()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    tables = read_tables([table("classes.csv", f"file,class\n{named},Tip\n")])
    assert tables.row(tmp_path / asked) == {"class": "Tip"}


def test_images_of_a_stack_have_rows_of_their_own(table, tmp_path):
    text = "file,class\ns.tif#10,Tip\ns.tif#2,Film\nwhole.tif,Powder\n"
    tables = read_tables([table("classes.csv", text), table("b.csv", "file,x\ns.tif,1\n")])
    stack = tmp_path / "s.tif"
    assert tables.row(stack) == {"x": "1"}
    assert tables.row(stack, 2) == {"x": "1", "class": "Film"}
    assert tables.row(stack, 0) == {"x": "1"}
    assert list(tables.frames(stack)) == [2, 10]
    assert tables.frames(tmp_path / "whole.tif") == {}
    assert tables.row(tmp_path / "whole.tif", 7) == {"class": "Powder"}


def test_columns_are_added_and_a_manifest_decides_groups_and_roles(table, tmp_path):
    path = table("t.csv", "file,class,group,role,note\na.tif,Tip,theirs,eval,\n")
    tables = read_tables([path])
    row = {"file": "a.tif", "group": "ours", "role": "", "note": "kept"}
    assert tables.joined(row, tmp_path / "a.tif") == {
        "file": "a.tif",
        "group": "ours",
        "role": "eval",  # the manifest says nothing of it
        "note": "kept",
        "class": "Tip",
    }
    assert tables.joined(row, tmp_path / "other.tif") == row


def test_contradictions_are_refused(table, tmp_path):
    first = table("a.csv", "file,class\nx.tif,Tip\n")
    second = table("b.csv", "file,class\n./x.tif,Film\n")
    with pytest.raises(InputError, match=r"b\.csv .* of x\.tif: class 'Tip' and 'Film'"):
        read_tables([first, second])
    with pytest.raises(InputError, match=r"a\.csv .* class 'Powder' and 'Tip'"):
        read_tables([first]).joined({"class": "Powder"}, tmp_path / "x.tif")
    agreeing = table("c.csv", "file,class,x\nx.tif,Tip,\n")
    assert read_tables([first, agreeing, first]).row(tmp_path / "x.tif")["class"] == "Tip"


def test_a_table_that_names_nothing_is_refused(table, tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_tables([tmp_path / "none.csv"])
    with pytest.raises(InputError, match="no column file"):
        read_tables([table("t.csv", "name,class\nx,Tip\n")])


def test_a_manifest_is_right_about_the_size_of_a_pixel_and_its_unit(table, tmp_path):
    tables = read_tables([table("s.csv", "file,pixel_size,pixel_unit\na.tif,500,nm\n")])
    file = tmp_path / "a.tif"
    own = {"pixel_size": "0.5", "pixel_unit": ""}
    assert tables.joined(own, file) == own
    assert tables.joined({"pixel_size": ""}, file) == {"pixel_size": "500", "pixel_unit": "nm"}


def test_what_is_said_of_other_files_is_known(table, tmp_path):
    tables = read_tables([table("t.csv", "file,x\na.tif,1\nb.tif#2,2\n")])
    assert list(tables.others([tmp_path / "a.tif"])) == [{"x": "2"}]
    assert list(tables.others([tmp_path / "a.tif", tmp_path / "b.tif"])) == []


@pytest.mark.skipif(sys.platform != "linux", reason="names are text there")
def test_names_of_any_bytes_are_found_by_what_is_written_of_them(table, tmp_path):
    file = tmp_path / os.fsdecode(b"b\xff.tif")
    tables = read_tables([table("t.csv", f"file,x\n{as_text(file.name)},1\n")])
    assert tables.row(file) == {"x": "1"}


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("file,class\n", True),
        ("\ufeffclass; file ;x\n", True),
        ("y,x\n1,2\n", False),
        ("", False),
        ("1.5,file name\n", False),
    ],
)
def test_tables_of_images_are_told_by_their_first_line(table, text, is_one):
    assert names_images(table("t.csv", text)) == is_one
