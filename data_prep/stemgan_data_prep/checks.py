"""What is no micrograph, and said to be none."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.images.series import Series

SMALLEST = 32
"""The shortest side of a micrograph, and the least --size [px]."""
_SAMPLES = 8
_SCALED = 1.5


class UnfitError(InputError):
    """An image that can be read and not be used; `kind` is a word or two to count by."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind

    def __reduce__(self) -> tuple[type["UnfitError"], tuple[str, str]]:
        return UnfitError, (self.kind, str(self))


def check_shape(series: Series, size: int) -> None:
    """Refuse images that are smaller than a tile, before one is read.

    Raises
    ------
    UnfitError : a side is shorter than `size` [px].
    """
    _count, height, width = series.shape
    if min(height, width) < SMALLEST:
        raise UnfitError(
            "too small",
            f"{series.where} has {height}x{width} px, a thumbnail rather than a micrograph: "
            f"each side must be at least {SMALLEST} px",
        )
    _check_size(height, width, size, series.where)


def check_image(image: NDArray[np.float32], size: int, where: str) -> None:
    """Refuse an image, (H, W), of which nothing can be learnt.

    Raises
    ------
    UnfitError : too little is left of it, all its values are equal, or there are only two.
    """
    height, width = image.shape
    _check_size(height, width, size, f"what is left of {where} without its bars")
    low, high = image.min(), image.max()
    if low == high:
        raise UnfitError("constant", f"{where} has one value everywhere: it shows nothing")
    if ((image == low) | (image == high)).all():
        raise UnfitError("not an image", f"{where} has two values alone: it is a mask")


def _check_size(height: int, width: int, size: int, where: str) -> None:
    if min(height, width) < size:
        raise UnfitError(
            "too small",
            f"{where} has {height}x{width} px, smaller than a tile of {size}: pass --size",
        )


def short_side(reason: str) -> int | None:
    """Read the shorter side [px] from why an image is too small, as it is said above.

    Examples
    --------
    >>> short_side("a.tif has 96x128 px, smaller than a tile of 256: pass --size")
    96
    """
    found = re.search(r" has (\d+)x(\d+) px", reason)
    return min(map(int, found.groups())) if found else None


def is_collection(file: Path, series: Series) -> bool:
    """Tell a published collection of crops from the frames of one specimen.

    The Warwick datasets (J. M. Ede, Warwick electron microscopy datasets, Machine Learning:
    Science and Technology 1, 045003, 2020) are NPY files of square images, each scaled to about
    [-1, 1]; a movie has counts.
    """
    count, height, width = series.shape
    square = file.suffix.lower() == ".npy" and series.dtype.kind == "f" and height == width
    if not square or count < 2:
        return False
    numbers = {int(n) for n in np.linspace(0, count - 1, _SAMPLES).round()}
    return all(np.abs(series[number]).max() <= _SCALED for number in numbers)
