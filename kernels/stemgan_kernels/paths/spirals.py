"""Spirals: Archimedean ones, drawn as lines, and Fermat's, of separate dots."""

import math

import numpy as np
from numpy.typing import NDArray

from stemgan_kernels.paths.frame import LARGEST_SAGITTA, check, inside

PUBLISHED_STEPS = 10_000
"""Steps in angle of the published spirals (512 x 512 px)."""


def archimedean_spiral(
    shape: tuple[int, int],
    pitch: float,
    *,
    constant_speed: bool = False,
    rotation: float = 0.0,
    centre: tuple[float, float] = (0.0, 0.0),
) -> NDArray[np.float64]:
    """Archimedean spiral r = k theta, k = pitch / (2 pi), out to the corners of the frame.

    At constant angular velocity, rotation 0 and 512 x 512 px it is the published one (Ede &
    Beanland, Sci Rep 10, 8332, 2020): 10,000 equal steps in angle over a disc whose diameter is
    the frame's diagonal rounded up, the end excluded.

    Parameters
    ----------
    shape : height and width of the frame [px].
    pitch : radial distance between turns [px], at least 1.
    constant_speed : equal steps of 1 px along the path in place of equal steps in angle.
    rotation : angle by which the spiral is turned [rad].
    centre : shift of the spiral's centre from the frame's, (y, x) [px].

    Returns
    -------
    Positions from the centre outwards, (n, 2).

    Raises
    ------
    ValueError : an empty shape, or a pitch below 1.

    Examples
    --------
    >>> archimedean_spiral((512, 512), 16.0).shape
    (10000, 2)
    """
    check(shape, pitch)
    side = math.ceil(math.hypot(*shape))
    radius = side / 2
    reach = radius + math.hypot(*centre)
    k = pitch / (2 * math.pi)
    theta = _equal_lengths(k, reach) if constant_speed else _equal_angles(k, reach)
    r = k * theta
    # The published code works in a square of the diagonal's side, truncates to whole pixels and
    # cuts the frame out of its middle; half a pixel turns truncation into pixel centres.
    middle = [radius - (side // 2 - n // 2) - 0.5 for n in shape]
    y = middle[0] + centre[0] + r * np.sin(theta + rotation)
    x = middle[1] + centre[1] + r * np.cos(theta + rotation)
    return np.stack([y, x], axis=1)


def _equal_angles(k: float, radius: float) -> NDArray[np.float64]:
    end = radius / k
    steps = max(PUBLISHED_STEPS, math.ceil(end * math.sqrt(radius / (8 * LARGEST_SAGITTA))))
    return np.arange(steps, dtype=np.float64) * (end / steps)


def _equal_lengths(k: float, radius: float) -> NDArray[np.float64]:
    """Angles at equal steps of 1 px of the arc length k/2 (t sqrt(1 + t^2) + asinh t)."""
    grid = np.linspace(0.0, radius / k, 4 * PUBLISHED_STEPS)
    length = k / 2 * (grid * np.sqrt(1 + grid**2) + np.arcsinh(grid))
    return np.interp(np.arange(0.0, length[-1]), length, grid)


GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
"""Angle between successive dots of a sunflower [rad]."""

_TURN = 1.75


def fermat_spiral(
    shape: tuple[int, int],
    pitch: float,
    *,
    rotation: float = 0.0,
    centre: tuple[float, float] = (0.0, 0.0),
) -> NDArray[np.float64]:
    """Dots of equal area each, at r = c sqrt(n), each a golden angle from the last.

    The pattern is that of sunflowers (Vogel, Mathematical Biosciences 44, 179, 1979). In the
    order of n the beam would jump across the frame: the dots are visited along an Archimedean
    spiral from the centre outwards, whose turns are 1.75 pitches wide: the way is the shortest.

    Parameters
    ----------
    shape : height and width of the frame [px].
    pitch : square root of the area per dot [px], at least 1; c = pitch / sqrt(pi).
    rotation : angle by which the pattern is turned [rad].
    centre : shift of the pattern's centre from the frame's, (y, x) [px].

    Returns
    -------
    Positions inside the frame, (n, 2).

    Raises
    ------
    ValueError : an empty shape, or a pitch below 1.

    Examples
    --------
    >>> len(fermat_spiral((512, 512), 5.0))  # about 512 * 512 / 5**2
    10485
    """
    check(shape, pitch)
    reach = math.hypot(*shape) / 2 + math.hypot(*centre)
    n = np.arange(math.ceil(math.pi * (reach / pitch) ** 2) + 1.0)
    r = pitch * np.sqrt(n / math.pi)
    theta = GOLDEN_ANGLE * n + rotation
    middle = [(side - 1) / 2 + shift for side, shift in zip(shape, centre, strict=True)]
    dots = np.stack([middle[0] + r * np.sin(theta), middle[1] + r * np.cos(theta)], axis=1)
    turn = (theta - rotation) % (2 * math.pi) / (2 * math.pi)
    along = np.round(r / (_TURN * pitch) - turn) + turn
    keep = inside(dots, shape)
    return dots[keep][np.argsort(along[keep], kind="stable")]
