"""Strokes of a beam that measures as it moves, towards what is not known.

At each step the beam goes on in the direction whose next pixels promise the largest gain per
unit of time (see `stemgan.adaptive.placing`), turning no more sharply than the coils can; or it
jumps elsewhere, where that promises more although it costs settling.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgan.adaptive.placing import Array, Expected
from stemgan.scan.physics import Timing

_DIRECTIONS = 32
_AHEAD = 3
"""How many steps a direction is judged by."""
_SHARPEST = math.radians(135)
_BLOCK = 16
"""[px], side of the blocks among which the beam looks for a place to jump to."""


@dataclass(frozen=True)
class Coils:
    """How the beam may move.

    timing : dwell per pixel of length, and settling of a jump [s].
    acceleration : the largest, as `path_costs` gives it [px/s²]; None: no limit.
    step : length of the straight pieces of a stroke [px].
    """

    timing: Timing
    acceleration: float | None = None
    step: float = 8.0

    @property
    def turn(self) -> float:
        """Sharpest turn between two pieces [rad]: 2 v sin(turn / 2) = a × time of a piece."""
        if self.acceleration is None:
            return _SHARPEST
        sine = self.acceleration * self.step * self.timing.dwell**2 / 2
        return min(2 * math.asin(min(sine, 1.0)), _SHARPEST)


class Placed(NamedTuple):
    """Polylines, each reached by a jump or from where the beam is; and what they cost [s]."""

    strokes: list[Array]
    time: float
    exposure: float


class _Ray(NamedTuple):
    """A direction to go on in: how much it promises per second, and its angle."""

    rate: float
    angle: float


def place_strokes(
    expected: Expected,
    coils: Coils,
    time: float,
    exposure: float,
    beam: Array | None,
    heading: float | None = None,
) -> Placed:
    """Choose strokes for a time and an exposure [s].

    Parameters
    ----------
    expected : what is unknown; it changes by what is chosen.
    coils : how the beam may move.
    time, exposure : what may be spent [s].
    beam : where the beam is, (2,) (y, x) [px]; None: nowhere.
    heading : direction that it moves in [rad], from x to y; None: at rest.

    Returns
    -------
    Placed.
    """
    dwell, settling = coils.timing.dwell, coils.timing.settling
    piece = coils.step * dwell
    strokes: list[list[Array]] = [] if beam is None else [[np.asarray(beam, np.float64)]]
    spent, on = 0.0, 0.0
    while spent + piece <= time * (1 + 1e-9) and on + piece <= exposure * (1 + 1e-9):
        ahead = None
        if strokes:
            ahead = _best_ray(expected, coils, strokes[-1][-1], heading, 0.0)
        jump = None
        if spent + settling + piece <= time:
            jump = _best_jump(expected, coils)
        if jump is not None and (ahead is None or jump[1].rate > ahead.rate):
            strokes.append([jump[0]])
            spent += settling
            ahead = jump[1]
        if ahead is None:
            break
        heading = ahead.angle
        begin = strokes[-1][-1]
        end = begin + coils.step * np.array([math.sin(heading), math.cos(heading)])
        _measured(expected, begin, end)
        strokes[-1].append(end)
        spent, on = spent + piece, on + piece
    kept = [np.array(one) for one in strokes if len(one) > 1]
    return Placed(kept, spent, on)


def _best_ray(
    expected: Expected, coils: Coils, at: Array, heading: float | None, wait: float
) -> _Ray | None:
    """Judge directions by the pixels ahead; None where all lead out of the frame."""
    if heading is None:
        angles = np.arange(_DIRECTIONS) * (2 * np.pi / _DIRECTIONS)
    else:
        turns = np.linspace(-1, 1, _DIRECTIONS | 1) * coils.turn
        angles = heading + turns
    along = np.arange(1, int(_AHEAD * coils.step) + 1)
    y = np.rint(at[0] + np.sin(angles)[:, None] * along).astype(np.int64)
    x = np.rint(at[1] + np.cos(angles)[:, None] * along).astype(np.int64)
    height, width = expected.distance.shape
    seen = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    usable = seen[:, : math.ceil(coils.step)].all(axis=1)
    if not usable.any():
        return None
    back = usable & _turns_back(coils, at, angles, expected.distance.shape)
    usable = back if back.any() else usable
    y, x = y.clip(0, height - 1), x.clip(0, width - 1)
    gain = np.where(seen, expected.variance[y, x] * expected.distance[y, x], 0).sum(axis=1)
    gain = np.where(usable, gain, -1.0)
    best = int(gain.argmax())
    seconds = len(along) * coils.timing.dwell + wait
    return _Ray(float(gain[best]) / seconds, float(angles[best]))


def _turns_back(
    coils: Coils, at: Array, angles: NDArray[np.floating], shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Tell after which directions the beam can still stay in the frame.

    It can if it can circle there, to the left or to the right: at the sharpest turn the ends of
    its pieces lie on a circle.
    """
    radius = coils.step / (2 * math.sin(coils.turn / 2))
    found = np.zeros(len(angles), np.bool_)
    for side in (-1, 1):
        towards = angles + side * (coils.turn / 2 + np.pi / 2)
        y = at[0] + coils.step * np.sin(angles) + radius * np.sin(towards)
        x = at[1] + coils.step * np.cos(angles) + radius * np.cos(towards)
        found |= (
            (np.minimum(y, x) >= radius)
            & (y <= shape[0] - 1 - radius)
            & (x <= shape[1] - 1 - radius)
        )
    return found


def _best_jump(expected: Expected, coils: Coils) -> tuple[Array, _Ray] | None:
    """Find the block with the most to gain, and the best way from its best pixel."""
    gain = expected.variance * expected.distance
    height, width = gain.shape
    rows, columns = np.arange(0, height, _BLOCK), np.arange(0, width, _BLOCK)
    sums = np.add.reduceat(np.add.reduceat(gain, rows, axis=0), columns, axis=1)
    i, j = divmod(int(sums.argmax()), sums.shape[1])
    window = gain[rows[i] : rows[i] + _BLOCK, columns[j] : columns[j] + _BLOCK]
    y, x = divmod(int(window.argmax()), window.shape[1])
    at = np.array([rows[i] + y, columns[j] + x], np.float64)
    ray = _best_ray(expected, coils, at, None, coils.timing.settling)
    return None if ray is None else (at, ray)


def _measured(expected: Expected, begin: Array, end: Array) -> None:
    count = int(np.ceil(np.abs(end - begin).max())) + 1
    points = np.rint(np.linspace(begin, end, count)).astype(np.int64)
    height, width = expected.distance.shape
    expected.choose(points[:, 0].clip(0, height - 1), points[:, 1].clip(0, width - 1))
