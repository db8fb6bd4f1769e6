"""Which pictures an archive holds, and what they are called."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from stemgan.errors import InputError
from stemgan_data_prep.catalogue.labels import find_pictures


def write(path, frames=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = np.arange(frames * 40 * 48, dtype=np.uint16).reshape(frames, 40, 48)
    if path.suffix == ".png":
        Image.fromarray(data[0].astype(np.uint8)).save(path)
    else:
        tifffile.imwrite(path, data if frames > 1 else data[0], photometric="minisblack")
    return path


def table(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def labels_of(found):
    return {picture.key: picture.label for picture in found.pictures}


def test_the_first_folder_is_the_label(tmp_path):
    write(tmp_path / "Fibres" / "a.tif")
    write(tmp_path / "Fibres" / "old" / "b.png")
    write(tmp_path / "Tips" / "c.tif")
    write(tmp_path / "loose.tif")
    assert labels_of(find_pictures([tmp_path])) == {
        "Fibres/a.tif": "Fibres",
        "Fibres/old/b.png": "Fibres",
        "Tips/c.tif": "Tips",
        "loose.tif": "",
    }
    nothing = find_pictures([tmp_path], labels="none")
    assert set(labels_of(nothing).values()) == {""}


def test_places_keep_their_labels_and_keys_apart(tmp_path):
    write(tmp_path / "one" / "Tips" / "a.tif")
    write(tmp_path / "two" / "Films" / "a.tif")
    write(tmp_path / "two" / "Tips" / "a.tif")
    found = find_pictures([tmp_path / "one", tmp_path / "two"])
    assert [picture.label for picture in found.pictures] == ["Tips", "Films", "Tips"]
    assert len({picture.key for picture in found.pictures}) == 3


def test_frames_of_a_stack_are_pictures_of_one_group(tmp_path):
    write(tmp_path / "Tips" / "movie.tif", frames=3)
    first, _, last = find_pictures([tmp_path]).pictures
    assert (first.key, last.key) == ("Tips/movie.tif#0", "Tips/movie.tif#2")
    assert (last.frame, last.group) == (2, first.group)


def test_a_column_gives_labels_and_groups(tmp_path):
    write(tmp_path / "a.tif")
    write(tmp_path / "b.tif")
    write(tmp_path / "c.tif")
    table(tmp_path / "manifest.csv", "file,group,kind", "a.tif,g,Powder", "b.tif,g,")
    found = find_pictures([tmp_path], labels="kind")
    assert labels_of(found) == {"a.tif": "Powder", "b.tif": "", "c.tif": ""}
    assert [picture.group for picture in found.pictures] == ["g", "g", "c.tif"]
    with pytest.raises(InputError, match=r"labels=sort.*group, kind"):
        find_pictures([tmp_path], labels="sort")


def test_tables_name_classes_of_files_and_of_frames(tmp_path):
    write(tmp_path / "in" / "a.tif")
    write(tmp_path / "in" / "movie.tif", frames=3)
    given = tmp_path / "classes.csv"
    table(given, "file,class", "in/a.tif,Tips", "in/movie.tif#1,Films")
    found = find_pictures([tmp_path / "in"], labels="class", tables=[given])
    assert [picture.label for picture in found.pictures] == ["Tips", "", "Films", ""]


def test_accents_are_spelled_in_one_way(tmp_path):
    write(tmp_path / "one" / "Lame\u0301" / "a.tif")
    write(tmp_path / "two" / "Lam\u00e9" / "b.tif")
    found = find_pictures([tmp_path / "one", tmp_path / "two"])
    assert {picture.label for picture in found.pictures} == {"Lam\u00e9"}


def test_what_is_kept_for_evaluation_does_not_train(tmp_path):
    for name in "abc":
        write(tmp_path / "Tips" / f"{name}.tif")
    rows = ["Tips/a.tif,eval,g", "Tips/b.tif,train,g", "Tips/c.tif,train,h"]
    table(tmp_path / "manifest.csv", "file,role,group", *rows)
    found = find_pictures([tmp_path], training=True)
    assert [picture.key for picture in found.pictures] == ["Tips/c.tif"]
    assert [key for key, _ in found.left_out] == ["Tips/a.tif", "Tips/b.tif"]
    assert "eval" in found.left_out[0][1]
    assert "group g is eval" in found.left_out[1][1]
    assert len(find_pictures([tmp_path]).pictures) == 3


def test_what_cannot_be_read_is_left_out_with_the_reason(tmp_path):
    write(tmp_path / "Tips" / "good.tif")
    (tmp_path / "Tips" / "bad.tif").write_bytes(b"II*\0 and no more")
    (tmp_path / "Tips" / "notes.txt").write_text("x")
    found = find_pictures([tmp_path])
    assert [picture.key for picture in found.pictures] == ["Tips/good.tif"]
    reasons = dict(found.left_out)
    assert set(reasons) == {"Tips/bad.tif", "Tips/notes.txt"}
    assert str(tmp_path) not in " ".join(reasons.values())
    with pytest.raises(InputError, match="does not exist"):
        find_pictures([tmp_path / "elsewhere"])
