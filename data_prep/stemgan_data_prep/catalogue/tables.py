"""Tables that the catalogue writes of pictures, as other commands take them (``--table``)."""

import csv
import os
import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stemgan.files import whole_file
from stemgan.manifest import as_text
from stemgan_data_prep.catalogue.labels import Picture


def name_in(folder: Path, picture: Picture) -> str:
    """Name a picture as a table in that folder does: as its file is named.

    A picture of a stack has its number behind: ``../series.tif#2`` is the third.
    """
    name = name_of_file(folder, picture.file)
    of_stack = picture.key.endswith(f"{posixpath.basename(name)}#{picture.frame}")
    return f"{name}#{picture.frame}" if of_stack else name


def name_of_file(folder: Path, file: Path) -> str:
    """Name a file as a table in that folder does: by its path from there, posix.

    On another drive than the table's, the path is absolute.
    """
    try:
        name = Path(os.path.relpath(file.absolute(), folder.absolute())).as_posix()
    except ValueError:  # Windows knows no way from one drive to another
        name = file.absolute().as_posix()
    return as_text(name)


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Write rows as CSV, whole or not at all; None is empty.

    Parameters
    ----------
    path : where to.
    rows : what is written, each with these columns or some of them.
    columns : in this order.
    """
    with (
        whole_file(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
