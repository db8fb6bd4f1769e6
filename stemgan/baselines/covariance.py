"""What measured pixels alone say of an image's covariance: its variogram and a model of it."""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from stemgan.baselines.spectra import fast_shape, image_of, spectrum_of

Image = NDArray[np.float32]

FARTHEST = 128
"""Longest lag of the empirical variogram [px]."""
UNRESOLVED = 0.7
"""Least noise over half the mean squared difference of the nearest measured pixels.

What two neighbours differ by is noise or detail finer than their distance: lines tell the two
apart, dots do not, and taking most of it for noise leaves the least error on training images.
"""
LEAST_NOISE = 1e-3
LENGTHS = 0.75 * 2 ** (np.arange(16) / 2)  # [px]
# Kernels that are smooth and long cannot bend within the periodic grid's margin.
SMOOTHER, SMOOTHEST = LENGTHS[LENGTHS < 50], LENGTHS[LENGTHS < 26]


@dataclass(frozen=True)
class RadialCovariance:
    """A sum of Matérn covariances of many lengths, and white noise.

    weights : variance of each kernel, none negative.
    noise : variance of the noise, above 0.
    """

    weights: NDArray[np.float64]
    noise: float

    def on_grid(self, shape: tuple[int, int]) -> Image:
        """Give the covariance, noise left out, at each lag of a periodic grid, (H, W)."""
        rows, columns = (scipy.fft.fftfreq(n, 1 / n) for n in shape)
        table = np.arange(0, np.hypot(*shape) / 2 + 1, 0.25)
        lags = np.hypot(rows[:, None], columns)
        return np.interp(lags, table, kernels(table) @ self.weights).astype(np.float32)


def fit_covariance(values: Image, mask: NDArray[np.bool_]) -> RadialCovariance:
    """Fit a radial covariance to the variogram of the measured pixels.

    Weighted non-negative least squares over kernels of all lengths; the weights are Cressie's
    (Math. Geol. 17, 563, 1985), √pairs / variogram, over √lag as near lags matter most.

    Parameters
    ----------
    values : of variance about 1, 0 where unmeasured, (H, W).
    mask : measured pixels, (H, W).
    """
    from scipy.optimize import nnls

    pairs, half_squares = variogram(values, mask)
    top = (pairs.shape[0] // 2, pairs.shape[1] // 2)
    lag = np.hypot(*np.ogrid[-top[0] : top[0] + 1, -top[1] : top[1] + 1])
    known = (pairs > 0) & (lag > 0)
    near = known & (lag <= lag[known].min() + 0.75)
    unresolved = half_squares[near].sum() / pairs[near].sum()

    used = known & (lag <= max(min(top), lag[known].min()))
    ring = np.rint(lag[used]).astype(int)
    count, squares, lags = (
        np.bincount(ring, x[used]) for x in (pairs, half_squares, pairs * lag)
    )
    count, squares, lags = (x[count > 0] for x in (count, squares, lags))
    gamma, lags = squares / count, lags / count
    weight = np.sqrt(count / lags) / np.maximum(gamma, 1e-3 * gamma.max())
    model = np.concatenate([np.ones((len(lags), 1)), 1 - kernels(lags)], axis=1)
    found, _ = nnls(model * weight[:, None], gamma * weight)
    return RadialCovariance(found[1:], max(found[0], UNRESOLVED * unresolved, LEAST_NOISE))


def variogram(
    values: Image, mask: NDArray[np.bool_], farthest: int = FARTHEST
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Count the pairs of measured pixels at each lag, and sum half their squared differences.

    By Fourier transforms (Marcotte, Comput. Geosci. 22, 1175, 1996), so that all pairs count.

    Parameters
    ----------
    values : 0 where unmeasured, (H, W).
    mask : measured pixels, (H, W).
    farthest : longest lag along an axis [px].

    Returns
    -------
    pairs, half_squares : (2 y + 1, 2 x + 1) each, lag 0 in the middle.

    Examples
    --------
    >>> pairs, squares = variogram(np.array([[1, 3, 0]], np.float32), np.array([[1, 1, 0]]) > 0)
    >>> pairs.astype(int), squares.round(3)
    (array([[0, 1, 2, 1, 0]]), array([[0., 2., 0., 2., 0.]]))
    """
    reach = tuple(min(farthest, n - 1) for n in mask.shape)
    wide = fast_shape(mask.shape, reach)
    window = np.ix_(*(np.arange(-r, r + 1) for r in reach))
    # Double precision: sums over many pairs are differences of larger ones. One after the
    # other, as large frames take much of the memory here.
    there = spectrum_of(mask.astype(np.float64), wide)
    pairs = np.rint(image_of(np.abs(there) ** 2, wide)[window])
    there = there.conj()
    there *= spectrum_of(values.astype(np.float64) ** 2, wide)
    power = np.real(there).copy()
    del there
    power -= np.abs(spectrum_of(values.astype(np.float64), wide)) ** 2
    squares = image_of(power, wide)[window]
    return pairs, np.where(pairs > 0, np.maximum(squares, 0), 0)


def kernels(lag: NDArray[np.float64]) -> NDArray[np.float64]:
    """Matérn kernels of smoothness 1/2, 3/2 and 5/2 at some lags [px], (n, kernels)."""
    short, middle, smooth = (
        root * lag[:, None] / lengths
        for root, lengths in ((1, LENGTHS), (3**0.5, SMOOTHER), (5**0.5, SMOOTHEST))
    )
    return np.concatenate(
        [
            np.exp(-short),
            (1 + middle) * np.exp(-middle),
            (1 + smooth + smooth**2 / 3) * np.exp(-smooth),
        ],
        axis=1,
    )
