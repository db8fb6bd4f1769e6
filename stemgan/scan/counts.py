"""Numbers of random dots, which reach every coverage to a pixel."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from stemgan.scan.search import Solution, achieved

if TYPE_CHECKING:
    from stemgan.scan.design import ScanDesign

_TRIAL, _TRIAL_DOTS = 512, 1000
"""Smallest side [px] and number of dots of the frame in which distances are sought first."""


def _count(design: "ScanDesign", wanted: float) -> int:
    pixels = math.prod(design.shape)
    return min(max(round(wanted * pixels), 1), pixels)


def random(design: "ScanDesign", wanted: float) -> Solution:
    """Take the nearest whole number of pixels."""
    return None, (float(_count(design, wanted)),)


def poisson_disk(design: "ScanDesign", wanted: float) -> Solution:
    """Take the largest distance at which there is room enough, and stop when there are enough.

    Distances between pixels are square roots of sums of two squares: only these matter. For a
    large frame they are sought in a smaller one first, which the edges favour.
    """
    side = math.ceil(max(_TRIAL, math.sqrt(_TRIAL_DOTS / wanted)))
    shape = (min(design.shape[0], side), min(design.shape[1], side))
    guess = min(math.sqrt(0.7 / wanted), math.hypot(*shape))
    reach = np.arange(math.ceil(1.5 * guess) + 3) ** 2
    squares = np.unique(np.add.outer(reach, reach))
    squares = squares[(squares >= 1) & (squares <= reach[-1])]
    index = min(int(np.searchsorted(squares, guess**2)), len(squares) - 1)
    trial = replace(design, shape=shape)
    index = _last(lambda i: _fits(trial, squares[i], wanted), index, len(squares))
    if shape != design.shape:
        index = _last(lambda i: _fits(design, squares[i], wanted), index, index + 1)
    return math.sqrt(squares[index]), (float(_count(design, wanted)),)


def _last(holds: Callable[[int], bool], guess: int, end: int) -> int:
    """Return the last index before `end` at which something holds that holds up to there."""
    low, high, stride = guess, guess + 1, 1
    if holds(guess):
        while high < end and holds(high):
            low, high, stride = high, min(high + 2 * stride, end), 2 * stride
    else:
        low, high = max(guess - 1, 0), guess
        while low > 0 and not holds(low):
            low, high, stride = max(low - 2 * stride, 0), low, 2 * stride
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _fits(design: "ScanDesign", square: float, wanted: float) -> bool:
    count = _count(design, wanted)
    share = achieved(design, math.sqrt(square), (float(count),))
    return round(share * math.prod(design.shape)) >= count
