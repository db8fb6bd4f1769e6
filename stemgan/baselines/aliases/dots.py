"""Grids of dots: found in a mask, and the waves that stand out of their values."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, maximum_filter, median_filter

FEWEST = 16
"""Least rows and columns that a grid must have."""
LOUD = 20.0
"""Power of a wave that stands out, over that around it."""
MOST = 12
"""Waves that are looked at, the strongest ones."""

_PADDED = 2
_SLOW = 3.0  # frequency below which nothing is taken for a lattice [periods over the grid]
_APART = 3  # half the window in which a peak is the highest [padded Fourier pixels]
_REACH = 6  # half the window of a peak's power [padded Fourier pixels]
_COARSE = 64  # modes a side that are enough to tell what is around
_MEDIAN_OVER_MEAN = float(np.log(2))  # of the power of noise, which is exponential


@dataclass(frozen=True)
class DotGrid:
    """Pixels that are measured in all of some rows and columns, evenly spaced.

    rows, columns : their places [px].
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]

    @property
    def pitch(self) -> NDArray[np.float64]:
        """Mean spacing of rows and columns, (2,) [px]; need not be whole."""
        return np.array([(x[-1] - x[0]) / (len(x) - 1) for x in (self.rows, self.columns)])

    def samples(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return the values on the grid, (rows, columns)."""
        return values[np.ix_(self.rows, self.columns)].astype(np.float64)


@dataclass(frozen=True)
class Peaks:
    """Waves that stand out of the values on a grid, the strongest first.

    frequency : (n, 2), within half a period a sample of 0.
    variance : what each adds to the values', (n,).
    side : of the padded transform whose pixels bound how well a frequency is known, (2,).
    """

    frequency: NDArray[np.float64]
    variance: NDArray[np.float64]
    side: NDArray[np.float64]


def find_dot_grid(mask: NDArray[np.bool_]) -> DotGrid | None:
    """Find the grid that a mask is; None for any other mask.

    Examples
    --------
    >>> mask = np.zeros((100, 100), bool)
    >>> mask[2::5, 2::5] = True
    >>> find_dot_grid(mask).pitch
    array([5., 5.])
    """
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if min(len(rows), len(columns)) < FEWEST or len(rows) * len(columns) != mask.sum():
        return None
    for steps in (np.diff(rows), np.diff(columns)):
        if steps.min() < 2 or np.ptp(steps) > 1:
            return None
    return DotGrid(rows, columns)


def window(length: int) -> NDArray[np.float64]:
    """Return Hann's window without its zeros, (length,)."""
    return np.hanning(length + 2)[1:-1]


def find_peaks(samples: NDArray[np.float64], most: int = MOST) -> Peaks:
    """Find the waves that stand out of the values on a grid, (rows, columns)."""
    power = _power(samples)
    around = _around(power)
    side = np.array(power.shape)
    rows, columns = (np.fft.fftfreq(n) for n in power.shape)
    slow = np.hypot(rows[:, None] * samples.shape[0], columns * samples.shape[1]) <= _SLOW
    first = (columns > 0) | ((columns == 0) & (rows[:, None] > 0))  # of each pair, one
    loudness = power / around
    highest = maximum_filter(loudness, 2 * _APART + 1, mode="wrap") == loudness
    at = np.argwhere(highest & first & ~slow & (loudness > LOUD))
    at = at[np.argsort(-power[tuple(at.T)], kind="stable")[:most]]
    logarithm = np.log(power)
    found = [_refined(logarithm, i, j) for i, j in at]
    frequency = (np.array(found).reshape(-1, 2) / side + 0.5) % 1 - 0.5
    above = np.maximum(power - around, 0)
    reach = np.arange(-_REACH, _REACH + 1)
    # Twice, as a wave has two peaks; the mean over modes of the power is the variance.
    variance = [
        2 * above[np.ix_((i + reach) % side[0], (j + reach) % side[1])].sum() / power.size
        for i, j in at
    ]
    return Peaks(frequency, np.array(variance), side.astype(np.float64))


def _power(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the windowed periodogram without what is slow: its mean is the variance."""
    shape = samples.shape
    flat = samples - gaussian_filter(samples, min(shape) / 6, mode="nearest")
    weight = np.outer(*map(window, shape))
    flat -= (flat * weight).sum() / weight.sum()
    padded = tuple(_PADDED * n for n in shape)
    power = np.abs(np.fft.fft2(flat * weight, padded)) ** 2 / (weight**2).sum()
    return np.maximum(power, 1e-12 * power.max() + 1e-30)


def _around(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the power around each mode, which peaks do not lift."""
    steps = [max(n // _COARSE, 1) for n in power.shape]
    coarse = np.log(power[:: steps[0], :: steps[1]])
    size = tuple(max(n // 6, 1) | 1 for n in coarse.shape)
    middle = np.exp(median_filter(coarse, size, mode="wrap"))
    near = np.ix_(*(np.arange(n) // step for n, step in zip(power.shape, steps, strict=True)))
    smooth = gaussian_filter(middle[near], [1.5 * step for step in steps], mode="wrap")
    return smooth / _MEDIAN_OVER_MEAN


def _refined(logarithm: NDArray[np.float64], row: int, column: int) -> tuple[float, float]:
    """Place a peak between pixels, by parabolas through its neighbours."""
    height, width = logarithm.shape
    here = logarithm[row, column]
    down = _vertex(logarithm[row - 1, column], here, logarithm[(row + 1) % height, column])
    across = _vertex(logarithm[row, column - 1], here, logarithm[row, (column + 1) % width])
    return row + down, column + across


def _vertex(before: float, here: float, after: float) -> float:
    bend = before - 2 * here + after
    return 0.0 if bend >= 0 else float(0.5 * (before - after) / bend)
