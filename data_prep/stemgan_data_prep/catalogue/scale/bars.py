"""Scale bars measured: plain, between ticks, with the text in the middle, or eleven ticks.

A plain bar is as long as its ink, edge to edge; between ticks the length runs from the middle
of one tick to that of the other, as on a ruler. Edges lie where the ink is half as strong,
between pixels.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from stemgan_data_prep.catalogue.scale.finding import Box, Ink, Mask, Region, components

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


@dataclass(frozen=True)
class _Line:
    box: Box
    left: Box | None  # tick at the left end
    right: Box | None


def find_bars(region: Region, pieces: list[Box]) -> list[Bar]:
    """List what may be a scale bar in a region, the likeliest kinds first.

    Parameters
    ----------
    region : where.
    pieces : its connected pieces of ink.
    """
    lines = [line for box in _runs(region) if (line := _line(region, box)) is not None]
    found = [*_interrupted(region, lines), *_combs(region, pieces)]
    for line in lines:
        bar = _single(region, line)
        if bar is not None:
            found.append(bar)
    return [bar for bar in found if not _cut_off(region, bar)]


def _cut_off(region: Region, bar: Bar) -> bool:
    """Tell a bar that reaches the picture's edge: how long it was cannot be known."""
    return bar.box.left < _OFF_EDGE or bar.box.right > region.width - _OFF_EDGE


def _runs(region: Region) -> list[Box]:
    """Box what is drawn as horizontal lines: runs of ink longer than letters are wide."""
    length = max(8, round(0.008 * region.width))
    ink = region.mask.astype(np.uint8)
    # Even lengths have no middle: both filters must lean to opposite sides.
    thin = ndimage.minimum_filter1d(ink, length, axis=1, mode="constant", origin=0)
    shift = 0 if length % 2 else -1
    opened = ndimage.maximum_filter1d(thin, length, axis=1, mode="constant", origin=shift)
    return [b for b in components(opened > 0) if b.width >= 2 * b.height]


def _line(region: Region, box: Box) -> _Line | None:
    """Take a box of runs for a line if it is full and straight, and stands alone."""
    mask = region.mask
    rows = mask[box.part].mean(axis=1) > 0.9
    if not rows.any():
        return None
    inside = np.flatnonzero(rows)
    box = Box(box.top + int(inside[0]), box.top + int(inside[-1]) + 1, box.left, box.right)
    if not rows[inside[0] : inside[-1] + 1].all() or mask[box.part].mean() < 0.93:
        return None
    left, right = (_tick(mask, box, side) for side in (-1, 1))
    if _crowded(mask, box, left, right):
        return None
    return _Line(box, left, right)


def _crowded(mask: Mask, box: Box, left: Box | None, right: Box | None) -> bool:
    """Tell whether ink goes on beyond the line, above or below: then it is a shape's edge."""
    start = left.right + 1 if left else box.left
    stop = right.left - 1 if right else box.right
    reach = 2
    for rows in ((box.top - reach, box.top - 1), (box.bottom + 1, box.bottom + reach)):
        part = mask[max(rows[0], 0) : max(rows[1], 0), start:stop]
        if part.size and part.mean() > 0.25:
            return True
    ends = [x for x in (box.left - 2, box.right + 1) if 0 <= x < mask.shape[1]]
    return bool((mask[box.top : box.bottom, ends].mean(axis=0) > 0.3).any())


def _tick(mask: Mask, line: Box, side: int) -> Box | None:
    """Find the tick across the end of a line: columns in which ink goes on up and down."""
    rows = slice(max(line.top - 2, 0), line.bottom + 2)
    reach = max(3, line.height * 3)
    columns = (
        range(line.left, min(line.left + reach, line.right))
        if side < 0
        else range(line.right - 1, max(line.right - 1 - reach, line.left), -1)
    )
    taken: list[int] = []
    for x in columns:
        column = mask[rows, x]
        if column[0] or column[-1]:
            taken.append(x)
        elif taken or abs(x - columns[0]) > 1:
            break
    if not taken or len(taken) >= reach:
        return None
    middle = taken[len(taken) // 2]
    top, bottom = line.top, line.bottom
    while top > 0 and mask[top - 1, middle]:
        top -= 1
    while bottom < mask.shape[0] and mask[bottom, middle]:
        bottom += 1
    return Box(top, bottom, min(taken), max(taken) + 1)


def _single(region: Region, line: _Line) -> Bar | None:
    box = line.box
    if not _SHORTEST * region.width <= box.width <= _LONGEST * region.width:
        return None
    if line.left and line.right:
        if not _alike(line.left, line.right, region):
            return None
        return _between(region.ink, box, line.left, line.right, "ticks", None)
    if line.left or line.right or box.width < _SLIMMEST * box.height:
        return None
    start, stop = (_edge(region.ink, box, side) for side in (-1, 1))
    return Bar(box, stop - start, "plain", 0.5)


def _alike(left: Box, right: Box, region: Region) -> bool:
    """Tell a pair of ticks from the lines of a table, which cross it from edge to edge."""
    same = abs(left.top - right.top) <= 2 and abs(left.bottom - right.bottom) <= 2
    whole = region.strip and left.height > 0.8 * region.mask.shape[0]
    return same and not whole and abs(left.width - right.width) <= 2


def _between(
    ink: Ink, box: Box, left: Box, right: Box, kind: str, gap: tuple[int, int] | None
) -> Bar:
    length = _middle(ink, right, box) - _middle(ink, left, box)
    around = box.joined(left).joined(right)
    return Bar(around, length, kind, max(0.5, left.width / 2), gap)


def _middle(ink: Ink, tick: Box, line: Box) -> float:
    """Place a tick by its ink above and below the line."""
    start, stop = max(tick.left - 2, 0), min(tick.right + 2, ink.shape[1])
    above, below = ink[tick.top : line.top - 1], ink[line.bottom + 1 : tick.bottom]
    rows = np.concatenate([above, below])[:, start:stop]
    if not rows.size:
        rows = ink[tick.part[0], start:stop]
    weight = np.clip(rows.mean(axis=0) - 0.1, 0, None)
    return float((weight * np.arange(start, stop)).sum() / max(float(weight.sum()), 1e-9))


def _edge(ink: Ink, line: Box, side: int) -> float:
    """Place the end of a plain bar where its ink is half as strong as inside."""
    profile = ink[line.top : line.bottom].max(axis=0)
    x = line.left if side < 0 else line.right - 1
    inside = float(np.median(profile[line.left : line.right]))
    far = x + 3 * side
    outside = float(profile[far]) if 0 <= far < profile.size else 0.0
    half = (inside + outside) / 2
    x -= 2 * side
    while 0 <= x + side < profile.size and profile[x + side] >= half:
        x += side
    beyond = float(profile[x + side]) if 0 <= x + side < profile.size else 0.0
    here = float(profile[x])
    share = (here - half) / (here - beyond) if here > beyond else 0.5
    # The pixel whose centre is at x reaches from x - 1/2 to x + 1/2.
    return x + side * share


def _interrupted(region: Region, lines: list[_Line]) -> list[Bar]:
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
    places = [_middle(ink, b, Box(b.bottom + 1, b.bottom, b.left, b.right)) for b in ticks]
    steps = np.diff(places)
    step = float(steps.mean())
    uneven = np.abs(steps - step).max() > max(1.1, 0.08 * step)
    if uneven or step < 4 or max(heights) - min(heights) > 2:
        return None
    if any(abs(b.gap(box)) < 1.5 * step for b in others):
        return None
    width = max(b.width for b in ticks)
    return Bar(box, places[-1] - places[0], "comb", max(0.5, width / 2))
