"""One picture as a classifier sees it: without bars, in grey, square."""

import math
import warnings
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.images import Series, read_series
from stemgan.images.series import NoImageError
from stemgan_data_prep.checks import UnfitError
from stemgan_data_prep.cleaning import Cut, repair, without_bars

_SMALLEST = 32
_PERCENTILES = (0.5, 99.5)
_MOST_REPAIRED = 0.5
_MANY = 2**17

LOSSY = (".jpg", ".jpeg")
"""Formats whose bars have no background of one value."""
_RIPPLES = (4.0, 12.0)
"""Levels of 255 by which compression changes a background: far from text, and near it."""
_INK, _LEAST_INK = 40.0, 0.005
"""Levels by which text differs from its background, and the least share of a bar it fills."""


def read_image(file: Path, frame: int = 0) -> NDArray[np.float32]:
    """Read an image of a file as it is, (H, W); colours by their luminance.

    A class shows in a coloured picture too, unlike an intensity to be measured.

    Parameters
    ----------
    file : any format that is read elsewhere.
    frame : its number in the file, from 0; one detector's images after the other's.

    Raises
    ------
    InputError : the file cannot be read, or holds no such image.
    """
    state = file.stat()
    try:
        opened = _open(file, state.st_size, state.st_mtime_ns)
    except NoImageError:
        return _luminance(file)
    number = frame
    for series in opened:
        if number < len(series):
            return series[number]
        number -= len(series)
    raise InputError(f"{file} holds no image number {frame}: look at the file again")


@lru_cache(maxsize=1)
def _open(file: Path, size: int, changed: int) -> list[Series]:
    """Open a file once for the frames that follow each other."""
    del size, changed  # another file of the same name
    return read_series(file)


def forget_file() -> None:
    """Close the file that was kept open."""
    _open.cache_clear()


def _luminance(file: Path) -> NDArray[np.float32]:
    """Read colours as grey.

    Raises
    ------
    NoImageError : it is no coloured picture that Pillow reads.
    """
    from PIL import Image

    try:
        with Image.open(file) as image, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(image.convert("RGB").convert("L"), dtype=np.float32)
    except Exception:  # Pillow raises a zoo
        raise NoImageError(f"{file} holds no image of height x width: leave it out") from None


def square(
    image: NDArray[np.float32], side: int, where: str, *, lossy: bool = False
) -> NDArray[np.uint8]:
    """Make an image what a classifier sees, (side, side).

    Bars of information are cut off: they tell the microscope, not the specimen. From the 0.5th
    to the 99.5th percentile becomes 0 to 255; then the centre square is resized, antialiased.

    Parameters
    ----------
    image : intensities, (H, W); up to half of them may be not finite.
    side : [px].
    where : the image, for messages.
    lossy : whether it was compressed with losses, of 256 levels.

    Raises
    ------
    UnfitError : it is a thumbnail, shows nothing, or is not finite for the most part.
    """
    repaired, _ = repair(image, _MOST_REPAIRED, where, "it shows too little to be classified")
    inside = _inside(repaired, lossy).of(repaired)
    height, width = inside.shape
    if min(height, width) < _SMALLEST:
        raise UnfitError(
            "too small",
            f"{where} has {height}x{width} px without bars: each side must be at least "
            f"{_SMALLEST} px",
        )
    return _resized(_stretched(inside, where), side)


def _inside(image: NDArray[np.float32], lossy: bool) -> Cut:
    """Find the image inside its bars; of one with losses, those alone that hold text.

    A smooth layer of a specimen, too, is nearly of one value then; where it ends it has no
    text's place, so that the third next to the image does not count.
    """
    cut, height = without_bars(image), image.shape[0]
    if not lossy or (cut.top, cut.bottom) != (0, height):
        return cut
    top, bottom = 0, height
    for ripple in _RIPPLES:
        cut = without_bars(image, ripple)
        top = cut.top if _has_text(image[: 2 * cut.top // 3]) else 0
        bottom = (
            cut.bottom
            if _has_text(image[cut.bottom + (height - cut.bottom) // 3 :])
            else height
        )
        if (top, bottom) != (0, height):
            break
    return Cut(top, bottom, cut.left, cut.right)


def _has_text(band: NDArray[np.float32]) -> bool:
    if not band.size:
        return False
    return bool((np.abs(band - np.median(band)) > _INK).mean() >= _LEAST_INK)


def _stretched(image: NDArray[np.float32], where: str) -> NDArray[np.float32]:
    """Bring intensities to 0 … 255."""
    step = max(1, math.isqrt(image.size // _MANY))
    low, high = np.percentile(image[::step, ::step], _PERCENTILES)
    if low == high:  # bright spots on a ground that is all one
        low, high = image.min(), image.max()
    if low == high:
        raise UnfitError("constant", f"{where} has one value everywhere: it shows nothing")
    scaled = (image.astype(np.float64) - low) * (255 / (high - low))
    return np.clip(scaled, 0, 255).astype(np.float32)


def _resized(image: NDArray[np.float32], side: int) -> NDArray[np.uint8]:
    """Resize the centre square; Pillow widens its bicubic kernel to average what shrinks."""
    from PIL import Image

    height, width = image.shape
    short = min(height, width)
    left, top = (width - short) / 2, (height - short) / 2
    resized = Image.fromarray(image).resize(
        (side, side), Image.Resampling.BICUBIC, (left, top, left + short, top + short)
    )
    return np.clip(np.asarray(resized).round(), 0, 255).astype(np.uint8)
