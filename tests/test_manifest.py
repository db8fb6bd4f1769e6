"""What manifests say: odd rows are told, never guessed at."""

import pytest

from stemgan.errors import InputError
from stemgan.manifest import NAME, manifests_above, read_manifest, role


@pytest.fixture
def table(tmp_path):
    def written(text):
        (tmp_path / NAME).write_bytes(text.encode())
        return read_manifest(tmp_path / NAME)

    return written


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_the_delimiters_of_spreadsheets_are_known(table, mark):
    manifest = table("file,role,group\r\na.tif,eval,g\r\n".replace(",", mark))
    assert manifest.rows == {"a.tif": {"file": "a.tif", "role": "eval", "group": "g"}}


def test_spaces_and_missing_fields_mean_nothing(table):
    manifest = table("\ufefffile, group ,role\n ./x/../a.tif ,g , eval\n\nb.tif\n,h,eval\n")
    assert manifest.rows["a.tif"] == {"file": "./x/../a.tif", "group": "g", "role": "eval"}
    assert manifest.rows["b.tif"] == {"file": "b.tif", "group": "", "role": ""}
    assert role(manifest.rows["b.tif"]) == "train"
    assert len(manifest.rows) == 2


def test_quoted_fields_hold_delimiters_and_lines(table):
    manifest = table('file,notes\na.tif,"one, two\nthree"\n')
    assert manifest.rows["a.tif"]["notes"] == "one, two\nthree"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("file,role\na.tif,two, words,eval\n", "4 fields for 2 columns"),
        ("file,group\na.tif,g\n./a.tif,h\n", "two different rows for"),
        ("file,group,group\na.tif,g,h\n", "two columns of one name"),
    ],
)
def test_what_is_not_certain_is_refused(table, text, complaint):
    with pytest.raises(InputError, match=complaint):
        table(text)


def test_a_row_that_stands_twice_alike_is_one(table):
    assert len(table("file,group\na.tif,g\na.tif,g,\n").rows) == 1


def test_a_manifest_that_changes_is_read_again(table):
    assert not table("name\nx\n").rows
    assert table("file\nxyz.tif\n").rows


def test_the_nearest_comes_first_and_far_ones_are_not_asked(tmp_path):
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    for folder in (tmp_path, tmp_path / "a", deep):
        (folder / NAME).write_text("file\nx.tif\n", encoding="utf-8")
    (tmp_path / "a" / NAME).write_text("package\nx\n", encoding="utf-8")
    found = [m.path.parent for m in manifests_above(deep / "x.tif", 3)]
    assert found == [deep, tmp_path]
    assert [m.path.parent for m in manifests_above(deep / "x.tif", 2)] == [deep]
