"""Scale bars measured: plain, between ticks, with the text in the middle, or eleven ticks.

A plain bar is as long as its ink, edge to edge; between ticks the length runs from the middle
of one tick to that of the other, as on a ruler. Edges lie where the ink is half as strong,
between pixels.
"""

from dataclasses import dataclass

import numpy as np

from stemgan_data_prep.catalogue.scale.finding import Box, Ink, Region
from stemgan_data_prep.catalogue.scale.lines import Line, end_of, find_lines, middle_of

_SHORTEST, _LONGEST = 0.035, 0.9
_SLIMMEST = 4.0
_TICKS = 11
_OFF_EDGE = 2  # px


@dataclass(frozen=True)
class Bar:
    """A bar: its box in the region, its length [px], how it is drawn, how exact that is.

    Attributes
    ----------
    kind : "plain", "ticks", "interrupted" or "comb".
    error : how far the length may be off [px]: what is half a tick wide.
    gap : columns in which an interrupted bar has its text, or None.
    """

    box: Box
    length: float
    kind: str
    error: float
    gap: tuple[int, int] | None = None


def find_bars(region: Region, pieces: list[Box]) -> list[Bar]:
    """List what may be a scale bar in a region, the likeliest kinds first.

    Parameters
    ----------
    region : where.
    pieces : its connected pieces of ink.
    """
    lines = find_lines(region)
    found = [*_interrupted(region, lines), *_combs(region, pieces)]
    for line in lines:
        bar = _single(region, line)
        if bar is not None:
            found.append(bar)
    return [bar for bar in found if not _cut_off(region, bar)]


def _cut_off(region: Region, bar: Bar) -> bool:
    """Tell a bar that reaches the picture's edge: how long it was cannot be known."""
    return bar.box.left < _OFF_EDGE or bar.box.right > region.width - _OFF_EDGE


def _single(region: Region, line: Line) -> Bar | None:
    box = line.box
    if not _SHORTEST * region.width <= box.width <= _LONGEST * region.width:
        return None
    if line.left and line.right:
        if not _alike(line.left, line.right, region):
            return None
        return _between(region.ink, box, line.left, line.right, "ticks", None)
    if line.left or line.right or box.width < _SLIMMEST * box.height:
        return None
    start, stop = (end_of(region.ink, box, side) for side in (-1, 1))
    return Bar(box, stop - start, "plain", 0.5)


def _alike(left: Box, right: Box, region: Region) -> bool:
    """Tell a pair of ticks from the lines of a table, which cross it from edge to edge."""
    same = abs(left.top - right.top) <= 2 and abs(left.bottom - right.bottom) <= 2
    whole = region.strip and left.height > 0.8 * region.mask.shape[0]
    return same and not whole and abs(left.width - right.width) <= 2


def _between(
    ink: Ink, box: Box, left: Box, right: Box, kind: str, gap: tuple[int, int] | None
) -> Bar:
    length = middle_of(ink, right, box) - middle_of(ink, left, box)
    around = box.joined(left).joined(right)
    return Bar(around, length, kind, max(0.5, left.width / 2), gap)


def _interrupted(region: Region, lines: list[Line]) -> list[Bar]:
    """Pair lines of one height with ticks at their outer ends alone."""
    bars = []
    for a in lines:
        for b in lines:
            if a.left is None or a.right or b.right is None or b.left:
                continue
            aligned = abs(a.box.top - b.box.top) <= 1 and abs(a.box.bottom - b.box.bottom) <= 1
            even = abs(a.box.width - b.box.width) <= max(6, 0.2 * a.box.width)
            even = even and min(a.box.width, b.box.width) >= 0.75 * a.left.height
            gap = (a.box.right, b.box.left)
            if aligned and even and gap[1] - gap[0] > 8 and _alike(a.left, b.right, region):
                box = a.box.joined(b.box)
                if _SHORTEST * region.width <= box.width <= _LONGEST * region.width:
                    bar = _between(region.ink, box, a.left, b.right, "interrupted", gap)
                    bars.append(bar)
    return bars


def _combs(region: Region, pieces: list[Box]) -> list[Bar]:
    """Find eleven ticks of one height, side by side at equal distances."""
    widest = 3 + 0.006 * region.width
    ticks = [b for b in pieces if b.height >= 3 and b.width <= min(widest, b.height)]
    bars, rows = [], {}
    for tick in ticks:
        rows.setdefault((tick.top + tick.bottom) // 4, []).append(tick)
    for row in rows.values():
        row = sorted(row, key=lambda b: b.left)
        for i in range(len(row) - _TICKS + 1):
            bar = _comb(region.ink, row[i : i + _TICKS], row[i - 1 : i] + row[i + _TICKS :])
            if bar is not None and bar.length >= _SHORTEST * region.width:
                bars.append(bar)
    return bars


def _comb(ink: Ink, ticks: list[Box], others: list[Box]) -> Bar | None:
    heights = [b.height for b in ticks]
    box = ticks[0].joined(ticks[-1])
    places = [middle_of(ink, b, Box(b.bottom + 1, b.bottom, b.left, b.right)) for b in ticks]
    steps = np.diff(places)
    step = float(steps.mean())
    uneven = np.abs(steps - step).max() > max(1.1, 0.08 * step)
    if uneven or step < 4 or max(heights) - min(heights) > 2:
        return None
    if any(abs(b.gap(box)) < 1.5 * step for b in others):
        return None
    width = max(b.width for b in ticks)
    return Bar(box, places[-1] - places[0], "comb", max(0.5, width / 2))
