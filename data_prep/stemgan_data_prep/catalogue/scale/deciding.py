"""From bars and texts to the size of a pixel, or to the reason why there is none.

A wrong scale is worse than none: numbers that two readings disagree on, units that letters and
shapes disagree on, lengths that nobody chooses for a bar, and scales that other words in the
picture or its metadata deny are refused.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stemgan_data_prep.catalogue.scale import reading
from stemgan_data_prep.catalogue.scale.bars import Bar, find_bars
from stemgan_data_prep.catalogue.scale.evidence import Evidence, Refused, judge
from stemgan_data_prep.catalogue.scale.finding import (
    Box,
    Ink,
    Region,
    components,
    levels,
    regions,
)
from stemgan_data_prep.catalogue.scale.glyphs import Shapes, shapes
from stemgan_data_prep.catalogue.scale.printed import Printed, printed
from stemgan_data_prep.catalogue.scale.scales import Scale, best_of, with_metadata
from stemgan_data_prep.catalogue.scale.words import labels, lettering

_MOST_BARS, _MOST_READ = 40, 6
_LETTERS = range(2, 13)


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A bar with a text at it, the text's ink, and what its letters look like."""

    region: Region
    bar: Bar
    label: Box
    ink: Ink
    shapes: Shapes


def scale_of(
    image: NDArray[np.float32], metadata: float | None = None, *, text: bool = True
) -> Scale:
    """Find a picture's scale.

    Parameters
    ----------
    image : with its bar, (H, W).
    metadata : size of a pixel [nm] as the file or a table says, or None.
    text : whether to read text, which takes Tesseract.
    """
    grey = levels(image)
    found: Scale | None = None
    for region in regions(grey):
        scale = _in_region(region, metadata, text=text)
        if scale is not None and (found is None or scale.pixel_size is not None):
            found = scale
        if found is not None and (found.pixel_size is not None or region.strip):
            break
    return with_metadata(found, metadata)


def _in_region(region: Region, metadata: float | None, *, text: bool) -> Scale | None:
    """Look at the bars of a region; None where none looks like one."""
    pairs = _candidates(region)
    if not pairs:
        return None
    likely = _likely(pairs)
    if not text:
        return None if likely is None else replace(likely, reason="its text was not read")
    read, doubts = [], []
    said = _said(pairs[0])
    for pair in pairs:
        evidence = _evidence(pair, said, metadata)
        try:
            read.append(_read(pair, evidence))
        except Refused as no:
            if no.text:
                doubt = replace(_seen(pair), text=no.text, reason=str(no))
                doubts.append(replace(doubt, doubtful=evidence.sizes))
    if read:
        return best_of(read, [_seen(pair) for pair in pairs if pair.shapes.unit is not None])
    if not doubts and likely is not None:
        doubts.append(replace(likely, reason="its text could not be read"))
    return doubts[0] if doubts else None


def _candidates(region: Region) -> list[_Candidate]:
    """List the bars of a region that have a text of fit length."""
    pieces = components(region.mask)
    found = []
    for bar in find_bars(region, pieces)[:_MOST_BARS]:
        for label in labels(region, bar, pieces):
            ink = lettering(region, label, bar.box)
            seen = shapes(ink)
            if any(len(look) in _LETTERS for look in seen.looks):
                found.append(_Candidate(region, bar, label, ink, seen))
    return found[:_MOST_READ]


def _likely(pairs: list[_Candidate]) -> Scale | None:
    """Choose what is a bar without its text: a unit of length at it, or ticks, in a strip."""
    by_shape = [pair for pair in pairs if pair.shapes.unit is not None]
    by_ticks = [pair for pair in pairs if pair.region.strip and pair.bar.kind != "plain"]
    return next((_seen(pair) for pair in (*by_shape, *by_ticks)), None)


def _said(pair: _Candidate) -> Printed:
    """Read what else a strip says; there is no more to read in the image itself."""
    region = pair.region
    if not region.strip:
        return Printed()
    return printed(reading.read_strip(region.ink, pair.label.height))


def _evidence(pair: _Candidate, said: Printed, metadata: float | None) -> Evidence:
    """Read the label of a bar, and bring together what is known of it."""
    return Evidence(
        readings=tuple(reading.read_label(pair.ink)),
        shapes=pair.shapes,
        bar=pair.bar.length,
        width=pair.region.width,
        strip=pair.region.strip,
        said=said,
        metadata=metadata,
    )


def _read(pair: _Candidate, evidence: Evidence) -> Scale:
    """Judge what was read of a bar's label."""
    verdict = judge(evidence)
    return replace(
        _seen(pair),
        pixel_size=verdict.nanometres / pair.bar.length,
        confidence=verdict.confidence,
        source="bar",
        text=verdict.text,
        kind=verdict.kind,
    )


def _seen(pair: _Candidate) -> Scale:
    """Say of a bar what needs no reading."""
    top = pair.region.top
    bar, label = (
        Box(b.top + top, b.bottom + top, b.left, b.right) for b in (pair.bar.box, pair.label)
    )
    error = pair.bar.error / pair.bar.length
    return Scale(bar_px=pair.bar.length, error=error, bar=bar, label=label)
