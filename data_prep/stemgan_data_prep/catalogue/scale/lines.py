"""Horizontal lines of ink: where they are, their ticks, and where they end, between pixels."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from stemgan_data_prep.catalogue.scale.finding import Box, Ink, Mask, Region, components


@dataclass(frozen=True)
class Line:
    """A line's box in the region, and the ticks at its ends."""

    box: Box
    left: Box | None
    right: Box | None


def find_lines(region: Region) -> list[Line]:
    """List what is drawn in a region as horizontal lines, each alone."""
    return [line for box in _runs(region) if (line := _line(region, box)) is not None]


def _runs(region: Region) -> list[Box]:
    """Box what is drawn as horizontal lines: runs of ink longer than letters are wide."""
    length = max(8, round(0.008 * region.width))
    ink = region.mask.astype(np.uint8)
    # Even lengths have no middle: both filters must lean to opposite sides.
    thin = ndimage.minimum_filter1d(ink, length, axis=1, mode="constant", origin=0)
    shift = 0 if length % 2 else -1
    opened = ndimage.maximum_filter1d(thin, length, axis=1, mode="constant", origin=shift)
    return [b for b in components(opened > 0) if b.width >= 2 * b.height]


def _line(region: Region, box: Box) -> Line | None:
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
    return Line(box, left, right)


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


def middle_of(ink: Ink, tick: Box, line: Box) -> float:
    """Place a tick by its ink above and below the line."""
    start, stop = max(tick.left - 2, 0), min(tick.right + 2, ink.shape[1])
    above, below = ink[tick.top : line.top - 1], ink[line.bottom + 1 : tick.bottom]
    rows = np.concatenate([above, below])[:, start:stop]
    if not rows.size:
        rows = ink[tick.part[0], start:stop]
    weight = np.clip(rows.mean(axis=0) - 0.1, 0, None)
    return float((weight * np.arange(start, stop)).sum() / max(float(weight.sum()), 1e-9))


def end_of(ink: Ink, line: Box, side: int) -> float:
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
