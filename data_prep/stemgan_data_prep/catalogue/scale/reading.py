"""Text read by Tesseract, an optional program: of a bar's label, and of a whole strip."""

import os
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy import ndimage

from stemgan.errors import InputError
from stemgan_data_prep.catalogue.extras import needed
from stemgan_data_prep.catalogue.scale.finding import Ink

_TALL, _TALLER = 36, 52
"""Heights [px] to which a line of text is brought for two readings of it."""
_MARGIN = 24
_LONGEST = 20  # [s]


@dataclass(frozen=True)
class Reading:
    """A text and how sure its reader is, from 0 to 1."""

    text: str
    confidence: float


@cache
def available() -> bool:
    """Tell whether text can be read: the library and the program are both there."""
    try:
        needed("pytesseract").get_tesseract_version()
    except (InputError, OSError, SystemExit):
        return False
    except Exception as error:  # the library's own, which only it can name
        if type(error).__name__ != "TesseractNotFoundError":
            raise
        return False
    return True


def read_label(ink: Ink) -> list[Reading]:
    """Read one line of text twice: smooth at one size, black and white at another.

    Parameters
    ----------
    ink : from 0 to 1, of the line alone, (h, w).
    """
    smooth = _enlarged(ink, _TALL)
    sharp = (_enlarged(ink, _TALLER) > 0.5).astype(np.float32)
    soft = np.asarray(ndimage.gaussian_filter(sharp, 0.8), np.float32)
    return [_read(smooth, 7), _read(soft, 7)]


def read_strip(ink: Ink, letters: float) -> str:
    """Read all the text of a strip.

    Parameters
    ----------
    ink : from 0 to 1, (h, w).
    letters : height of a line of its text [px].
    """
    factor = np.clip(_TALL / max(letters, 1.0), 0.5, 4)
    return _read(_zoomed(ink, float(factor)), 11).text


def _enlarged(ink: Ink, height: int) -> Ink:
    return _zoomed(ink, height / max(ink.shape[0], 1))


def _zoomed(ink: Ink, factor: float) -> Ink:
    zoomed = np.asarray(ndimage.zoom(ink, factor, order=3 if factor < 8 else 1), np.float32)
    return np.clip(zoomed, 0, 1)


def _read(ink: Ink, layout: int) -> Reading:
    """Read ink; `layout` is one of the program's page segmentation modes."""
    reader = needed("pytesseract")
    from PIL import Image

    page = np.pad(255 - ink * 255, _MARGIN, constant_values=255).astype(np.uint8)
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")  # more threads are slower on a line of text
    try:
        found: dict[str, Any] = reader.image_to_data(
            Image.fromarray(page),
            config=f"--psm {layout} --dpi 150",
            output_type=reader.Output.DICT,
            timeout=_LONGEST,
        )
    except (RuntimeError, OSError):  # it failed, or took too long, on this picture
        return Reading("", 0.0)
    words = [
        (text, float(sure))
        for text, sure in zip(found["text"], found["conf"], strict=True)
        if text.strip() and float(sure) >= 0
    ]
    if not words:
        return Reading("", 0.0)
    return Reading(" ".join(text for text, _ in words), min(sure for _, sure in words) / 100)
