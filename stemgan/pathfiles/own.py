"""Our own path files, NPY and CSV: exact, of any frame, parts outside the frame included.

Rows hold x, y as fractions of the field of view [0, 1), where pixel (0, 0) has its centre at
(0.5 / W, 0.5 / H), and dwell [s]: the time at a position, or of a path on which the beam
measures between its positions (joined), until the next one. Of such a path the last dwell is
0, as there is no next position: this is what tells the two kinds apart.
"""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.pathfiles.arrays import load, save
from stemgan.pathfiles.rows import text_lines
from stemgan.scan import CustomPath

Array = NDArray[np.float64]

_YES_NO = {True: "yes", False: "no"}


def write_npy(file: Path, path: CustomPath) -> None:
    """Write x, y, dwell [s], (n, 3) float64."""
    save(file, _table(path))


def read_npy(file: Path) -> CustomPath:
    """Read what `write_npy` wrote.

    Raises
    ------
    InputError : another shape, or values out of range.
    """
    table = load(file).astype(np.float64)
    if table.ndim != 2 or table.shape[1] != 3:
        raise InputError(
            f"{file} has shape {table.shape}: a path is (n, 3) numbers x, y, dwell, or say its "
            "format, as in odemis:FILE"
        )
    return _custom(file, table)


def write_csv(file: Path, path: CustomPath, shape: tuple[int, int], name: str) -> None:
    """Write a comment, the header x,y,dwell and rows that read back exactly."""
    lines = [
        f"# shape={shape[0]}x{shape[1]} unit=fraction dwell=s "
        f"joined={_YES_NO[path.joined]} family={name}",
        "x,y,dwell",
    ]
    lines += [f"{x!r},{y!r},{d!r}" for x, y, d in _table(path).tolist()]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def read_csv(file: Path) -> CustomPath:
    """Read what `write_csv` wrote.

    Raises
    ------
    InputError : no header x,y,dwell, rows that are no numbers, or a comment that contradicts.
    """
    lines = text_lines(file)
    comment = " ".join(line for line in lines if line.startswith("#"))
    said = dict(re.findall(r"(unit|joined)\s*=\s*(\w+)", comment))
    if said.get("unit", "fraction") != "fraction":
        raise InputError(f"{file} is in {said['unit']}: give fractions of the field of view")
    rows = [(i, line) for i, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]
    if not rows or not is_header(rows[0][1]):
        raise InputError(f"{file} has no header x,y,dwell: add it")
    path = _custom(file, _numbers(file, rows[1:]))
    if said.get("joined", _YES_NO[path.joined]) != _YES_NO[path.joined]:
        raise InputError(
            f"{file} says joined={said['joined']}, but its last dwell is "
            f"{'' if path.joined else 'not '}0, which says otherwise: mend one of them"
        )
    return path


def own_shape(file: Path) -> tuple[int, int] | None:
    """Return the height and width [px] of the frame that a CSV path says it was made for."""
    if file.suffix.lower() != ".csv":
        return None
    comment = " ".join(line for line in text_lines(file) if line.startswith("#"))
    said = re.search(r"shape\s*=\s*(\d+)x(\d+)", comment)
    return None if said is None else (int(said[1]), int(said[2]))


def is_header(line: str) -> bool:
    """Tell whether a line is the header of a path."""
    return [cell.strip().lower() for cell in line.split(",")] == ["x", "y", "dwell"]


def _table(path: CustomPath) -> Array:
    if path.dwell is None:
        raise InputError("a path in our own formats needs a dwell: give --dwell")
    if path.joined != (len(path.dwell) > 1 and path.dwell[-1] == 0):
        raise ValueError("the last dwell of a joined path is 0, and of no other")
    return np.column_stack([path.positions[:, ::-1], path.dwell])


def _numbers(file: Path, rows: list[tuple[int, str]]) -> Array:
    if not rows:
        raise InputError(f"{file} holds no positions: give rows of x,y,dwell")
    try:
        table = np.loadtxt([line for _, line in rows], delimiter=",", ndmin=2)
        if table.shape[1] == 3:
            return table
    except ValueError:
        pass
    for number, line in rows:
        cells = line.split(",")
        if len(cells) != 3 or not all(_is_number(cell) for cell in cells):
            raise InputError(
                f"line {number} of {file} ({line[:40]!r}) is not x,y,dwell: mend it"
            )
    raise InputError(f"{file} is not a table of x,y,dwell: mend it")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _custom(file: Path, table: Array) -> CustomPath:
    dwell = table[:, 2]
    joined = len(dwell) > 1 and dwell[-1] == 0
    bad = ~np.isfinite(table).all(axis=1) | (dwell <= 0)
    bad[-1] &= not (joined and np.isfinite(table[-1]).all())
    if bad.any():
        raise InputError(
            f"row {int(bad.argmax()) + 1} of {file} has a position that is not finite, or a "
            "dwell that is not above 0 s: mend it"
        )
    return CustomPath(np.ascontiguousarray(table[:, 1::-1]), dwell.copy(), bool(joined))
