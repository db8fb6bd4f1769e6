"""The letters of a label looked at as shapes: how many there are, and which unit they make.

A second opinion that knows no language: a reader of text takes µ for p and drops what it cannot
place; the pieces of ink, their holes and gaps say whether a letter is missing and whether the
one before the last m is n (open below), u or µ (open above), or p (closed, below the line).
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage import measure

from stemgan_data_prep.catalogue.scale.finding import Box, Ink, Mask, components

_SCALE = 4
_STRENGTHS = (0.3, 0.45, 0.6)
_HOLES = {
    "0": (1, 2, 3),  # plain, with a stroke, with a dot that touches
    "1": (0,),
    "2": (0,),
    "3": (0,),
    "4": (0, 1),
    "5": (0,),
    "6": (1,),
    "7": (0,),
    "8": (2,),
    "9": (1,),
}
_SMALLEST = 9  # px of the enlarged letters


@dataclass(frozen=True)
class Shapes:
    """What the shapes of a label say.

    Thin strokes break and letters touch, each at another strength of ink: hence several looks.

    Attributes
    ----------
    looks : the number of holes in each letter from left to right, at each strength of ink.
    unit : of length, or None where looks do not say, or disagree.
    """

    looks: tuple[tuple[int, ...], ...]
    unit: str | None

    def spell(self, text: str) -> bool:
        """Tell whether some look has the letters of a text, and holes where its digits do."""
        return any(
            len(look) == len(text)
            and all(
                holes in _HOLES.get(letter, (holes,))
                for letter, holes in zip(text, look, strict=True)
            )
            for look in self.looks
        )


def shapes(ink: Ink) -> Shapes:
    """Look at the letters of a label.

    Parameters
    ----------
    ink : from 0 to 1, of one line of text, (h, w).
    """
    large = np.asarray(ndimage.zoom(ink, _SCALE, order=1))
    looks, units = [], set()
    for strength in _STRENGTHS:
        mask = large > strength
        letters = _letters(mask)
        looks.append(tuple(_holes(mask[letter.part]) for letter in letters))
        if len(letters) > 1:
            units.add(_unit(mask, letters))
    units -= {None}
    return Shapes(tuple(looks), units.pop() if len(units) == 1 else None)


def _holes(letter: Mask) -> int:
    """Count what a letter encloses; backgrounds connect by sides, not by corners."""
    return int(np.asarray(measure.label(~np.pad(letter, 1), connectivity=1)).max()) - 1


def _letters(mask: Mask) -> list[Box]:
    """Box the letters from left to right; pieces above each other are one."""
    pieces = [b for b in components(mask) if max(b.height, b.width) >= _SMALLEST]
    high = max((b.height for b in pieces), default=0)
    low = max((b.bottom for b in pieces if b.height > 0.35 * high), default=0)
    pieces = [b for b in pieces if b.height > 0.35 * high or b.top > low - 0.5 * high]
    found: list[Box] = []
    for piece in sorted(pieces, key=lambda b: b.left):
        if found and -piece.gap(found[-1]) > 0.6 * min(piece.width, found[-1].width):
            found[-1] = found[-1].joined(piece)
        else:
            found.append(piece)
    return found


def _unit(mask: Mask, letters: list[Box]) -> str | None:
    last, before = letters[-1], letters[-2]
    if last.width < 1.15 * last.height:  # no m, which is wide
        return None
    high = last.height
    if abs(before.top - last.top) > 0.25 * high:
        return None
    if before.width > 0.87 * last.width:
        return "mm" if abs(before.bottom - last.bottom) < 0.15 * high else None
    above, below, holes = _middle(mask, before, last)
    if before.bottom - last.bottom > 0.2 * high:
        if not above and below:
            return "µm"
        return "pm" if above and holes else None
    if above and not below:
        return "nm"
    return "µm" if below and not above else None


def _middle(mask: Mask, letter: Box, m: Box) -> tuple[bool, bool, bool]:
    """Say whether a letter has ink in its middle at the top, at the line, and a hole."""
    part = mask[letter.part]
    third = max(1, letter.width // 7)
    centre = letter.width // 2
    columns = part[:, centre - third : centre + third + 1]
    line = m.bottom - letter.top
    deep = max(2, round(0.3 * m.height))
    above = bool(columns[:deep].any(axis=0).mean() > 0.6)
    below = bool(columns[max(line - deep, 0) : line + deep // 3].any(axis=0).mean() > 0.6)
    holes = _holes(part) > 0
    return above, below, holes
