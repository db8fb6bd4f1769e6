"""NumPy's own files: NPY holds one array, NPZ several by name."""

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.images.micrograph import Micrograph, frames, numbered, plain_scale
from stemgan.images.series import Series, as_series

_VALUES = ("values", "image", "data", "arr_0")
_DWELLS = ("dwell", "mask")


_BROKEN = (ValueError, OSError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error)
_READ_AT_ONCE = 2**28


def _load_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Load all arrays of an NPZ file by name."""
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                raise InputError(f"{path} is an NPY file: give it the suffix .npy")
            return {name: loaded[name] for name in loaded.files}
    except InputError:
        raise
    except _BROKEN as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> InputError:
    pickled = any(word in str(error) for word in ("Object arrays", "Python objects"))
    reason = "pickled objects" if pickled else "truncated or of another kind"
    kind = path.suffix[1:].upper()
    return InputError(f"{path} cannot be read as {kind} ({reason}): write it again with NumPy")


def read_npy(path: Path) -> Series:
    """Read an NPY file as a series; a large one image by image.

    Raises
    ------
    InputError : truncated, pickled, or no images.
    """
    try:
        # Mapped first: a header that claims more than the file holds is refused at once.
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    except _BROKEN as error:
        raise _unreadable(path, error) from error
    if not isinstance(mapped, np.ndarray):
        mapped.close()
        raise InputError(f"{path} is an NPZ file: give it the suffix .npz")
    small = mapped.nbytes <= _READ_AT_ONCE
    return as_series(np.array(mapped) if small else mapped, str(path))


def read_npz(path: Path) -> list[Micrograph]:
    """Read an NPZ file: intensities, and dwell map, scale and metadata where they are."""
    content = _load_npz(path)
    data = frames(content[_key(path, content)], str(path))
    dwell = next((content[name] for name in _DWELLS if name in content), None)
    dwells = [None] * len(data) if dwell is None else _matching(path, data, dwell)
    size, unit = plain_scale(_number(content, "pixel_size"), _text(content, "unit"))
    metadata = _record(_text(content, "metadata"))
    names = numbered(path.stem, len(data))
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


def _number(content: dict[str, NDArray[Any]], name: str) -> float | None:
    value = content.get(name)
    if value is None or value.size != 1 or value.dtype.kind not in "uif":
        return None
    return float(value.item())


def _text(content: dict[str, NDArray[Any]], name: str) -> str | None:
    value = content.get(name)
    return str(value.item()) if value is not None and value.size == 1 else None


def _record(text: str | None) -> dict[str, Any]:
    """Read the metadata that we write as JSON; what others call metadata is kept as text."""
    try:
        record = json.loads(text or "{}")
    except ValueError:
        record = None
    return record if isinstance(record, dict) else {"metadata": text}


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


def write_arrays(
    path: Path,
    data: NDArray[Any],
    pixel_size: float | None,
    unit: str | None,
    metadata: dict[str, Any],
    *,
    named: bool,
) -> None:
    """Write NPZ (arrays values, pixel_size, unit, metadata) if `named`, else NPY."""
    with path.open("wb") as file:
        if not named:
            np.save(file, data)
            return
        scale = {} if pixel_size is None else {"pixel_size": pixel_size, "unit": unit or ""}
        np.savez(file, values=data, metadata=json.dumps(metadata, default=str), **scale)
