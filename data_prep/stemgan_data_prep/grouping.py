"""Which images must stay on one side of a split: by a column, by file or by folder."""

from pathlib import Path

from stemgan.errors import InputError
from stemgan.manifest import Row, as_text

PLACES = ("file", "folder")
"""What images can be grouped by without a manifest."""


def columns_of(group_by: str | None) -> tuple[str, ...]:
    """Name the columns whose values must not part: group, and what else is asked for."""
    return ("group",) if group_by in (None, "group", *PLACES) else ("group", group_by)


def group_of(
    file: Path, folder: Path, row: Row, frames: dict[int, Row], group_by: str | None
) -> str:
    """Name the group of a file that is asked for, or nothing where nothing says so.

    Parameters
    ----------
    file, folder : the file, and the folder that was given.
    row : what is said of the file.
    frames : what is said of single images of it.
    group_by : a column, ``file`` or ``folder``; None for the column group.

    Raises
    ------
    InputError : images of the file are given several groups, though they stay together.
    """
    if group_by == "file":
        return ""
    if group_by == "folder":
        true = folder.resolve()
        inside = (true / file.relative_to(folder)).parent.relative_to(true.parent)
        return as_text(inside.as_posix())
    column = group_by or "group"
    if row.get(column):
        return row[column]
    named = sorted({said[column] for said in frames.values() if said.get(column)})
    if len(named) > 1:
        raise InputError(
            f"a table gives images of {file} several values of {column} ({named[0]}, "
            f"{named[1]}), but images of one file stay together: give them one, or say "
            "--group-by file"
        )
    return named[0] if named else ""
