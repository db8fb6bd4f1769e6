"""Searching for the pitch of families whose coverage follows it about continuously."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from stemgan.scan.families import REGISTRY

if TYPE_CHECKING:
    from stemgan.scan.design import ScanDesign

Solution = tuple[float | None, tuple[float, ...]]
"""Pitch [px], None where the family has none, and knobs."""

TOLERANCE = 0.002
"""Relative error of a coverage at which a search ends."""

STEPS = 12
_LOOKS = 61
_AMPLITUDES = (0.6, 1.5)
_HALVINGS = 12


def achieved(
    design: "ScanDesign", pitch: float | None = None, knobs: tuple[float, ...] = ()
) -> float:
    """Return the share of measured pixels of a design with this pitch and these knobs."""
    from stemgan_kernels.masks import path_mask

    path = REGISTRY[design.family].draw(
        replace(design, coverage=None, pitch=pitch, knobs=knobs)
    )
    if len(path) == 0:
        return 0.0
    mask = path_mask(path, design.shape, joined=design.joined)
    return np.count_nonzero(mask) / mask.size


def smooth(design: "ScanDesign", wanted: float) -> Solution:
    """Solve a family that has nothing but a pitch."""
    return _pitch(design, wanted), ()


def _pitch(design: "ScanDesign", wanted: float) -> float:
    """Find the pitch of a family whose coverage falls with it about as a power.

    Where following the power does not get there, pitches all around are tried.
    """
    lines = 2 if design.family == "jittered-grid" else 1
    power = 1 if design.joined else 2
    largest = 2.0 * max(design.shape)
    least = 1 / math.prod(design.shape)
    pitch = (lines / wanted) ** (1 / power)
    tried: dict[float, float] = {}
    for _ in range(STEPS):
        pitch = min(max(pitch, 1.0), largest)
        if pitch in tried:
            break
        tried[pitch] = achieved(design, pitch)
        if abs(tried[pitch] / wanted - 1) < TOLERANCE:
            return pitch
        pitch *= (max(tried[pitch], least) / wanted) ** (1 / power)
    # Arcs that enter at a corner make narrow steps, which a second and finer look finds;
    # whole lines make wide ones, where it would find nothing.
    fine = design.family != "jittered-grid"
    for low, high in [(0.6, 1.6), (0.96, 1.04)] if fine else [(0.6, 1.6)]:
        best = _nearest(tried, wanted)
        if abs(tried[best] / wanted - 1) < TOLERANCE:
            break
        for near in best * np.geomspace(low, high, _LOOKS):
            pitch = min(max(float(near), 1.0), largest)
            tried[pitch] = achieved(design, pitch)
    if not any(tried.values()):  # every line or dot fell beside a frame of a few pixels
        tried |= {p: achieved(design, p) for p in np.geomspace(1, largest, _LOOKS).tolist()}
    return _nearest(tried, wanted)


def _nearest(tried: dict[float, float], wanted: float) -> float:
    """Return what came nearest among all that measured something, if any did."""
    return min(tried, key=lambda t: abs(tried[t] - wanted) if tried[t] else math.inf)


def jittered_grid(design: "ScanDesign", wanted: float) -> Solution:
    """Take the nearest pitch, then wider or narrower walks, which measure more or less."""
    pitch = _pitch(design, wanted)
    tried = {1.0: achieved(design, pitch)}
    low, high = _AMPLITUDES
    for _ in range(_HALVINGS):
        if abs(tried[_nearest(tried, wanted)] / wanted - 1) < TOLERANCE:
            break
        middle = math.sqrt(low * high)
        tried[middle] = achieved(design, pitch, (middle,))
        low, high = (middle, high) if tried[middle] < wanted else (low, middle)
    amplitude = _nearest(tried, wanted)
    return pitch, () if amplitude == 1 else (amplitude,)
