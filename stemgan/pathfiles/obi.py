"""Open Beam Interface: CSV rows x, y, dwell of converter codes, without a header.

x and y run over 0 ... 16383 (14 bit), here over the longer side of the frame, so that pixels
stay square; code k is the middle of the (k + 1)-th of 16384 equal steps. dwell counts units of
125 ns in 16 bit.
"""

from pathlib import Path

import numpy as np

from stemgan.errors import InputError
from stemgan.pathfiles.frame import FramePath, check_inside, needed_shape
from stemgan.pathfiles.rows import read_rows, write_rows

CODES = 16384
TICK = 125e-9
"""Unit of dwell [s]."""
_MOST_TICKS = 65535


def write(file: Path, path: FramePath) -> None:
    """Write positions that lie in the frame, and their dwell.

    Raises
    ------
    InputError : a dwell that is not 1 to 65535 steps of 125 ns after rounding.
    """
    if path.dwell is None:
        raise InputError("an obi file needs a dwell: give --dwell")
    ticks = np.round(path.dwell / TICK)
    if ticks.min() < 1 or ticks.max() > _MOST_TICKS:
        worst = path.dwell[np.argmax(np.abs(np.log(np.maximum(ticks, 1e-9) / 256)))]
        raise InputError(
            f"a dwell of {worst:g} s is not 1 to {_MOST_TICKS} steps of 125 ns (8.19 ms at "
            "most): choose another --dwell for obi"
        )
    step = CODES / max(path.shape)
    # The middle of the last code of a side that is no whole number of steps may lie outside.
    last = np.maximum(np.ceil(np.array(path.shape[::-1]) * step - 0.5) - 1, 0)
    codes = np.clip(np.floor((path.path[:, ::-1] + 0.5) * step), 0, last)
    write_rows(file, np.column_stack([codes, ticks]).astype(np.int64))


def read(file: Path, shape: tuple[int, int] | None) -> FramePath:
    """Read positions and their dwell.

    Raises
    ------
    InputError : not rows of three whole numbers in their ranges, or outside the frame.
    """
    shape = needed_shape(shape, str(file))
    table = read_rows(file, ("x", "y", "dwell"))
    wrong = (table < [0, 0, 1]).any(axis=1) | (table > [CODES - 1, CODES - 1, _MOST_TICKS]).any(
        axis=1
    )
    if wrong.any():
        row = table[wrong.argmax()].tolist()
        raise InputError(
            f"row {int(wrong.argmax()) + 1} of {file} ({row[0]},{row[1]},{row[2]}) is not x, y "
            f"in 0 ... {CODES - 1} and a dwell in 1 ... {_MOST_TICKS}: is it Open Beam "
            "Interface's?"
        )
    codes = table[:, 1::-1].astype(np.float64)
    path = (codes + 0.5) * (max(shape) / CODES) - 0.5
    check_inside(path, shape, str(file))
    return FramePath(path, shape, table[:, 2].astype(np.float64) * TICK)
