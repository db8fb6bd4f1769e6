"""The period of a lattice, told from the peaks of an image's power spectrum.

Whether a scan can follow a lattice is a question of its pitch over this period. A lattice makes
peaks that stand alone: high above every coefficient around them. Texture, edges and shot noise
make none, because their power spreads over all directions or along a streak.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stemgan.metrics.frc import windowed

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST_SIDE = 32  # [px]
SHORTEST = 2.5
"""Shortest period that is looked for [px]."""
FEWEST = 6
"""Periods along the shorter side that a lattice has at least."""

_INNER, _OUTER = 3, 6  # coefficients from a peak between which lies what it is compared with
_CONTRAST = 8.0  # of texture and particles at most 5, in simulated and in real images
_SHARE = 0.002

_STEPS = np.arange(-_OUTER, _OUTER + 1)
_FAR = np.hypot(_STEPS[:, None], _STEPS)
_AROUND = np.argwhere((_FAR > _INNER) & (_FAR <= _OUTER)) - _OUTER
_NEAR = np.argwhere(np.ones((3, 3), bool)) - 1


def lattice_period(image: NDArray[np.floating]) -> float | None:
    """Find the period of the strongest lattice peak.

    Parameters
    ----------
    image : (height, width), in any unit.

    Returns
    -------
    The period [px], 1 over the peak's frequency: the distance of the planes or fringes that
    the peak is of, at most 1/6 of the shorter side. None if no peak stands alone: 8 times as
    high as all coefficients 4 to 6 steps from it, and with 0.2 % of the image's variance.

    Examples
    --------
    >>> x = np.arange(64)
    >>> round(lattice_period(np.sin(2 * np.pi * x / 7.5) * np.ones((64, 1))), 1)
    7.5
    >>> lattice_period(np.random.default_rng(0).normal(size=(64, 64))) is None
    True
    """
    height, width = image.shape
    if min(height, width) < SMALLEST_SIDE or np.ptp(image) == 0:
        return None
    power = _power(image)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    sought = (frequency <= 1 / SHORTEST) & (frequency >= FEWEST / min(height, width))
    least = _SHARE * power.sum() / 2  # of a peak; its conjugate has the other half
    for place in _highest(np.where(sought, power, 0), least / len(_NEAR)):
        if _at(power, place, _NEAR).sum() < least:
            continue
        if power[place] >= _CONTRAST * _at(power, place, _AROUND).max():
            return 1 / _centre(power, place)
    return None


def _power(image: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the power of each coefficient, of the image less its mean and through a window."""
    return np.abs(np.fft.fft2(windowed(image))) ** 2


def _highest(power: NDArray[np.float64], least: float) -> list[tuple[int, int]]:
    """List the coefficients that are higher than their neighbours, the highest first."""
    from scipy.ndimage import maximum_filter

    top = (power >= least) & (power == maximum_filter(power, 2 * _INNER + 1, mode="wrap"))
    places = np.argwhere(top)
    order = np.argsort(-power[top], kind="stable")
    return [(int(y), int(x)) for y, x in places[order]]


def _at(
    power: NDArray[np.float64], place: tuple[int, int], steps: NDArray[np.int64]
) -> NDArray[np.float64]:
    y, x = ((np.array(place) + steps) % power.shape).T
    return power[y, x]


def _centre(power: NDArray[np.float64], place: tuple[int, int]) -> float:
    """Return the frequency of a peak's centre [cycles/px], which lies between coefficients.

    Through a Hann window, a wave δ steps beyond a coefficient has the amplitude
    r = (1 + δ) / (2 - δ) of it at the next one, so that δ = (2 r - 1) / (1 + r).
    """
    cycles = []
    for axis, size in enumerate(power.shape):
        line = np.moveaxis(power, axis, 0)[:, place[1 - axis]]
        k = place[axis]
        after, before = line[(k + 1) % size], line[k - 1]
        ratio = np.sqrt(max(after, before) / line[k])
        step = np.clip((2 * ratio - 1) / (1 + ratio), 0, 0.5) * (1 if after > before else -1)
        cycles.append(((k + size // 2) % size - size // 2 + step) / size)
    return float(np.hypot(*cycles))
