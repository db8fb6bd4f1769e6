"""Positions as (n, 2) NPY arrays: Odemis and abTEM, which look the same and so must be told.

Odemis `scanPath`: x, y [px] from the centre of the field, y down.
abTEM `CustomScan`: positions [Å]; their first number runs along the first axis of abTEM's
arrays, which is the rows of an image here, and the middle of pixel (0, 0) is at (0, 0)
(as in its `GridScan`; Madsen & Susi, Open Research Europe 1, 24, 2021).
Neither holds a dwell.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.pathfiles.frame import FramePath, check_inside, needed_shape
from stemgan.scan.physics import check_amount


def write_odemis(file: Path, path: FramePath) -> None:
    """Write positions for Odemis, exactly."""
    save(file, (path.path - _centre(path.shape))[:, ::-1])


def read_odemis(file: Path, shape: tuple[int, int] | None) -> FramePath:
    """Read positions from Odemis.

    Raises
    ------
    InputError : not an (n, 2) array of finite numbers, or outside the frame.
    """
    shape = needed_shape(shape, str(file))
    path = _pairs(file)[:, ::-1] + _centre(shape)
    check_inside(path, shape, str(file))
    return FramePath(path, shape)


def write_abtem(file: Path, path: FramePath, pixel_size: float | None) -> None:
    """Write positions [Å] for abTEM, exactly (which rounds them to float32 itself).

    Raises
    ------
    InputError : the pixel size [Å] is missing.
    """
    save(file, path.path * _angstrom(pixel_size))


def read_abtem(
    file: Path, shape: tuple[int, int] | None, pixel_size: float | None
) -> FramePath:
    """Read positions [Å] from abTEM.

    Raises
    ------
    InputError : not an (n, 2) array of finite numbers, outside the frame, or the pixel size
        [Å] is missing.
    """
    shape = needed_shape(shape, str(file))
    path = _pairs(file) / _angstrom(pixel_size)
    check_inside(path, shape, str(file))
    return FramePath(path, shape)


def load(file: Path) -> NDArray[np.generic]:
    """Load an NPY file of real numbers.

    Raises
    ------
    InputError : it is something else.
    """
    try:
        with file.open("rb") as stream:
            array = np.load(stream, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{file} cannot be read as NPY: write it again with NumPy") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "buif" or not array.size:
        raise InputError(f"{file} holds no real numbers: write it again with NumPy")
    return array


def save(file: Path, array: NDArray[np.float64]) -> None:
    """Write an NPY file under its exact name."""
    with file.open("wb") as stream:
        np.save(stream, np.ascontiguousarray(array))


def _pairs(file: Path) -> NDArray[np.float64]:
    array = load(file)
    if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind == "b":
        raise InputError(f"{file} has shape {array.shape}: positions are (n, 2) numbers")
    pairs = array.astype(np.float64)
    if not np.isfinite(pairs).all():
        row = int((~np.isfinite(pairs).all(axis=1)).argmax())
        raise InputError(f"position {row + 1} of {file} is NaN or Inf: remove it")
    return pairs


def _centre(shape: tuple[int, int]) -> NDArray[np.float64]:
    return (np.asarray(shape) - 1) / 2


def _angstrom(pixel_size: float | None) -> float:
    if pixel_size is None:
        raise InputError("abTEM positions are in Å: give the side of a pixel, --pixel-size")
    check_amount("pixel size", pixel_size, "Å")
    return pixel_size
