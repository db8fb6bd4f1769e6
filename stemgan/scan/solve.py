"""From a wanted coverage to the pitch and knobs whose achieved coverage is nearest to it."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from stemgan.scan.families import REGISTRY

if TYPE_CHECKING:
    from stemgan.scan.design import ScanDesign

Solution = tuple[float | None, tuple[float, ...]]

_STEPS = 12
_TOLERANCE = 0.002
_LOOKS = 61


def solve(design: "ScanDesign", wanted: float) -> Solution:
    """Return the pitch (None where the family has none) and knobs for a coverage.

    Parameters
    ----------
    design : its family, shape, seed, rotation and offset count.
    wanted : share of measured pixels, in (0, 1].
    """
    return _SOLVERS[design.family](design, wanted)


def achieved(
    design: "ScanDesign", pitch: float | None = None, knobs: tuple[float, ...] = ()
) -> float:
    """Return the share of measured pixels of a design with this pitch and these knobs."""
    from stemgan_kernels.masks import visit

    path = REGISTRY[design.family].draw(
        replace(design, coverage=None, pitch=pitch, knobs=knobs)
    )
    visits = visit(path, design.shape, joined=design.joined)
    return max(len(visits.pixels), 1) / math.prod(design.shape)


def _smooth(design: "ScanDesign", wanted: float) -> Solution:
    return _pitch(design, wanted), ()


def _pitch(design: "ScanDesign", wanted: float) -> float:
    """Find the pitch of a family whose coverage falls with it about as a power.

    Where following the power does not get there, pitches all around are tried.
    """
    lines = 2 if design.family == "jittered-grid" else 1
    power = 1 if design.joined else 2
    largest = float(max(design.shape))
    pitch = (lines / wanted) ** (1 / power)
    tried: dict[float, float] = {}
    for _ in range(_STEPS):
        pitch = min(max(pitch, 1.0), largest)
        if pitch in tried:
            break
        tried[pitch] = achieved(design, pitch)
        if abs(tried[pitch] / wanted - 1) < _TOLERANCE:
            return pitch
        pitch *= (tried[pitch] / wanted) ** (1 / power)
    # Arcs that enter at a corner make narrow steps, which a second and finer look finds;
    # whole lines make wide ones, where it would find nothing.
    fine = design.family != "jittered-grid"
    for low, high in [(0.6, 1.6), (0.96, 1.04)] if fine else [(0.6, 1.6)]:
        best = min(tried, key=lambda p: abs(tried[p] - wanted))
        if abs(tried[best] / wanted - 1) < _TOLERANCE:
            break
        for near in best * np.geomspace(low, high, _LOOKS):
            pitch = min(max(float(near), 1.0), largest)
            tried[pitch] = achieved(design, pitch)
    return min(tried, key=lambda p: abs(tried[p] - wanted))


def _lines(design: "ScanDesign", wanted: float) -> Solution:
    height = design.shape[0]
    return height / min(max(round(wanted * height), 1), height), ()


def _interleaved(design: "ScanDesign", wanted: float) -> Solution:
    height = design.shape[0]
    near = range(max(1, math.floor(1 / wanted) - 1), math.ceil(1 / wanted) + 2)
    pitches = [float(min(n, height)) for n in near]
    return min(pitches, key=lambda p: abs(achieved(design, p) - wanted)), ()


def _random(design: "ScanDesign", wanted: float) -> Solution:
    pixels = math.prod(design.shape)
    return None, (float(min(max(round(wanted * pixels), 1), pixels)),)


_SOLVERS: "dict[str, Callable[[ScanDesign, float], Solution]]" = {
    "spiral": _smooth,
    "spiral-clv": _smooth,
    "fermat": _smooth,
    "jittered-grid": _smooth,
    "line-hop": _lines,
    "serpentine": _lines,
    "interleaved": _interleaved,
    "dots": _smooth,
    "random": _random,
}
