"""What a manifest.csv says of the images beside and below it."""

import csv
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from stemgan.errors import InputError

NAME = "manifest.csv"
_FOLDERS_ABOVE = 2


@dataclass(frozen=True)
class Manifest:
    """A manifest's rows by file, and which groups it keeps for something else than training."""

    path: Path
    columns: tuple[str, ...]
    rows: dict[str, dict[str, str]]

    def role(self, row: dict[str, str]) -> str:
        """Say what an image is for: train where nothing is said."""
        return row.get("role") or "train"

    def reserved(self, column: str) -> dict[str, str]:
        """Map a column's values that have another role than train anywhere to that role."""
        return {
            row[column]: self.role(row)
            for row in self.rows.values()
            if row.get(column) and self.role(row) != "train"
        }


@dataclass(frozen=True)
class Entry:
    """An image's row and the manifest that it stands in."""

    manifest: Manifest
    row: dict[str, str]

    def refusal(self, columns: tuple[str, ...]) -> str | None:
        """Say why the image must not be used, if it must not.

        A group of which any image is kept for something else is kept whole: its images show
        the same specimen.
        """
        role = self.manifest.role(self.row)
        if role != "train":
            return f"its role in the manifest is {role}, not train"
        for column in columns:
            value = self.row.get(column, "")
            other = self.manifest.reserved(column).get(value)
            if other is not None:
                return (
                    f"its {column} {value} is {other} elsewhere in the manifest, and must not "
                    "train too"
                )
        return None


def entry_of(file: Path, given: Path) -> Entry | None:
    """Find what a manifest says of a file.

    A ``manifest.csv`` in the image's folder, or above it up to two folders above the one
    given, may name it: columns ``file`` (path from the manifest's folder) and ``group``. The
    nearest that names the image counts.

    Parameters
    ----------
    file, given : the image, and the folder that the user named; both resolved.

    Raises
    ------
    InputError : a manifest names files but no groups, or cannot be read.
    """
    inside = len(file.relative_to(given).parts) if file.is_relative_to(given) else 1
    for folder in list(file.parents)[: inside + _FOLDERS_ABOVE]:
        manifest = _manifest(folder / NAME)
        row = manifest.rows.get(_plain(file.relative_to(folder).as_posix()))
        if row is not None:
            return Entry(manifest, row)
    return None


def _plain(name: str) -> str:
    """Spell a name in one way: file systems decompose accents, Windows writes backslashes."""
    return unicodedata.normalize("NFC", name.replace("\\", "/"))


@lru_cache(maxsize=64)
def _manifest(path: Path) -> Manifest:
    if not path.is_file():
        return Manifest(path, (), {})
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            columns = tuple(reader.fieldnames or ())
            rows = list(reader)
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise InputError(f"{path} cannot be read as CSV in UTF-8: {error}") from error
    if "file" not in columns:  # of something else
        return Manifest(path, columns, {})
    if "group" not in columns:
        raise InputError(f"{path} lacks the column group: add it")
    return Manifest(path, columns, {_plain(row["file"] or ""): row for row in rows})
