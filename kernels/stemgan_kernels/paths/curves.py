"""Closed and space-filling curves that stay inside the frame."""

import math

import numpy as np
from numpy.typing import NDArray

from stemgan_kernels.paths.frame import LARGEST_SAGITTA, check

_LAST_ORDER = 13  # 67 million cells, 1 GB


def lissajous(shape: tuple[int, int], down: int, across: int) -> NDArray[np.float64]:
    """Lissajous curve that touches all sides of the frame.

    y = cos(2 pi down t) and x = cos(2 pi across t + pi / (2 down)), stretched to the frame: of
    all phases the one at which the curve is farthest from running back on itself, so that its
    lines lie evenly.

    Parameters
    ----------
    shape : height and width of the frame [px].
    down, across : oscillations along y and along x; coprime, for else the curve repeats.

    Returns
    -------
    One closed round in equal time steps, (n, 2); the lines that join them stay within 0.05 px
    of the curve.

    Raises
    ------
    ValueError : an empty shape, or frequencies that are below 1 or not coprime.
    """
    check(shape)
    if min(down, across) < 1 or math.gcd(down, across) != 1:
        raise ValueError(f"frequencies {down} and {across} are not coprime")
    height, width = shape[0] - 1, shape[1] - 1
    # A chord leaves a curve by acceleration times time squared over 8 at most.
    acceleration = math.hypot(height / 2 * down**2, width / 2 * across**2)
    chords = 2 * math.pi * math.sqrt(acceleration / (8 * LARGEST_SAGITTA))
    steps = max(8 * max(down, across), chords)
    t = np.linspace(0, 2 * math.pi, math.ceil(steps) + 1)
    y = height / 2 * (1 + np.cos(down * t))
    x = width / 2 * (1 + np.cos(across * t + math.pi / (2 * down)))
    return np.stack([y, x], axis=1)


def hilbert(shape: tuple[int, int], order: int) -> NDArray[np.float64]:
    """Hilbert's curve through the middles of 2^order x 2^order cells of the frame.

    Parameters
    ----------
    shape : height and width of the frame [px]; the cells are stretched to it.
    order : number of halvings, 0 (one dot in the middle) to 13.

    Returns
    -------
    The cells' middles in the order of the curve, (4^order, 2).

    Raises
    ------
    ValueError : an empty shape, or an order outside 0 to 13.

    Examples
    --------
    >>> hilbert((4, 4), 1).tolist()
    [[0.5, 0.5], [2.5, 0.5], [2.5, 2.5], [0.5, 2.5]]
    """
    check(shape)
    if not 0 <= order <= _LAST_ORDER:
        raise ValueError(f"order {order} is not one of 0 to {_LAST_ORDER}")
    cells = np.zeros((1, 2), dtype=np.int64)
    for level in range(order):
        side = 1 << level
        down, both, across = np.array([[side, 0], [side, side], [0, side]])
        turned = cells[:, ::-1]
        cells = np.concatenate([turned, cells + down, cells + both, across + side - 1 - turned])
    return (cells + 0.5) * (np.array(shape, np.float64) / (1 << order)) - 0.5
