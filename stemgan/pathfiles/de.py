"""Direct Electron FreeScan: `*_scan_coordinates.csv`, rows x, y of whole pixels, no header.

Repeated positions are allowed; the dwell is set on the instrument and is not in the file.
"""

from pathlib import Path

import numpy as np

from stemgan.pathfiles.frame import FramePath, check_inside, needed_shape
from stemgan.pathfiles.rows import read_rows, write_rows

SUFFIX = "scan_coordinates.csv"
"""How the names of such files end."""


def write(file: Path, path: FramePath) -> None:
    """Write positions that lie in the frame, rounded to their pixels."""
    write_rows(file, np.floor(path.path[:, ::-1] + 0.5).astype(np.int64))


def read(
    file: Path, shape: tuple[int, int] | None, offset: tuple[float, float] = (0.0, 0.0)
) -> FramePath:
    """Read positions.

    Parameters
    ----------
    file : CSV file.
    shape : height and width of the frame [px].
    offset : where the file's (0, 0) lies in the frame, (y, x) [px]: files count from the corner
        of the region that was scanned.

    Raises
    ------
    InputError : not rows of two whole numbers, or outside the frame.
    """
    shape = needed_shape(shape, str(file))
    path = read_rows(file, ("x", "y"))[:, ::-1].astype(np.float64) + np.asarray(offset)
    check_inside(path, shape, str(file))
    return FramePath(path, shape)
