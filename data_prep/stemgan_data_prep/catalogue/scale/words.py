"""The text that belongs to a bar: above it, below it, in its gap or beside it."""

import numpy as np
from scipy import ndimage

from stemgan_data_prep.catalogue.scale.bars import Bar
from stemgan_data_prep.catalogue.scale.finding import Box, Ink, Region, components

_LARGEST, _SMALLEST = 0.07, 5
_REACH = 3.0  # heights of the text
_AROUND = 0.08  # of the width, around a bar in the image
_ROUND = 4  # px around a label
_FAINT, _BRIGHT, _FULL = 0.1, 0.75, 0.97


def labels(region: Region, bar: Bar, pieces: list[Box]) -> list[Box]:
    """Box the lines of text at a bar, the nearest first; an interrupted bar has one or none.

    Parameters
    ----------
    region : where.
    bar : of the region.
    pieces : the connected pieces of ink of a strip; in the image they are found anew, by
        what stands out from the surroundings of the bar.
    """
    largest = max(12.0, _LARGEST * region.width)
    if region.strip:
        near = [b for b in pieces if _near(bar.box, b, 1.5 * _REACH * largest)]
    else:
        near = _around_bar(region, bar.box, round(_AROUND * region.width))
    own = [b for b in near if not _inside(b, bar)]
    lines = lines_of_text(own, largest)
    if bar.gap is not None:
        return [line for line in lines if _fills(line, bar)][:1]
    ranked = [(_distance(bar.box, line), line) for line in lines]
    return [line for far, line in sorted(ranked, key=lambda pair: pair[0]) if far < _REACH][:2]


def _around_bar(region: Region, bar: Box, reach: int) -> list[Box]:
    """Box the pieces of what stands out around a bar."""
    top, left = max(bar.top - reach, 0), max(bar.left - reach, 0)
    ink = region.ink[top : bar.bottom + reach, left : bar.right + reach]
    return [
        Box(b.top + top, b.bottom + top, b.left + left, b.right + left)
        for b in components(_standing_out(ink) > 0.5)
    ]


def lettering(region: Region, label: Box, bar: Box) -> Ink:
    """Cut out the ink of a label, a little larger; specks of the image beside it are left out.

    Parameters
    ----------
    region : where.
    label : box of a line of text.
    bar : box of its bar, which is left out.
    """
    top, left = max(label.top - _ROUND, 0), max(label.left - _ROUND, 0)
    bottom = label.bottom + _ROUND
    if bar.top >= label.bottom:
        bottom = max(min(bottom, bar.top - 1), label.bottom)
    elif bar.bottom <= label.top:
        top = min(max(top, bar.bottom + 1), label.top)
    part = (slice(top, bottom), slice(left, label.right + _ROUND))
    ink = region.ink[part]
    if region.strip:
        return ink
    ink = _standing_out(ink)
    mask, own = ink > 0.5, np.zeros(ink.shape, bool)
    for piece in components(mask):
        if piece.height >= 0.4 * label.height or _is_dot(piece, label, top):
            own[piece.part] |= mask[piece.part]
    return np.where(ndimage.binary_dilation(own, iterations=2), ink, np.float32(0))


def _standing_out(ink: Ink) -> Ink:
    """Stretch ink from what the image around it reaches to full."""
    middle = float(np.median(ink))
    spread = 1.48 * float(np.median(np.abs(ink - middle)))
    low = min(max(middle + spread, _FAINT), _BRIGHT)
    return np.clip((ink - low) / (_FULL - low), 0, 1).astype(np.float32)


def _is_dot(piece: Box, label: Box, top: int) -> bool:
    """Tell a decimal point: small, square, on the line."""
    high = label.height
    low = piece.bottom + top > label.bottom - 0.35 * high
    square = abs(piece.height - piece.width) <= max(1, 0.05 * high)
    return low and square and 0.08 * high <= piece.height <= 0.25 * high


def lines_of_text(pieces: list[Box], largest: float) -> list[Box]:
    """Group pieces of ink into lines, as far apart as the words of one length are.

    Parameters
    ----------
    pieces : boxes of connected ink.
    largest : height of the largest letters [px].

    Returns
    -------
    Boxes around at least two pieces, dots and accents included.
    """
    letters = [
        b for b in pieces if _SMALLEST <= b.height <= largest and b.width <= 4 * b.height
    ]
    small = [b for b in pieces if b.height < max(_SMALLEST, 0.2 * largest)]
    lines: list[list[Box]] = []
    for letter in sorted(letters, key=lambda b: b.left):
        line = next((line for line in lines if _follows(line, letter)), None)
        if line is None:
            lines.append([letter])
        else:
            line.append(letter)
    return [_with_dots(_around(line), small) for line in lines if len(line) > 1]


def _near(bar: Box, piece: Box, reach: float) -> bool:
    return -piece.overlap(bar) < reach and piece.gap(bar) < reach


def _inside(piece: Box, bar: Bar) -> bool:
    """Tell the bar's own ink: what overlaps it and is no text in its gap."""
    box = bar.box
    if bar.gap is not None and piece.left >= bar.gap[0] and piece.right <= bar.gap[1]:
        return False
    return piece.overlap(box) > 0 and piece.gap(box) < 0


def _follows(line: list[Box], letter: Box) -> bool:
    last = line[-1]
    high = max(b.height for b in line[-3:])
    alike = 0.4 * high <= letter.height <= 2.5 * high
    shared = last.overlap(letter) >= 0.5 * min(last.height, letter.height)
    return alike and shared and last.gap(letter) <= 1.25 * max(high, letter.height)


def _around(boxes: list[Box]) -> Box:
    box = boxes[0]
    for other in boxes[1:]:
        box = box.joined(other)
    return box


def _with_dots(box: Box, small: list[Box]) -> Box:
    """Take in what the letters leave: decimal points, the ring of Å."""
    ring = Box(box.top - box.height // 3, box.bottom + box.height // 8, box.left, box.right)
    inside = [b for b in small if b.overlap(ring) >= b.height and b.gap(box) < 0]
    return _around([box, *inside])


def _fills(line: Box, bar: Bar) -> bool:
    """Tell the text in the gap of an interrupted bar: in its middle, both ways."""
    assert bar.gap is not None
    left, right = line.left - bar.gap[0], bar.gap[1] - line.right
    level = line.top < (bar.box.top + bar.box.bottom) / 2 < line.bottom
    even = abs(left - right) <= max(4, 0.75 * line.height)
    return left >= 0 and right >= 0 and level and even


def _distance(bar: Box, line: Box) -> float:
    """Say how far a line is from a bar, in heights of the text; infinite if not its own."""
    high = line.height
    rows, columns = -line.overlap(bar), line.gap(bar)
    middle = (line.left + line.right) / 2
    if bar.left - 0.1 * bar.width <= middle <= bar.right + 0.1 * bar.width:
        off = abs(middle - (bar.left + bar.right) / 2) / max(bar.width, line.width)
        return max(rows, 0) / high + off
    if rows <= 0 and columns >= 0:
        return 1.0 + columns / high
    return float("inf")
