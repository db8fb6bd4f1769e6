"""Which reader and writer a file's suffix means."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.files import check_output, whole_file
from stemgan.images.micrograph import Micrograph, as_float, frames, plain_scale
from stemgan.images.points import read_points
from stemgan.images.tiff import read_tiff, write_tiff
from stemgan.images.vendor import FORMATS, read_vendor

_TIFF = (".tif", ".tiff")
_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif")
WRITABLE = (*_TIFF, ".npy", ".npz")
READABLE = frozenset({*WRITABLE, *_PICTURES, ".csv", *FORMATS})
"""Suffixes that are looked for in a folder."""

_VALUES = ("values", "image", "data", "arr_0")
_DWELLS = ("dwell", "mask")


def existing_file(path: str | Path) -> Path:
    """Return the path of a file that can be opened.

    Raises
    ------
    InputError : it does not exist, is a folder, or is empty.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path} does not exist: check the name")
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
        return _read_npz(path)
    if suffix in _TIFF:
        data, size, length, metadata = read_tiff(path)
    elif suffix == ".npy":
        data, size, length, metadata = frames(_load(path), str(path)), None, None, {}
    elif suffix in _PICTURES:
        data, size, length, metadata = _read_picture(path), None, None, {}
    else:
        images = read_vendor(path)
        names = _names(path, len(images))
        return [
            Micrograph(d, s, u, n, m) for (d, s, u, m), n in zip(images, names, strict=True)
        ]
    names = _names(path, len(data))
    return [
        Micrograph(frame, size, length, name, metadata)
        for frame, name in zip(data, names, strict=True)
    ]


def read_micrograph(path: str | Path) -> Micrograph:
    """Read one image; of a stack, the first.

    Raises
    ------
    InputError : what is wrong with the file.
    """
    return read_stack(path)[0]


def _names(path: Path, count: int) -> list[str]:
    return [path.stem] if count == 1 else [f"{path.stem}_{i:04d}" for i in range(count)]


def _load(path: Path) -> Any:  # noqa: ANN401 (an array, or the mapping that an NPZ file is)
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        reason = "pickled objects" if "pickle" in str(error) else "truncated or of another kind"
        raise InputError(
            f"{path} cannot be read as {path.suffix[1:].upper()} ({reason}): write it "
            "again with numpy.save or numpy.savez"
        ) from error


def _read_npz(path: Path) -> list[Micrograph]:
    loaded = _load(path)
    if not isinstance(loaded, np.lib.npyio.NpzFile):
        raise InputError(f"{path} is not an NPZ file: write it again with numpy.savez")
    try:
        with loaded as arrays:
            content = {name: arrays[name] for name in arrays.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} cannot be read as NPZ: it may be truncated") from error
    data = frames(content[_key(path, content)], str(path))
    dwell = next((content[name] for name in _DWELLS if name in content), None)
    dwells = [None] * len(data) if dwell is None else _matching(path, data, dwell)
    size, unit = plain_scale(_scalar(content, "pixel_size"), _scalar(content, "unit"))
    metadata = json.loads(_scalar(content, "metadata") or "{}")
    names = _names(path, len(data))
    return [
        Micrograph(frame, size, unit, name, metadata, mask)
        for frame, name, mask in zip(data, names, dwells, strict=True)
    ]


def _key(path: Path, content: dict[str, NDArray[Any]]) -> str:
    images = [n for n, a in content.items() if a.ndim >= 2 and n not in _DWELLS]
    named = [name for name in _VALUES if name in images]
    if named or len(images) == 1:
        return (named or images)[0]
    raise InputError(
        f"{path} holds the arrays {', '.join(content) or '(none)'}: name the intensities "
        "'values', and the mask or dwell map, if there is one, 'dwell'"
    )


def _scalar(content: dict[str, NDArray[Any]], name: str) -> Any:  # noqa: ANN401
    value = content.get(name)
    return None if value is None or value.size != 1 else value.item()


def _matching(
    path: Path, data: NDArray[np.float32], dwell: NDArray[Any]
) -> list[NDArray[np.float32]]:
    maps = list(frames(dwell, f"the dwell map of {path}"))
    if maps[0].shape != data.shape[1:] or len(maps) not in (1, len(data)):
        raise InputError(
            f"values {data.shape} and dwell map {dwell.shape} of {path} differ: give both the "
            "same shape"
        )
    return maps * len(data) if len(maps) == 1 else maps


def _read_picture(path: Path) -> NDArray[np.float32]:
    """Read a PNG or the like, which is grey or has three equal channels, as (1, H, W)."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            if image.mode in ("P", "PA"):
                image = image.convert("RGB")
            data = np.asarray(image)
    except Exception as error:  # Pillow raises a zoo on broken files
        raise InputError(f"{path} cannot be read as an image: copy it again") from error
    if data.ndim == 3:
        colours = data[..., : 3 if data.shape[-1] > 2 else 1]
        if (colours != colours[..., :1]).any():
            raise InputError(
                f"{path} is a colour (RGB) image: convert it to one channel of intensities"
            )
        data = colours[..., 0]
    return as_float(data, str(path))[None]


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
            scale = {} if pixel_size is None else {"pixel_size": pixel_size, "unit": unit or ""}
            record = json.dumps(metadata or {}, default=str)
            with temporary.open("wb") as file:
                if suffix == ".npy":
                    np.save(file, data)
                else:
                    np.savez(file, values=data, metadata=record, **scale)
    return path
