"""Scan paths: ordered probe positions, (n, 2) float64, (y, x) [px].

A path may leave the frame (a spiral that covers the corners, the turns of a grid): the beam is
blanked there, so that only time passes. Every path visits its positions at equal time steps.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

PUBLISHED_STEPS = 10_000
"""Steps in angle of the published spirals (512 x 512 px)."""

_LARGEST_SAGITTA = 0.05
"""How far [px] a chord between two positions may leave the spiral, where frames are larger."""


def _check(shape: tuple[int, int], pitch: float) -> None:
    if min(shape) < 1:
        raise ValueError(f"shape {shape} has an empty side")
    if not (math.isfinite(pitch) and pitch >= 1):
        raise ValueError(f"pitch {pitch} px is not a number of at least 1")


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
    _check(shape, pitch)
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
    steps = max(PUBLISHED_STEPS, math.ceil(end * math.sqrt(radius / (8 * _LARGEST_SAGITTA))))
    return np.arange(steps, dtype=np.float64) * (end / steps)


def _equal_lengths(k: float, radius: float) -> NDArray[np.float64]:
    """Angles at equal steps of 1 px of the arc length k/2 (t sqrt(1 + t^2) + asinh t)."""
    grid = np.linspace(0.0, radius / k, 4 * PUBLISHED_STEPS)
    length = k / 2 * (grid * np.sqrt(1 + grid**2) + np.arcsinh(grid))
    return np.interp(np.arange(0.0, length[-1]), length, grid)


def dot_grid(
    shape: tuple[int, int], pitch: float, *, offset: tuple[float, float] | None = None
) -> NDArray[np.float64]:
    """Square grid of single pixels, visited line by line in alternating direction.

    Parameters
    ----------
    shape : height and width of the frame [px].
    pitch : distance between neighbouring dots [px], at least 1; need not be whole.
    offset : first dot, (y, x) [px]; by default (side mod pitch) // 2, as in DLSS-STEM
        (arXiv 1910.10467).

    Returns
    -------
    Whole-pixel positions inside the frame, (n, 2).

    Examples
    --------
    >>> len(dot_grid((512, 512), 5))
    10609
    """
    _check(shape, pitch)
    start = [(n % pitch) // 2 for n in shape] if offset is None else offset
    rows, columns = (
        np.floor(np.arange(s % pitch, n, pitch)) for n, s in zip(shape, start, strict=True)
    )
    return _serpentine(rows, columns)


def raster(shape: tuple[int, int]) -> NDArray[np.float64]:
    """Every pixel, line by line from the left, (H W, 2)."""
    _check(shape, 1)
    y, x = np.meshgrid(*map(np.arange, shape), indexing="ij")
    return np.stack([y.ravel(), x.ravel()], axis=1).astype(np.float64)


def _serpentine(rows: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.float64]:
    y, x = np.meshgrid(rows, columns, indexing="ij")
    x[1::2] = x[1::2, ::-1]
    return np.stack([y.ravel(), x.ravel()], axis=1)


def jittered_grid(
    shape: tuple[int, int],
    pitch: float,
    *,
    seed: int,
    amplitude: float = 1.0,
    momentum: float = 0.5,
) -> NDArray[np.float64]:
    """Rows and then columns of lines that wander at random about their channel's middle.

    The walk is that of the 2020 figures: at each step b in {0, 1} is drawn; if b = 1 then
    m <- momentum m + (1 - momentum) amplitude (1 + n) and y <- y + m, else
    y <- amplitude (-1 + n), with n ~ N(0, 1), reflected at the channel's edges. Lines run in
    alternating direction and turn outside the frame.

    Parameters
    ----------
    shape : height and width of the frame [px].
    pitch : width of a channel [px], at least 1.
    seed : seed of the walks.
    amplitude : size of the steps [px].
    momentum : share of the last step that is kept.

    Returns
    -------
    Positions, one a pixel along each line, (n, 2).
    """
    _check(shape, pitch)
    rng = np.random.default_rng(seed)
    phase = rng.random(2)
    across = _channels(shape, pitch, float(phase[0]), rng, amplitude, momentum)
    down = _channels((shape[1], shape[0]), pitch, float(phase[1]), rng, amplitude, momentum)
    return np.concatenate([across, down[:, ::-1]])


def _channels(
    shape: tuple[int, int],
    pitch: float,
    phase: float,
    rng: np.random.Generator,
    amplitude: float,
    momentum: float,
) -> NDArray[np.float64]:
    margin = 4  # the lines turn this far outside the frame [px], where the beam is blanked
    middles = np.arange((phase - 1) * pitch, shape[0] + pitch, pitch)
    along = np.arange(-margin, shape[1] + margin, dtype=np.float64)
    moves = rng.random((len(middles), len(along))) < 0.5
    noise = rng.standard_normal((len(middles), len(along)))
    walk = _walk(moves, noise, amplitude, momentum, max((pitch - 1) / 2, 0.5))
    x = np.broadcast_to(along, walk.shape).copy()
    y = middles[:, None] + walk
    y[1::2], x[1::2] = y[1::2, ::-1].copy(), x[1::2, ::-1].copy()
    return np.stack([y.ravel(), x.ravel()], axis=1)


@njit(cache=True)
def _walk(moves, noise, amplitude, momentum, limit):  # noqa: ANN001, ANN202
    lines, steps = moves.shape
    walk = np.empty((lines, steps))
    for line in range(lines):
        y = 0.0
        m = 0.0
        for step in range(steps):
            n = noise[line, step]
            if moves[line, step]:
                m = momentum * m + (1 - momentum) * amplitude * (1 + n)
                y += m
            else:
                y = amplitude * (n - 1)
            if abs(y) > limit:
                y = min(max(y, -limit), limit)
                m = -m
            walk[line, step] = y
    return walk
