"""Small pictures of many images on few sheets, no larger than a page may be."""

import io
import math
from dataclasses import dataclass

import numpy as np

from stemgan.plots.page import data_uri

_SIDES = (160, 128, 112, 96, 80, 64, 56, 48, 40, 32, 24)
"""Sides of a small picture [px] that are tried, the largest first."""
_SHEET = 2048
"""Side of a sheet [px]: phones draw none that are much larger."""
_QUALITY = 60
_SAMPLE = 64
"""Images by which the size of all is told before they are packed."""


@dataclass(frozen=True)
class Sprites:
    """Small pictures, side by side on sheets, in the order of the images.

    Attributes
    ----------
    side : of a small picture [px].
    columns : small pictures in a row of a sheet, and rows of a full sheet.
    sheets : as URIs.
    """

    side: int
    columns: int
    sheets: tuple[str, ...]


def sprites(pixels: np.ndarray, budget: int = 6_500_000) -> Sprites:
    """Pack images as large as the budget allows.

    Parameters
    ----------
    pixels : (N, S, S) uint8, may be memory-mapped.
    budget : bytes of all sheets, before they are written as text, which takes a third more.
    """
    limit = min(max(_SIDES[-1], pixels.shape[1]), _SIDES[0])
    sides = [side for side in _SIDES if side <= limit]
    chosen = next((side for side in sides if _estimate(pixels, side) <= budget), sides[-1])
    columns = _SHEET // chosen
    starts = range(0, len(pixels), columns**2)
    sheets = (_packed(pixels[i : i + columns**2], chosen, columns) for i in starts)
    return Sprites(chosen, columns, tuple(data_uri(sheet, "webp") for sheet in sheets))


def _estimate(pixels: np.ndarray, side: int) -> float:
    """Tell how many bytes all images take, by a sample of them [byte]."""
    some = np.unique(np.linspace(0, len(pixels) - 1, min(_SAMPLE, len(pixels))).astype(int))
    return len(_packed(pixels[some], side, 8)) * len(pixels) / len(some)


def _packed(pixels: np.ndarray, side: int, columns: int) -> bytes:
    """Draw one sheet and pack it as WebP."""
    from PIL import Image

    columns = min(columns, len(pixels))
    rows = math.ceil(len(pixels) / columns)
    sheet = Image.new("L", (columns * side, rows * side), 255)
    for i, image in enumerate(pixels):
        small = Image.fromarray(np.asarray(image))
        if small.width != side:
            small = small.resize((side, side), Image.Resampling.LANCZOS)
        sheet.paste(small, (i % columns * side, i // columns * side))
    packed = io.BytesIO()
    sheet.save(packed, "WEBP", quality=_QUALITY, method=4)
    return packed.getvalue()
