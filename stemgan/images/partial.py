"""Partial scans from files: which pixels were measured, and never guessed from zeros."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.images.files import read_stack
from stemgan.images.micrograph import Micrograph
from stemgan.measurement import PartialScan


def read_mask(path: str | Path) -> NDArray[np.float32]:
    """Read a mask or dwell map.

    A file of whole numbers says measured (> 0) or not, whatever the number: 1 and 255 mean the
    same. A file that holds fractions is a dwell map and is taken as it stands.

    Parameters
    ----------
    path : any image file.

    Returns
    -------
    Dwell map, (H, W) float32, 0 = unmeasured.

    Raises
    ------
    InputError : it cannot be read, holds NaN or Inf, or marks no pixel as measured.
    """
    images = read_stack(path)
    if len(images) > 1:
        raise InputError(f"{path} holds {len(images)} images: give a mask of one image")
    return _as_dwell(images[0].data, str(path))


def _as_dwell(mask: NDArray[np.float32], where: str) -> NDArray[np.float32]:
    if not np.isfinite(mask).all():
        raise InputError(f"the mask {where} holds NaN or Inf: give numbers, > 0 where measured")
    if not (mask > 0).any():
        raise InputError(
            f"the mask {where} marks no pixel as measured (nothing is > 0): give the mask of "
            "this scan"
        )
    if (mask == np.floor(mask)).all():
        return (mask > 0).astype(np.float32)
    return np.maximum(mask, 0)


def read_partial_scans(
    path: str | Path,
    mask: str | Path | None = None,
    shape: tuple[int, int] | None = None,
    unit: str | None = None,
) -> list[PartialScan]:
    """Read every partial scan of a file.

    Unmeasured pixels are NaN, or given by `mask`, or by what the file itself holds beside its
    values (NPZ, point lists).

    Parameters
    ----------
    path : TIFF, NPY, NPZ, CSV point list, or whatever RosettaSciIO reads.
    mask : image file, > 0 = measured, the same for every image of a stack.
    shape, unit : frame and unit of a point list, see `read_points`.

    Returns
    -------
    One PartialScan an image, at least one.

    Raises
    ------
    InputError : nothing says which pixels are measured, the shapes differ, a measured value is
        NaN or Inf, too few pixels are measured, or the file cannot be read.
    """
    path = Path(path)
    if mask is not None and path.suffix.lower() == ".csv":
        raise InputError(f"{path} is a point list, which needs no mask: leave out --mask")
    images = read_stack(path, shape, unit)
    dwell = None if mask is None else read_mask(mask)
    return [_partial(image, dwell, path, mask) for image in images]


def read_partial_scan(
    path: str | Path,
    mask: str | Path | None = None,
    shape: tuple[int, int] | None = None,
    unit: str | None = None,
) -> PartialScan:
    """Read one partial scan; of a stack, the first. See `read_partial_scans`."""
    return read_partial_scans(path, mask, shape, unit)[0]


def _partial(
    image: Micrograph, dwell: NDArray[np.float32] | None, path: Path, mask: str | Path | None
) -> PartialScan:
    if dwell is None:
        dwell = _own_dwell(image, path)
    if dwell.shape != image.data.shape:
        raise InputError(
            f"mask {mask} {dwell.shape} and scan {path} {image.data.shape} differ in shape: "
            "give the mask of this scan"
        )
    values = np.where(dwell > 0, image.data, np.float32(0))
    lists = image.points or (None, None, None)
    return PartialScan(
        values, dwell, image.pixel_size, image.unit, image.name, image.metadata, *lists
    )


def _own_dwell(image: Micrograph, path: Path) -> NDArray[np.float32]:
    if image.dwell is not None:
        is_list = path.suffix.lower() == ".csv"
        return image.dwell if is_list else _as_dwell(image.dwell, f"in {path}")
    unmeasured = np.isnan(image.data)
    if not unmeasured.any():
        raise InputError(
            f"{path} has no NaN and no mask was given, so nothing says which pixels were "
            "measured: give --mask MASK, or set the unmeasured pixels to NaN"
        )
    return (~unmeasured).astype(np.float32)
