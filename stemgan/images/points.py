"""Point lists: CSV of x, y, intensity and maybe dwell, binned to pixels."""

import re
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.images.micrograph import Micrograph
from stemgan.measurement import Points, bin_points

UNITS = ("px", "fraction")
_COLUMNS = ("x", "y", "intensity", "dwell")
_LARGEST_FRAME = 2**28


def parse_shape(text: str) -> tuple[int, int]:
    """Read a frame's shape written HxW.

    Raises
    ------
    InputError : it is written in another way, empty, or beyond what memory holds.

    Examples
    --------
    >>> parse_shape("256x384")
    (256, 384)
    """
    match = re.fullmatch(r"\s*(\d{1,9})\s*[xX×,]\s*(\d{1,9})\s*", text)
    if match is None:
        raise InputError(f"shape {text!r} is not HxW: write height x width, such as 512x512")
    shape = (int(match[1]), int(match[2]))
    if not 1 <= shape[0] * shape[1] <= _LARGEST_FRAME:
        raise InputError(f"shape {text!r} is not between 1 and {_LARGEST_FRAME} pixels")
    return shape


def read_points(
    path: Path, shape: tuple[int, int] | None = None, unit: str | None = None
) -> Micrograph:
    """Read a point list and bin it to pixels.

    Rows are `x,y,intensity` or `x,y,intensity,dwell`; a header line may name the columns in
    another order; lines from `#` on are comments, and `# shape=HxW unit=fraction` in one stands
    for the arguments. x runs right and y down. In px, pixel (0, 0) has its centre at (0, 0), so
    that the frame is [-0.5, W - 0.5) x [-0.5, H - 0.5); in fractions of the field of view the
    frame is [0, 1) x [0, 1), so that the same centre is at (0.5 / W, 0.5 / H). Several points
    in one pixel give their mean weighted by dwell.

    Parameters
    ----------
    path : the CSV file.
    shape : height and width of the frame [px].
    unit : "px" (default) or "fraction".

    Returns
    -------
    Micrograph, 0 where nothing was measured, with the points, and with its dwell map in units
    of the median dwell of the measured pixels, since a list does not say what a full raster's
    would have been.

    Raises
    ------
    InputError : what is wrong with the file, and in which line.
    """
    lines = _lines(path)
    said = dict(re.findall(r"(shape|unit)\s*=\s*(\w+)", "\n".join(_comments(lines))))
    if shape is None and "shape" in said:
        shape = parse_shape(said["shape"])
    unit = unit or said.get("unit", "px")
    if shape is None:
        raise InputError(f"{path} is a point list, which has no frame: give --shape HxW")
    if unit not in UNITS:
        raise InputError(f"unit {unit!r} of {path} is not known: choose px or fraction")
    table, numbers = _table(path, lines)
    positions = _positions(path, table[:, :2], shape, unit, numbers)
    points = Points(positions, table[:, 2].copy(), table[:, 3].copy())
    values, total = bin_points(points, shape)
    dwell = (total / np.median(total[total > 0])).astype(np.float32)
    about = {"points": len(table)}
    return Micrograph(values, name=path.stem, metadata=about, dwell=dwell, points=points)


def write_points(path: Path, points: Points, shape: tuple[int, int]) -> None:
    """Write a point list that `read_points` reads back exactly: x, y [px], intensity, dwell."""
    table = np.column_stack([points.positions[:, ::-1], points.samples, points.dwell])
    lines = [f"# shape={shape[0]}x{shape[1]} unit=px", ",".join(_COLUMNS)]
    lines += [",".join(map(repr, row)) for row in table.tolist()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text: give a CSV file of x,y,intensity") from error


def _comments(lines: list[str]) -> list[str]:
    return [line.split("#", 1)[1] for line in lines if "#" in line]


def _table(path: Path, lines: list[str]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return columns x, y, intensity, dwell (n, 4) and each row's line number (n,)."""
    rows = [(i, line.split("#", 1)[0].strip()) for i, line in enumerate(lines, start=1)]
    rows = [(i, line) for i, line in rows if line]
    if not rows:
        raise InputError(f"{path} holds no points: give rows of x,y,intensity")
    order = _header(path, rows[0][1])
    if order is None:
        order = list(_COLUMNS[: rows[0][1].count(",") + 1])
    else:
        rows = rows[1:]
    if len(order) < 3:
        raise InputError(
            f"{path} has {len(order)} column(s): give x,y,intensity or x,y,intensity,dwell"
        )
    numbers = np.array([i for i, _ in rows], dtype=np.int64)
    columns = _numbers(path, rows, len(order))
    table = np.ones((len(rows), 4))
    for column, name in enumerate(order):
        table[:, _COLUMNS.index(name)] = columns[:, column]
    return _checked(path, table, numbers), numbers


def _header(path: Path, line: str) -> list[str] | None:
    names = [name.strip().strip('"').lower() for name in line.split(",")]
    if not any(re.match(r"[a-z_]", name) and name not in ("nan", "inf") for name in names):
        return None
    if len(set(names)) != len(names) or not {"x", "y", "intensity"} <= set(names) <= {
        *_COLUMNS
    }:
        raise InputError(
            f"{path} has the columns {', '.join(names)}: name them x, y, intensity and, if "
            "there is one, dwell"
        )
    return names


def _numbers(path: Path, rows: list[tuple[int, str]], columns: int) -> NDArray[np.float64]:
    if not rows:
        raise InputError(f"{path} holds no points: give rows of x,y,intensity")
    try:
        table = np.loadtxt([line for _, line in rows], delimiter=",", ndmin=2)
        if table.shape[1] == columns:
            return table
    except ValueError:
        pass
    for number, line in rows:
        _refuse_row(path, number, line, columns)
    raise InputError(f"{path} is not a table of {columns} numbers a row: mend it")


def _refuse_row(path: Path, number: int, line: str, columns: int) -> None:
    cells = line.split(",")
    if len(cells) != columns:
        _refuse(path, number, f"has {len(cells)} column(s) where the first has {columns}")
    for cell in cells:
        try:
            float(cell)
        except ValueError:
            _refuse(path, number, f"holds {cell.strip()!r}, which is not a number")


def _refuse(path: Path, number: int, what: str) -> NoReturn:
    raise InputError(f"line {number} of {path} {what}: mend or remove that line")


def _checked(
    path: Path, table: NDArray[np.float64], numbers: NDArray[np.int64]
) -> NDArray[np.float64]:
    bad = ~np.isfinite(table).all(axis=1)
    if bad.any():
        _refuse(path, int(numbers[bad.argmax()]), "holds NaN or Inf")
    bad = table[:, 3] <= 0
    if bad.any():
        _refuse(path, int(numbers[bad.argmax()]), "has a dwell of 0 or less")
    return table


def _positions(
    path: Path,
    pairs: NDArray[np.float64],
    shape: tuple[int, int],
    unit: str,
    numbers: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Turn x, y into positions (n, 2) (y, x) [px], all inside the frame."""
    given = pairs[:, ::-1]
    frame = np.asarray(shape, np.float64)
    pixels = np.floor(given * frame) if unit == "fraction" else np.floor(given + 0.5)
    outside = ((pixels < 0) | (pixels >= frame)).any(axis=1)
    if outside.any():
        i = int(outside.argmax())
        raise InputError(
            f"line {numbers[i]} of {path} (x = {pairs[i, 0]:g}, y = {pairs[i, 1]:g} {unit}) "
            f"lies outside the frame of {shape[0]}x{shape[1]}: check --shape and --unit"
        )
    if unit == "px":
        return np.ascontiguousarray(given)
    # The last digit may round a fraction across a pixel's edge, where it must not.
    return np.clip(given * frame - 0.5, pixels - 0.5, pixels + (0.5 - 1e-9))
