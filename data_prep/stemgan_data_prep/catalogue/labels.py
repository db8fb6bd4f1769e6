"""The pictures of an archive, and the classes that people gave them: by folder or by table."""

import os
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stemgan.errors import InputError
from stemgan.images import read_series
from stemgan.images.files import PICTURES
from stemgan_data_prep.micrographs import Source, find

FOLDER, NONE = "folder", "none"
"""Where labels come from, beside the columns of tables."""


@dataclass(frozen=True)
class Picture:
    """One image to classify.

    Attributes
    ----------
    file : where it lies.
    frame : its number within the file, from 0; one detector's images after the other's.
    key : path inside what was given, posix; of a stack with the number: "movie.tif#2".
    label : the class given by people; "" where it is not known.
    group : what must stay on one side of a split: images of one specimen.
    """

    file: Path
    frame: int
    key: str
    label: str
    group: str


@dataclass(frozen=True)
class Found:
    """Pictures in a fixed order, and (key, reason) of what was left out."""

    pictures: list[Picture] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)


def find_pictures(
    places: Sequence[Path],
    *,
    labels: str = FOLDER,
    tables: Sequence[Path] = (),
    training: bool = False,
) -> Found:
    """List the pictures in folders (at any depth) and among files, with their labels.

    The group is the column group of a manifest, else the file.

    Parameters
    ----------
    places : folders or files.
    labels : "folder", for the name of the folder, first below the place, in which a file lies;
        "none"; or a column of a manifest beside or above the files, or of `tables`.
    tables : CSV files whose column ``file`` names pictures by their paths from the table.
    training : whether to leave out what a manifest gives another role than train, and whatever
        shares a group with such.

    Raises
    ------
    InputError : a place does not exist or holds no micrograph, no table that names its files
        has the column asked for, or a table cannot be used.
    """
    archive = find(places, group_by="file", training=training, tables=tables)
    found = Found(left_out=[(odd.key, odd.reason) for odd in archive.rejected])
    if labels not in (FOLDER, NONE):
        _check_column(labels, archive.columns)
    tops = [(place if place.is_dir() else place.parent).absolute() for place in places]
    for source in archive.sources:
        try:
            found.pictures.extend(_pictures(source, labels, tops))
        except Exception as error:  # one odd file must not stop an archive
            found.left_out.append((source.key, reason(error, source.file, source.key)))
    return found


def reason(error: Exception, file: Path, key: str) -> str:
    """Say why a file cannot be used, without saying where the archive lies."""
    text = " ".join(str(error).split()).replace(str(file), key)
    if isinstance(error, InputError):
        return text
    return f"it cannot be read ({type(error).__name__}: {text})"


def _pictures(source: Source, labels: str, tops: Sequence[Path]) -> Iterator[Picture]:
    count = 1 if source.file.suffix.lower() in PICTURES else _count(source.file)
    for frame in range(count):
        key = source.key if count == 1 else f"{source.key}#{frame}"
        row = source.about(frame)
        label = _by_folder(source.file, tops) if labels == FOLDER else row.get(labels) or ""
        label = "" if labels == NONE else _spelled(label)
        yield Picture(source.file, frame, key, label, row.get("group") or source.key)


def _count(file: Path) -> int:
    return sum(len(series) for series in read_series(file))


def _by_folder(file: Path, tops: Sequence[Path]) -> str:
    top = next(top for top in tops if file.is_relative_to(top))
    folders = file.relative_to(top).parts[:-1]
    return folders[0] if folders else ""


def _spelled(label: str) -> str:
    """Spell a class in one way: systems decompose accents, and names may be bytes."""
    text = os.fsencode(label).decode("utf-8", "backslashreplace")
    return unicodedata.normalize("NFC", text)


def _check_column(column: str, known: frozenset[str]) -> None:
    if column not in known:
        columns = ", ".join(sorted(known - {"file"})) or "none"
        raise InputError(
            f"labels={column}: no table that names these pictures has that column; known are "
            f"{columns}; choose one, folder or none"
        )
