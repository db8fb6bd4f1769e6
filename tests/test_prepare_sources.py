"""Which files are found, what manifests say of them, and that every file's fate is told."""

import os
import sys
import unicodedata

import numpy as np
import pytest

from stemgan.data.shards import ShardedImages
from stemgan.errors import InputError
from stemgan_data_prep.micrographs import find
from tests.preparing import content, keys, prepare, rejected, scene, write


@pytest.fixture
def folder(tmp_path):
    for seed, name in enumerate("abc"):
        write(tmp_path / "top" / "images" / f"{name}.tif", scene((64, 64), seed))
    return tmp_path / "top" / "images"


def manifest(folder, *rows):
    (folder / "manifest.csv").write_text("\n".join(rows), encoding="utf-8")


def test_a_manifest_speaks_for_a_single_file_and_for_folders_below(folder):
    write(folder / "deep" / "x.tif", scene((64, 64)))
    manifest(folder.parent, "file,group", "images/a.tif,one", "images/deep/x.tif,deep")
    for place in (folder.parent, folder, folder / "a.tif"):
        groups = {source.file.name: source.group for source in find([place]).sources}
        assert groups["a.tif"] == "one"
    manifest(folder, "file,group", "b.tif,near")
    for place in (folder / "deep", folder / "deep" / "x.tif"):
        (source,) = find([place]).sources
        assert source.group == "deep"


def test_a_manifest_without_its_columns_is_refused(folder):
    manifest(folder, "file,kind")
    with pytest.raises(InputError, match="lacks the column group"):
        find([folder])


def test_a_manifest_of_something_else_is_left_alone(folder):
    manifest(folder.parent, "package,version")
    assert {source.group for source in find([folder / "b.tif"]).sources} == {"b.tif"}


def test_a_manifest_that_is_no_utf_8_is_refused(folder):
    (folder / "manifest.csv").write_bytes("file,group\nb.tif,caf\xe9\n".encode("latin-1"))
    with pytest.raises(InputError, match="UTF-8"):
        find([folder])


def test_a_manifest_may_spell_names_as_another_system_does(folder):
    write(folder / "caf\u00e9" / "x.tif", scene((64, 64)))
    manifest(
        folder, "file,group", unicodedata.normalize("NFD", "caf\u00e9") + "\\x.tif,grouped"
    )
    assert "grouped" in {source.group for source in find([folder]).sources}


def test_a_group_kept_for_evaluation_anywhere_never_trains(folder, tmp_path):
    manifest(
        folder, "file,group,role,wafer", "a.tif,g,train,1", "b.tif,g,eval,2", "c.tif,h,train,2"
    )
    found = find([folder])
    assert [source.key for source in found.sources] == ["c.tif"]
    reasons = {one.key: one.reason for one in found.rejected}
    assert "its group g is eval elsewhere" in reasons["a.tif"]
    # Grouped by another column, that column's values are kept whole too.
    found = find([folder], group_by="wafer")
    assert found.sources == []
    assert "its wafer 2 is eval" in {one.key: one.reason for one in found.rejected}["c.tif"]


@pytest.mark.parametrize(
    ("group_by", "groups"),
    [
        (None, ["g", "g", "c.tif"]),
        ("group", ["g", "g", "c.tif"]),
        ("wafer", ["1", "2", "c.tif"]),
        ("file", ["a.tif", "b.tif", "c.tif"]),
        ("folder", ["images", "images", "images"]),
    ],
)
def test_images_are_grouped_as_asked(folder, group_by, groups):
    manifest(folder, "file,group,wafer", "a.tif,g,1", "b.tif,g,2")
    sources = find([folder], group_by=group_by).sources
    assert [source.group for source in sources] == groups


def test_files_of_one_name_in_two_folders_are_told_apart(tmp_path):
    for seed, folder in enumerate(("one", "two")):
        write(tmp_path / folder / "x.tif", scene((64, 64), seed))
    found = find([tmp_path / "one", tmp_path / "two", tmp_path / "one" / "x.tif"])
    assert [source.key for source in found.sources] == ["x.tif", "two/x.tif"]
    assert [one.reason for one in found.rejected] == ["the same file as x.tif"]


def test_what_is_no_image_is_listed_with_its_reason(folder, tmp_path):
    for name in ("notes.txt", "thesis.docx", ".DS_Store", "coordinates.csv", "README"):
        (folder / name).write_bytes(b"x")
    (folder / ".git").mkdir()
    (folder / ".git" / "a.tif").write_bytes(b"x")
    assert prepare(folder, "-o", folder / "set") == 0
    reasons = {name: reason for name, (_, reason) in rejected(folder / "set").items()}
    assert reasons == {
        "notes.txt": "a table or text (.txt), not an image",
        "coordinates.csv": "a table or text (.csv), not an image",
        "thesis.docx": "not a known image format (.docx)",
        "README": "not a known image format (no suffix)",
        ".DS_Store": "a hidden file or folder",
        ".git": "a hidden file or folder",
    }
    # The dataset itself, now in that folder, is no source, and another one is said to be none.
    assert prepare(folder, "-o", folder / "set") == 0
    assert prepare(folder, "-o", folder / "two") == 0
    assert rejected(folder / "two")["set"][1] == "a dataset or an array, not a micrograph"
    assert keys(folder / "two") == keys(folder / "set")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_are_followed_once(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    write(elsewhere / "far.tif", scene((64, 64), 7))
    (elsewhere / "back").symlink_to(folder)
    (folder / "far").symlink_to(elsewhere)
    (folder / "dangling.tif").symlink_to(tmp_path / "nowhere.tif")
    (folder / "self.tif").symlink_to(folder / "self.tif")
    (folder / "again.tif").symlink_to(folder / "a.tif")
    os.mkfifo(folder / "pipe.tif")
    found = find([folder])
    assert [source.key for source in found.sources] == [
        "a.tif",
        "b.tif",
        "c.tif",
        "far/far.tif",
    ]
    reasons = {one.key: one.reason for one in found.rejected}
    assert "round for ever" in reasons["far/back"]
    assert reasons["again.tif"] == "the same file as a.tif"
    assert reasons["dangling.tif"] == "a link that leads nowhere"
    assert reasons["self.tif"].startswith(("a link", "it cannot be opened"))
    assert reasons["pipe.tif"] == "not a plain file"


def test_names_in_any_script(tmp_path):
    names = [
        "图像.tif",
        "изображение ñ.tif",
        "صورة.tif",
        'a,b "c".tif',
        "🔬.tif",
        "line\u2028end.tif",
    ]
    for seed, name in enumerate(names):
        write(tmp_path / "in" / name, scene((64, 64), seed))
    write(tmp_path / "in" / "小さい.tif", np.ones((9, 9), np.uint8))
    assert prepare(tmp_path / "in", "-o", tmp_path / "データ", workers=2) == 0
    assert {key.removesuffix("@0,0") for key in keys(tmp_path / "データ")} == set(names)
    assert set(rejected(tmp_path / "データ")) == {"小さい.tif"}


@pytest.mark.skipif(sys.platform != "linux", reason="names are text there")
def test_names_that_are_no_text(tmp_path):
    for seed, name in enumerate((b"caf\xe9.tif", b"caf\xe8.tif", b"new\nline.tif")):
        write(tmp_path / "in" / os.fsdecode(name), scene((64, 64), seed))
    (tmp_path / "in" / os.fsdecode(b"\xff.txt")).write_bytes(b"x")
    assert prepare(tmp_path / "in", "-o", tmp_path / "set") == 0
    assert sorted(keys(tmp_path / "set")) == [
        "caf\\xe8.tif@0,0",
        "caf\\xe9.tif@0,0",
        "new\nline.tif@0,0",
    ]
    assert set(rejected(tmp_path / "set")) == {"\\xff.txt"}


def test_a_relative_place_makes_the_same_dataset(folder, tmp_path, monkeypatch):
    assert prepare(folder, "-o", tmp_path / "one") == 0
    monkeypatch.chdir(folder.parent)
    assert prepare("images", "-o", "two") == 0
    assert content(tmp_path / "one") == content(folder.parent / "two")
    assert ShardedImages("two").columns["source"] == ["a.tif", "b.tif", "c.tif"]


def test_no_manifest_near_an_archive_is_overheard(folder):
    """A nearer one must not free what another keeps, nor a link that has another name."""
    manifest(folder, "file,group", "a.tif,g", "b.tif,k", "c.tif,h")
    manifest(
        folder.parent, "file,group,role", "images/c.tif,x,eval", "elsewhere/d.tif,g,validation"
    )
    found = find([folder])
    assert [source.key for source in found.sources] == ["b.tif"]
    reasons = {one.key: one.reason for one in found.rejected}
    assert "its group g is validation elsewhere" in reasons["a.tif"]
    assert "its role in the manifest is eval" in reasons["c.tif"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_folder_of_links_has_a_manifest_of_its_own(folder, tmp_path):
    (tmp_path / "links").mkdir()
    for name in "ab":
        (tmp_path / "links" / f"{name}.tif").symlink_to(folder / f"{name}.tif")
    manifest(tmp_path / "links", "file,group,role", "a.tif,g,train", "b.tif,h,eval")
    found = find([tmp_path / "links"])
    assert [(source.key, source.group) for source in found.sources] == [("a.tif", "g")]


def test_a_column_named_on_the_command_line_needs_no_column_group(folder):
    manifest(folder, "file,wafer,pixel_size,pixel_unit", "a.tif,1,nan,nm", "b.tif,1,2,nm")
    sources = find([folder], group_by="wafer").sources
    assert [source.group for source in sources] == ["1", "1", "c.tif"]
    assert [source.pixel_size for source in sources] == [
        (None, None),
        (2.0, "nm"),
        (None, None),
    ]


def test_images_that_a_manifest_forgets_are_told(folder, tmp_path, capsys):
    assert prepare(folder, "-o", tmp_path / "free") == 0
    assert "manifest" not in capsys.readouterr().err
    manifest(folder, "file,group", "a.tif,g", "B.TIF,g")
    assert prepare(folder, "-o", tmp_path / "set") == 0
    assert "2 images are in no manifest.csv" in capsys.readouterr().err
