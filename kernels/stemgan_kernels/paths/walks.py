"""Jittered grids: rows and columns of lines that wander at random."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stemgan_kernels.paths.frame import check


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
    check(shape, pitch)
    rng = np.random.default_rng(seed)
    phase = rng.random(2)
    across = _channels(shape, pitch, float(phase[0]), rng, amplitude, momentum)
    down = _channels((shape[1], shape[0]), pitch, float(phase[1]), rng, amplitude, momentum)
    # The columns begin at the corner where the rows end, so that the beam stays outside.
    ends_right = len(across) % 2 == 1
    down = down[:: -1 if ends_right else 1]
    return np.concatenate([_alternating(across, odd=1), _alternating(down, odd=0)[:, ::-1]])


def _channels(
    shape: tuple[int, int],
    pitch: float,
    phase: float,
    rng: np.random.Generator,
    amplitude: float,
    momentum: float,
) -> NDArray[np.float64]:
    """Return the walks, each from its lower end, (lines, steps, 2)."""
    margin = 4  # the lines turn this far outside the frame [px], where the beam is blanked
    middles = np.arange((phase - 1) * pitch, shape[0] + pitch, pitch)
    along = np.arange(-margin, shape[1] + margin, dtype=np.float64)
    moves = rng.random((len(middles), len(along))) < 0.5
    noise = rng.standard_normal((len(middles), len(along)))
    walk = _walk(moves, noise, amplitude, momentum, max((pitch - 1) / 2, 0.5))
    x = np.broadcast_to(along, walk.shape).copy()
    return np.stack([middles[:, None] + walk, x], axis=2)


def _alternating(lines: NDArray[np.float64], odd: int) -> NDArray[np.float64]:
    """Join lines (n, steps, 2) to a path, every second one backwards from the `odd` one on."""
    path = lines.copy()
    path[odd::2] = lines[odd::2, ::-1]
    return path.reshape(-1, 2)


@njit(cache=True, nogil=True)
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
