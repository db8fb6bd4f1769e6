"""Which reader and writer a file's suffix means."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.files import check_output, whole_file
from stemgan.images.arrays import read_npy, read_npz, write_arrays
from stemgan.images.micrograph import Micrograph, as_float, numbered
from stemgan.images.pictures import read_picture
from stemgan.images.points import read_points
from stemgan.images.series import About, Series, as_series
from stemgan.images.tiff import read_tiff, write_tiff
from stemgan.images.vendor import FORMATS, read_vendor

_TIFF = (".tif", ".tiff")
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif")
WRITABLE = (*_TIFF, ".npy", ".npz")
READABLE = frozenset({*WRITABLE, *PICTURES, ".csv", *FORMATS})
"""Suffixes that are looked for in a folder."""


FOLDERS = (".zspy",)
"""Formats whose files may be folders."""


def existing_file(path: str | Path) -> Path:
    """Return the path of a file that can be opened.

    Raises
    ------
    InputError : it does not exist, is a folder, or is empty.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path} does not exist: check the name")
    if path.is_dir() and path.suffix.lower() in FOLDERS:
        return path
    if not path.is_file():
        raise InputError(f"{path} is a folder: give a file")
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise InputError(f"{path} cannot be opened ({error.strerror})") from error
    if empty:
        raise InputError(f"{path} is empty (0 bytes): copy it again")
    return path


def read_stack(
    path: str | Path, shape: tuple[int, int] | None = None, unit: str | None = None
) -> list[Micrograph]:
    """Read every image of a file: the pages of a TIFF, the planes of an array, ...

    Parameters
    ----------
    path : TIFF, NPY, NPZ, CSV point list, PNG, or whatever RosettaSciIO reads.
    shape, unit : frame and unit of a point list, see `read_points`.

    Returns
    -------
    One Micrograph an image, at least one.

    Raises
    ------
    InputError : what is wrong with the file.
    """
    path = existing_file(path)
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return [read_points(path, shape, unit)]
    if suffix == ".npz":
        return read_npz(path)
    series = read_series(path, every=False)
    names = iter(numbered(path.stem, sum(map(len, series))))
    return [_micrograph(one, i, next(names)) for one in series for i in range(len(one))]


def _micrograph(series: Series, index: int, name: str) -> Micrograph:
    about = series.about
    # A maker's own words can be megabytes, and would go into everything made of the image.
    slim = {k: v for k, v in about.metadata.items() if k != "original_metadata"}
    return Micrograph(
        series[index], about.pixel_size, about.unit, name, slim, detector=about.detector
    )


def read_series(path: str | Path, *, every: bool = True) -> list[Series]:
    """Read a file's images detector by detector, each image only when it is asked for.

    Parameters
    ----------
    path : TIFF, NPY, NPZ, PNG and the like, or whatever RosettaSciIO reads.
    every : of a TIFF of several series, whether to take all, not the first alone.

    Returns
    -------
    One series a detector, at least one.

    Raises
    ------
    InputError : what is wrong with the file.
    """
    path = existing_file(path)
    suffix = path.suffix.lower()
    if suffix == ".npz":
        images = read_npz(path)
        about = About(images[0].pixel_size, images[0].unit, None, images[0].metadata)
        return [as_series(np.stack([image.data for image in images]), str(path), about)]
    if suffix == ".npy":
        return [read_npy(path)]
    if suffix in _TIFF:
        return read_tiff(path, every=every)
    if suffix in PICTURES:
        return [as_series(read_picture(path), str(path))]
    return read_vendor(path)


def read_micrograph(path: str | Path) -> Micrograph:
    """Read one image; of a stack, the first.

    Raises
    ------
    InputError : what is wrong with the file.
    """
    return read_stack(path)[0]


def check_image_output(path: str | Path, *, overwrite: bool = False) -> Path:
    """Refuse an image output that cannot be written, before any work is done.

    Raises
    ------
    InputError : the suffix is not one of WRITABLE, or `check_output` refuses the path.
    """
    path = Path(path)
    if path.suffix.lower() not in WRITABLE:
        raise InputError(
            f"{path} has the suffix {path.suffix or '(none)'}, which cannot hold intensities: "
            f"write {', '.join(WRITABLE)}"
        )
    return check_output(path, overwrite=overwrite)


def write_image(
    path: str | Path,
    array: NDArray[Any],
    pixel_size: float | None = None,
    unit: str | None = None,
    metadata: dict[str, Any] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write an image or a stack, whole or not at all, in the format of the suffix.

    Parameters
    ----------
    path : TIFF (opens in ImageJ with its scale), NPZ (arrays values, pixel_size, unit,
        metadata), or NPY (the values alone).
    array : intensities, (H, W) or (n, H, W); written as float32, or as they are if uint8.
    pixel_size, unit : side of a pixel.
    metadata : what can be written as JSON: the processing record.
    overwrite : whether a file that exists may be replaced.

    Returns
    -------
    The path written.

    Raises
    ------
    InputError : the path cannot be written.
    """
    path = check_image_output(path, overwrite=overwrite)
    data = array if array.dtype == np.uint8 else as_float(array, str(path))
    suffix = path.suffix.lower()
    with whole_file(path) as temporary:
        if suffix in _TIFF:
            write_tiff(temporary, data, pixel_size, unit, metadata or {})
        else:
            named = suffix == ".npz"
            write_arrays(temporary, data, pixel_size, unit, metadata or {}, named=named)
    return path
