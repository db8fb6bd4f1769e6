"""The scale of a picture, and whether all that says something of it agrees."""

import math
from dataclasses import dataclass, replace

from stemgan_data_prep.catalogue.scale.finding import Box
from stemgan_data_prep.catalogue.scale.units import pretty

LEAST = 0.95
"""Scales of less confidence are refused."""
_AGREE = 0.02


@dataclass(frozen=True)
class Scale:
    """What was found in one picture.

    Attributes
    ----------
    pixel_size : side of a pixel [nm], or None where it is refused.
    confidence : expected share of such readings of bars that are right, 0 to 1, see
        `evidence`; 0 where no bar was read.
    source : "bar", "bar and metadata", "metadata" or "".
    bar_px : length of the bar [px], or None where no bar was found.
    error : how far the scale may be off for how the bar is drawn, as a share of it.
    text : the length as it was read, in plain spelling; "" where it was not.
    reason : why there is no scale, or what speaks against it; "" where all is well.
    bar, label : boxes in the picture, for a preview; None where not found.
    kind : what speaks for the reading, in the words of `evidence`; "" where there is none.
    doubtful : sizes of a pixel [nm] that what was refused may mean.
    """

    pixel_size: float | None = None
    confidence: float = 0.0
    source: str = ""
    bar_px: float | None = None
    error: float | None = None
    text: str = ""
    reason: str = ""
    bar: Box | None = None
    label: Box | None = None
    kind: str = ""
    doubtful: tuple[float, ...] = ()


def best_of(read: list[Scale], labelled: list[Scale]) -> Scale:
    """Take the surest reading, unless another denies it or it is not sure enough.

    Parameters
    ----------
    read : what was read of bars.
    labelled : all bars whose labels look like lengths, whether these were read or not.
    """
    best = max(read, key=lambda scale: scale.confidence)
    sizes = [scale.pixel_size for scale in read if scale.pixel_size]
    refused = replace(best, pixel_size=None, source="", doubtful=tuple(sizes))
    if max(sizes) > (1 + _AGREE) * min(sizes):
        return replace(refused, confidence=0.0, reason="two bars disagree")
    if any(_is_other(best, scale) for scale in labelled):
        return replace(refused, confidence=0.0, reason="there are two bars, one was not read")
    if best.confidence < LEAST:
        return replace(refused, reason="too little speaks for how it was read")
    return best


def _is_other(best: Scale, scale: Scale) -> bool:
    """Tell a bar of another length with another label, such as a length measured by hand."""
    if not (best.label and scale.label and best.bar_px and scale.bar_px):
        return False
    apart = best.label.overlap(scale.label) <= 0 or best.label.gap(scale.label) >= 0
    return apart and abs(math.log(scale.bar_px / best.bar_px)) > _AGREE


def with_metadata(found: Scale | None, metadata: float | None) -> Scale:
    """Bring together what the picture and its metadata say; they must not contradict."""
    if found is None:
        found = Scale(reason="no scale bar was found")
    if metadata is None:
        return found
    close = max(_AGREE, 2 * (found.error or 0))
    sizes = found.doubtful if found.pixel_size is None else (found.pixel_size,)
    if sizes and not any(abs(math.log(size / metadata)) <= close for size in sizes):
        return replace(
            found,
            pixel_size=None,
            confidence=0.0,
            source="",
            reason=_contradiction(found, metadata),
        )
    if found.pixel_size is None:
        return replace(found, pixel_size=metadata, confidence=0.0, source="metadata")
    return replace(found, source="bar and metadata")


def _contradiction(found: Scale, metadata: float) -> str:
    """Say how bar and metadata differ."""
    if found.pixel_size is not None:
        bar = f"says {pretty(found.pixel_size)} a pixel"
    else:
        bar = f"may say {' or '.join(map(pretty, found.doubtful))} a pixel ({found.reason})"
    return f"the bar {bar}, the metadata {pretty(metadata)}"
