"""What the paths share: checks, and which positions lie inside the frame."""

import math

import numpy as np
from numpy.typing import NDArray

LARGEST_SAGITTA = 0.05
"""How far [px] a chord between two positions may leave the curve that it stands for."""


def check(shape: tuple[int, int], pitch: float = 1.0) -> None:
    """Raise ValueError for an empty shape, or a pitch that is not a number of at least 1."""
    if min(shape) < 1:
        raise ValueError(f"shape {shape} has an empty side")
    if not (math.isfinite(pitch) and pitch >= 1):
        raise ValueError(f"pitch {pitch} px is not a number of at least 1")


def inside(positions: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Tell which positions lie on the frame's pixels, [-0.5, side - 0.5), (n,)."""
    pixels = np.floor(positions + 0.5)
    y, x = pixels.T
    return (y >= 0) & (y < shape[0]) & (x >= 0) & (x < shape[1])
