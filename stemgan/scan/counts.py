"""Numbers of random dots, which reach every coverage to a pixel."""

import math
from typing import TYPE_CHECKING

import numpy as np

from stemgan.scan.search import Solution, achieved

if TYPE_CHECKING:
    from stemgan.scan.design import ScanDesign


def _count(design: "ScanDesign", wanted: float) -> int:
    pixels = math.prod(design.shape)
    return min(max(round(wanted * pixels), 1), pixels)


def random(design: "ScanDesign", wanted: float) -> Solution:
    """Take the nearest whole number of pixels."""
    return None, (float(_count(design, wanted)),)


def poisson_disk(design: "ScanDesign", wanted: float) -> Solution:
    """Take the largest distance at which there is room enough, and stop when there are enough.

    Distances between pixels are square roots of sums of two squares: only these matter.
    """
    count, largest = _count(design, wanted), math.hypot(*design.shape)
    guess = min(math.sqrt(0.7 / wanted), largest)
    reach = np.arange(math.ceil(1.5 * guess) + 3.0)
    square = np.unique(np.add.outer(reach**2, reach**2))
    square = square[(square >= 1) & (square <= reach[-1] ** 2)]
    dots: dict[int, int] = {}

    def enough(index: int) -> bool:
        if index not in dots:
            share = achieved(design, math.sqrt(square[index]))
            dots[index] = round(share * math.prod(design.shape))
        return dots[index] >= count

    index = min(int(np.searchsorted(square, guess**2)), len(square) - 1)
    stride = 1
    if enough(index):
        low = index
        while index + stride < len(square) and enough(index + stride):
            low, stride = index + stride, 2 * stride
        high = min(index + stride, len(square))
    else:
        high = index
        while index - stride > 0 and not enough(index - stride):
            high, stride = index - stride, 2 * stride
        low = max(index - stride, 0)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if enough(middle) else (low, middle)
    return math.sqrt(square[low]), (float(count),)
