"""Tables that say what images show: a ``manifest.csv`` beside them or in a folder above."""

import csv
import io
import os
import posixpath
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from stemgan.errors import InputError

NAME = "manifest.csv"
_DELIMITERS = ",;\t"
_LONGEST_LINE = 10_000

Row = dict[str, str]


@dataclass(frozen=True)
class Manifest:
    """A table whose column ``file`` names images by their paths from the table's folder.

    Attributes
    ----------
    path : the table.
    columns : their names, in order.
    rows : by file; every row has every column, "" where it says nothing.
    """

    path: Path
    columns: tuple[str, ...]
    rows: dict[str, Row]

    def row(self, file: Path) -> Row | None:
        """Give what is said of a file below the table's folder, if anything is."""
        return self.rows.get(plain(file.relative_to(self.path.parent).as_posix()))


def role(row: Row) -> str:
    """Say what an image is for (column ``role``): train where nothing is said."""
    return row.get("role") or "train"


def manifests_above(file: Path, count: int) -> Iterator[Manifest]:
    """Yield the manifests that may name a file, the nearest first.

    Parameters
    ----------
    file : path of the image, absolute.
    count : in how many folders, from the image's own upwards, to look.

    Raises
    ------
    InputError : see `read_manifest`.
    """
    for folder in list(file.parents)[:count]:
        manifest = read_manifest(folder / NAME)
        if "file" in manifest.columns:
            yield manifest


def read_manifest(path: Path) -> Manifest:
    """Read a manifest: CSV in UTF-8 with commas, semicolons or tabs.

    One that is not there, or has no column ``file`` (a table of something else), names nothing.

    Raises
    ------
    InputError : it cannot be read, a column or a file stands in it twice, or a row has more
        fields than there are columns, so that what it says is not certain.
    """
    try:
        state = path.stat()
    except OSError:
        return Manifest(path, (), {})
    return _read(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=64)
def _read(path: Path, size: int, changed: int) -> Manifest:
    del size, changed  # another file of the same name
    try:
        text = path.read_bytes().decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)))
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise InputError(f"{path} cannot be read as CSV in UTF-8: {error}") from error
    columns = tuple(name.strip() for name in lines[0]) if lines else ()
    if "file" not in columns:
        return Manifest(path, columns, {})
    if len(set(columns)) < len(columns):
        raise InputError(f"{path} has two columns of one name: rename one")
    return Manifest(path, columns, _rows(path, columns, lines[1:]))


def _delimiter(text: str) -> str:
    """Tell the delimiter by the first line: spreadsheets write others in some countries."""
    first = text.partition("\n")[0]
    return max(_DELIMITERS, key=first.count)


def _rows(path: Path, columns: tuple[str, ...], lines: list[list[str]]) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for fields in lines:
        values = [field.strip() for field in fields]
        if any(values[len(columns) :]):
            raise InputError(
                f"{path} has {len(values)} fields for {len(columns)} columns in the row "
                f"{','.join(fields)[:80]!r}: quote fields that hold a delimiter"
            )
        values += [""] * (len(columns) - len(values))
        row = dict(zip(columns, values, strict=False))
        if not row["file"]:
            continue
        if rows.setdefault(plain(row["file"]), row) != row:
            raise InputError(f"{path} has two different rows for {row['file']}: remove one")
    return rows


def plain(name: str) -> str:
    """Spell a name in one way: systems decompose accents, or write backslashes or ./ first."""
    name = as_text(name).replace("\\", "/")
    return posixpath.normpath(unicodedata.normalize("NFC", name))


def as_text(name: str) -> str:
    """Write a file's name as text; bytes of it that are no UTF-8 are written as numbers."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def names_images(path: Path) -> bool:
    """Tell by its first line whether a CSV is a table of images: it has a column ``file``."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            line = file.readline(_LONGEST_LINE)
    except (OSError, UnicodeDecodeError):
        return False
    names = next(csv.reader([line], delimiter=_delimiter(line)), [])
    return "file" in (name.strip() for name in names)
