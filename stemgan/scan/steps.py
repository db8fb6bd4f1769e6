"""Coverages that come in steps: the nearest lines, fields, rows, orders, frequencies."""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stemgan.scan.search import STEPS, TOLERANCE, Solution, achieved, smooth

if TYPE_CHECKING:
    from stemgan.scan.design import ScanDesign

_DOT_PITCHES = 4001
_NEIGHBOURS = 12
_GOOD = 0.005
_SLANT = 0.6
_SAMPLES = 201
_LAST_ORDER = 13


def lines(design: "ScanDesign", wanted: float) -> Solution:
    """Spread the nearest number of whole lines over the frame."""
    height = design.shape[0]
    return height / min(max(round(wanted * height), 1), height), ()


def interleaved(design: "ScanDesign", wanted: float) -> Solution:
    """Try the fields of the nearest interlaces: some have a line more than others."""
    height = design.shape[0]
    near = range(max(1, math.floor(1 / wanted) - 1), math.ceil(1 / wanted) + 2)
    tried: dict[tuple[float, tuple[float, ...]], float] = {}
    for every in sorted({min(n, height) for n in near}):
        for knobs in ((), (0.0,), (every - 1.0,)) if design.offset is None else ((),):
            tried[float(every), knobs] = achieved(design, float(every), knobs)
    return min(tried, key=lambda t: abs(tried[t] - wanted))


def dots(design: "ScanDesign", wanted: float) -> Solution:
    """Take the nearest number of whole rows and columns; a turned grid has none."""
    if design.rotation != 0:
        return smooth(design, wanted)
    low = max(1.0, 0.5 / math.sqrt(wanted))
    thin = 2 / (wanted * min(design.shape))  # a frame of few rows needs a pitch along them
    high = min(max(4 * low, thin), 2.0 * max(design.shape))
    pitches = np.geomspace(low, max(low, high), _DOT_PITCHES)
    # The grid's own rule, for all pitches at once.
    dots = np.ones(len(pitches))
    for axis, side in enumerate(design.shape):
        first = (side % pitches) // 2 if design.offset is None else design.offset[axis]
        dots *= np.maximum(np.ceil((side - first % pitches) / pitches), 0)
    far = np.abs(dots / math.prod(design.shape) - wanted)
    far[dots == 0] = np.inf
    equal = np.flatnonzero(far == far.min())
    return float(pitches[equal[len(equal) // 2]]), ()


def hilbert(design: "ScanDesign", wanted: float) -> Solution:
    """Take the first order that measures enough, or the one before."""
    last = min(math.ceil(math.log2(max(design.shape))), _LAST_ORDER)
    before = -math.inf
    for order in range(last + 1):
        share = achieved(design, knobs=(float(order),))
        if share >= wanted or order == last:
            nearer = order if abs(share - wanted) <= abs(before - wanted) else order - 1
            return None, (float(nearer),)
        before = share
    raise AssertionError("unreachable")


def lissajous(design: "ScanDesign", wanted: float) -> Solution:
    """Follow the density of lines to the coverage; of the pairs that reach it, the squarest."""
    pairs, density = frequencies(design.shape, wanted)
    tried: dict[int, float] = {}

    def error(index: int) -> float:
        if index not in tried:
            knobs = tuple(map(float, pairs[index]))
            tried[index] = achieved(design, knobs=knobs) / wanted - 1
        return tried[index]

    index = nearest_density(density, design.shape, wanted)
    for _ in range(STEPS):
        if index in tried or abs(error(index)) < TOLERANCE:
            break
        index = int(np.searchsorted(density, density[index] / (1 + tried[index])))
        index = min(index, len(pairs) - 1)
    centre = min(tried, key=lambda i: abs(tried[i]))
    for near in range(max(centre - _NEIGHBOURS, 0), min(centre + _NEIGHBOURS, len(pairs))):
        error(near)
    slant = np.abs(np.log(pairs[:, 1] * design.shape[1] / (pairs[:, 0] * design.shape[0])))
    best = min(tried, key=lambda i: (max(abs(tried[i]), _GOOD), slant[i]))
    return None, (float(pairs[best, 0]), float(pairs[best, 1]))


def frequencies(
    shape: tuple[int, int], coverage: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """List coprime frequencies of roughly square Lissajous curves, around a coverage.

    Lines cross at about right angles where both directions are as fast.

    Returns
    -------
    down and across, (n, 2), and their densities of lines, rising, (n,).
    """
    height, width = shape
    guess = _density(coverage) * width
    # All of them in ordinary frames; of many thousands, some from everywhere.
    low, high = max(1, int(0.6 * guess)), math.ceil(1.6 * guess) + 1
    down = np.unique(np.linspace(low, high, min(high - low + 1, _SAMPLES)).astype(np.int64))
    even = down[:, None] * (height / width)
    spread = np.maximum(_SLANT * even, 1)
    across = np.round(even + spread * np.linspace(-1, 1, _SAMPLES)).astype(np.int64)
    fair = (across >= 1) & (np.abs(across - even) <= spread)
    pairs = np.stack(np.broadcast_arrays(down[:, None], across), axis=-1)[fair]
    pairs = np.unique(pairs[np.gcd(pairs[:, 0], pairs[:, 1]) == 1], axis=0)
    density = np.hypot(pairs[:, 0] * height, pairs[:, 1] * width)
    if low == 1:  # of an oblong frame, curves that are too sparse to be square
        single = np.arange(1, max(height // width, width // height) + 1)
        thin = np.stack([np.ones_like(single), single], axis=1)
        thin = thin if height > width else thin[:, ::-1]
        thinner = np.hypot(thin[:, 0] * height, thin[:, 1] * width)
        sparse = thinner < density.min()
        pairs = np.concatenate([thin[sparse], pairs])
        density = np.concatenate([thinner[sparse], density])
    order = np.argsort(density, kind="stable")
    return pairs[order], density[order]


def nearest_density(
    density: NDArray[np.float64], shape: tuple[int, int], coverage: float
) -> int:
    """Return the index of the density that a coverage should need."""
    needed = math.sqrt(2) * math.prod(shape) * _density(coverage)
    return int(np.argmin(np.abs(density - needed)))


def _density(coverage: float) -> float:
    """Oscillations per pixel of the other side, of a curve that is as fast in both directions.

    Each measures 8/pi pixels per pixel of its side; crossings are measured once.
    """
    return -math.log1p(-min(coverage, 0.98)) * math.pi / 8
