"""Fonts for names that are anyone's: matplotlib's own has no Chinese, Japanese or Korean."""

from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

_PLAIN = "DejaVu Sans"
_BOXES = "Last Resort"
"""A font of boxes, which has everything."""


def font_families(texts: Iterable[str]) -> list[str]:
    """List the fonts in which texts are drawn: matplotlib's own, and others for what it lacks.

    Parameters
    ----------
    texts : what is drawn; letters that no installed font has stay boxes, see `drawable`.
    """
    lacking = (_lacking(text) for text in texts)
    others = (_font_of(letters) for letters in lacking if letters)
    return list(dict.fromkeys(["sans-serif", *(name for name in others if name)]))


def drawable(names: Sequence[str]) -> list[str]:
    """Return names as they can be drawn: a number in place of one whose letters no font has.

    Examples
    --------
    >>> drawable(["Tips", "Fibres, 5 µm"])
    ['Tips', 'Fibres, 5 µm']
    """
    return [
        f"#{number}" if (letters := _lacking(name)) and not _font_of(letters) else name
        for number, name in enumerate(names, 1)
    ]


def _lacking(text: str) -> frozenset[str]:
    """Return the letters of a text that matplotlib's own font has not."""
    if text.isascii():
        return frozenset()
    from matplotlib.font_manager import findfont

    own = _letters(findfont(_PLAIN))
    return frozenset(one for one in text if one.isprintable() and not np.isin(ord(one), own))


@cache
def _font_of(letters: frozenset[str]) -> str | None:
    """Find an installed font that has all these letters; of several ever the same."""
    from matplotlib.font_manager import FontProperties, findfont, fontManager

    codes = [ord(one) for one in letters]
    fonts = (one for one in fontManager.ttflist if not one.name.startswith(_BOXES))
    for font in sorted(fonts, key=lambda one: (one.style != "normal", one.name, one.fname)):
        has = np.isin(codes, _letters(font.fname)).all()
        if has and findfont(FontProperties(family=[font.name])) == font.fname:  # no bold face
            return font.name
    return None


@cache
def _letters(file: str) -> NDArray[np.int64]:
    """Return the codes of what a font can draw."""
    from matplotlib.ft2font import FT2Font

    try:
        font = FT2Font(file)
    except (OSError, RuntimeError):  # it was removed, or is of an odd kind
        return np.empty(0, np.int64)
    return np.array(list(font.get_charmap()) if font.scalable else [], np.int64)
