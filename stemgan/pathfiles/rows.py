"""Rows of whole numbers, as makers' CSV files hold them: no header, no comments."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError


def read_rows(path: Path, columns: tuple[str, ...]) -> NDArray[np.int64]:
    """Read rows of whole numbers.

    Parameters
    ----------
    path : CSV file.
    columns : what the columns hold, for messages.

    Returns
    -------
    (n, columns) int64, n >= 1.

    Raises
    ------
    InputError : it is not text, holds no rows, or a row is not of so many whole numbers; the
        message names the line.
    """
    lines = text_lines(path)
    rows = [(i, line.strip()) for i, line in enumerate(lines, start=1) if line.strip()]
    if not rows:
        raise InputError(f"{path} holds no positions: give rows of {','.join(columns)}")
    try:
        table = np.loadtxt([row for _, row in rows], delimiter=",", dtype=np.int64, ndmin=2)
        if table.shape[1] == len(columns):
            return table
    except (ValueError, OverflowError):
        pass
    for number, row in rows:
        cells = row.split(",")
        if len(cells) != len(columns) or not all(_is_whole(cell) for cell in cells):
            raise InputError(
                f"line {number} of {path} ({row[:40]!r}) is not {','.join(columns)} in whole "
                "numbers: mend it, or name another format, such as csv:FILE"
            )
    raise InputError(f"{path} is not a table of {','.join(columns)}: mend it")


def text_lines(path: Path) -> list[str]:
    """Read the lines of a text file.

    Raises
    ------
    InputError : it is not text.
    """
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text: give a CSV file of positions") from error


def write_rows(path: Path, table: NDArray[np.int64]) -> None:
    """Write rows of whole numbers."""
    lines = [",".join(map(str, row)) for row in table.tolist()]
    path.write_text("\n".join(lines) + "\n", encoding="ascii", newline="\n")


def _is_whole(cell: str) -> bool:
    cell = cell.strip()
    return cell.removeprefix("-").isdigit() and len(cell) < 19
