"""One image as a file holds it: intensities, pixel size, unit, metadata."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.measurement import Points

_SPELLINGS = {
    "nm": ("nanometer", "nanometre", "nanometers"),
    "µm": ("um", "μm", "micron", "microns", "micrometer", "micrometre"),
    "Å": ("a", "å", "angstrom", "ang"),
    "pm": ("picometer", "picometre"),
    "mm": ("millimeter", "millimetre"),
    "cm": ("centimeter", "centimetre"),
    "m": ("meter", "metre"),
    "inch": ("in", "inches"),
}
_METRES = {"pm": 1e-12, "Å": 1e-10, "nm": 1e-9, "µm": 1e-6, "mm": 1e-3, "cm": 1e-2, "m": 1.0}
_METRES["inch"] = 0.0254


@dataclass(frozen=True, eq=False)
class Micrograph:
    """An image with what its file says about it.

    Attributes
    ----------
    data : intensities in the instrument's own unit, (H, W) float32; may hold NaN.
    pixel_size : side of a pixel in `unit`, or None where the file gives none.
    unit : unit of `pixel_size` ("nm", "µm", "Å", ...), or None.
    name : the file's name without its suffix, numbered within a stack.
    metadata : what else the file says; our own files keep their processing record here.
    dwell : dwell map, (H, W) float32, where the file has one (point lists, NPZ), or None.
    points : exact positions of what was measured, where the file has them (point lists).
    detector : the detector's (or channel's) name where the file gives one, or None.
    """

    data: NDArray[np.float32]
    pixel_size: float | None = None
    unit: str | None = None
    name: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    dwell: NDArray[np.float32] | None = None
    points: Points | None = None
    detector: str | None = None


def plain_unit(text: str | None) -> str | None:
    """Spell a unit of length in one way; None for none and for pixels.

    Examples
    --------
    >>> plain_unit("micron")
    'µm'
    """
    text = (text or "").strip().strip("[]").replace("_", "")  # Berkeley EMD writes [n_m]
    if "\\u" in text:  # ImageJ escapes what is not ASCII
        text = text.encode("ascii", "ignore").decode("unicode_escape")
    if text.lower() in ("", "pixel", "pixels", "px", "none", "<undefined>", "undefined"):
        return None
    for unit, spellings in _SPELLINGS.items():
        if text == unit or text.lower() in spellings:
            return unit
    return text


def plain_scale(size: float | None, unit: str | None) -> tuple[float | None, str | None]:
    """Give a pixel size in a unit that suits it, or (None, None) if it is no scale.

    Metres, centimetres and inches become nm or µm, so that files can store them exactly.

    Examples
    --------
    >>> plain_scale(2e-10, "m")
    (0.2, 'nm')
    """
    unit = plain_unit(unit)
    if size is None or unit is None or not (np.isfinite(size) and size > 0):
        return None, None
    if unit in ("m", "cm", "inch"):
        metres = size * _METRES[unit]
        unit = "nm" if metres < 1e-6 else "µm"
        size = metres / _METRES[unit]
    return float(f"{size:.9g}"), unit


def as_float(data: NDArray[Any], where: str) -> NDArray[np.float32]:
    """Convert intensities of any real type to float32.

    Raises
    ------
    InputError : complex or structured data.
    """
    if data.dtype.kind not in "buif":
        raise InputError(f"{where} holds {data.dtype} data: give real numbers, one a pixel")
    with np.errstate(over="ignore"):  # what is too large becomes Inf and is refused as such
        return np.ascontiguousarray(data, dtype=np.float32)


def frames(data: NDArray[Any], where: str) -> NDArray[np.float32]:
    """View an array as a stack of images, (n, H, W).

    Raises
    ------
    InputError : fewer than two dimensions, colour, or data that is not real.
    """
    if data.ndim < 2 or 0 in data.shape:
        raise InputError(f"{where} has shape {data.shape}: give an image of height x width")
    if data.ndim > 3:
        raise InputError(f"{where} has shape {data.shape}: give one stack of images, (n, H, W)")
    if data.ndim > 2 and data.shape[-1] in (3, 4):
        raise InputError(
            f"{where} has shape {data.shape}, which is a colour image: give one channel "
            "of height x width"
        )
    return as_float(data, where).reshape(-1, *data.shape[-2:])


def numbered(name: str, count: int) -> list[str]:
    """Name the images of a stack; a single one keeps the file's name."""
    return [name] if count == 1 else [f"{name}_{i:04d}" for i in range(count)]
