"""Where in a picture a scale bar may be: in a strip of information, or in the image itself."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage import measure

from stemgan_data_prep.cleaning import without_bars

Ink = NDArray[np.float32]
Mask = NDArray[np.bool_]

_TOLERANCES = (0.0, 4.0, 12.0)
"""How far from its background a strip's values may lie, in levels of 255: compression."""
_THINNEST, _FAINTEST = 12, 40.0
_INK, _BURNT_INK = 0.3, 0.88


@dataclass(frozen=True, eq=False)
class Region:
    """A part of a picture in which ink may be told from what it is drawn on.

    Attributes
    ----------
    ink : from 0, the background, to 1, the ink, (h, w).
    mask : True = ink, (h, w).
    top : first row of the region in the picture [px]; its columns are the picture's.
    strip : whether it is a strip of information, not the image itself.
    """

    ink: Ink
    mask: Mask
    top: int
    strip: bool

    @property
    def width(self) -> int:
        """Width of the picture [px]."""
        return self.mask.shape[1]


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels: rows top to bottom, columns left to right, ends excluded."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    @property
    def part(self) -> tuple[slice, slice]:
        """Index of the pixels."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def joined(self, other: "Box") -> "Box":
        """Give the smallest box around both."""
        return Box(
            min(self.top, other.top),
            max(self.bottom, other.bottom),
            min(self.left, other.left),
            max(self.right, other.right),
        )

    def overlap(self, other: "Box") -> int:
        """Count the rows that both have; negative for the rows between them."""
        return min(self.bottom, other.bottom) - max(self.top, other.top)

    def gap(self, other: "Box") -> int:
        """Count the columns between both; negative for those that both have."""
        return max(self.left, other.left) - min(self.right, other.right)


def levels(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring intensities to 0 to 255; what is not finite becomes 0."""
    finite = np.isfinite(image)
    if not finite.any():
        return np.zeros(image.shape, np.float32)
    values = np.where(finite, image, image[finite].min()).astype(np.float32)
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 255 and high > 127:
        return values
    return (values - low) * np.float32(255 / (high - low if high > low else 1))


def regions(grey: NDArray[np.float32]) -> Iterator[Region]:
    """Yield the strips of a picture, and then the image itself in white and in black ink.

    Parameters
    ----------
    grey : 0 to 255, (H, W); see `levels`.
    """
    height = grey.shape[0]
    cut = None
    for tolerance in _TOLERANCES:
        cut = without_bars(grey, tolerance)
        bands = [(0, cut.top), (cut.bottom, height)]
        found = [r for band in bands if (r := _strip(grey, *band)) is not None]
        if found:
            yield from found
            break
    top, bottom = (cut.top, cut.bottom) if cut else (0, height)
    inner = grey[top:bottom]
    white = (inner / 255).astype(np.float32)
    for ink in (white, np.float32(1) - white):
        yield Region(ink, ink > _BURNT_INK, top, strip=False)


def _strip(grey: NDArray[np.float32], top: int, bottom: int) -> Region | None:
    """Make a region of rows that hold ink of one kind, or None where they do not."""
    if bottom - top < _THINNEST:
        return None
    band = grey[top:bottom]
    values, counts = np.unique(np.round(band), return_counts=True)
    away = band - values[np.argmax(counts)]
    strong = np.abs(away) > _FAINTEST
    if not strong.any():
        return None
    sign = 1 if np.count_nonzero(strong & (away > 0)) * 2 >= np.count_nonzero(strong) else -1
    contrast = float((away * sign).max())
    ink = np.clip(away * sign / contrast, 0, 1).astype(np.float32)
    return Region(ink, ink > _INK, top, strip=True)


def components(mask: Mask) -> list[Box]:
    """Box every connected piece of ink (8 neighbours)."""
    labels = np.asarray(measure.label(mask, connectivity=2), np.int32)
    return [
        Box(rows.start, rows.stop, columns.start, columns.stop)
        for rows, columns in ndimage.find_objects(labels)
    ]
