"""Masks as paths: the measured pixels of any image file, visited in raster order."""

from pathlib import Path

import numpy as np

from stemgan.errors import InputError
from stemgan.images import read_mask
from stemgan.images.tiff import write_tiff
from stemgan.pathfiles.frame import FramePath


def write(file: Path, path: FramePath, record: dict[str, object]) -> None:
    """Write the pixels of the positions as a TIFF mask, uint8, 1 = measured.

    Raises
    ------
    InputError : the name does not end like a TIFF file's.
    """
    if file.suffix.lower() not in (".tif", ".tiff"):
        raise InputError(
            f"a mask is a TIFF file, not {file.suffix or 'one without suffix'}: name it .tif"
        )
    mask = np.zeros(path.shape, dtype=np.uint8)
    rows, columns = np.floor(path.path + 0.5).astype(np.int64).T
    mask[rows, columns] = 1
    write_tiff(file, mask, None, None, {"stemgan": record} if record else {})


def read(file: Path, shape: tuple[int, int] | None) -> FramePath:
    """Read a mask, above 0 = measured, as positions in raster order.

    Raises
    ------
    InputError : it cannot be read, or is not of the frame's shape.
    """
    mask = read_mask(file)
    own = (mask.shape[0], mask.shape[1])
    if shape is not None and own != tuple(shape):
        raise InputError(
            f"the mask {file} is {own[0]}x{own[1]} and the frame {shape[0]}x{shape[1]}: give "
            "a mask of the frame's shape"
        )
    return FramePath(np.argwhere(mask > 0).astype(np.float64), own)
