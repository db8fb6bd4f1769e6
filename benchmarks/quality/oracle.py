"""The oracle: kriging that is told what no method can know. A cheat, and a limit.

It is told the blurred truth's mean and its periodogram, smoothed by a Gaussian of 0.7 frequency
bins (σ) and kept above 1e-9 of the squared range, and the variance of what was measured about
the blurred truth. With that spectrum S and variance σ² its completion is the posterior mean
S Aᵀ (A S Aᵀ + σ²)⁻¹ y of a stationary Gaussian process: nothing linear and stationary that has
to find S out by itself leaves less error on the average. What sees edges, lattices and
particles for what they are may.

`oracle` takes the image for periodic, as its periodogram does, so that opposite edges, which
have nothing to do with each other, disturb it. `oracle_wide` is told the best plane in place of
the mean, and the periodogram of the rest on a grid with a margin: on training images it left
12 % less error, and is the harder limit.
"""

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.kriging import Kriging
from stemgan.baselines.spectra import average, spectrum_of, widened
from stemgan.measurement import PartialScan
from stemgan.metrics import blurred

Image = NDArray[np.float32]

SMOOTHING = 0.7  # [frequency bins], σ
FLOOR = 1e-9  # of the squared range
RESIDUAL = 1e-3  # of conjugate gradients, over the norm of the values
ITERATIONS = 2000
_LEAST_NOISE = 1e-6  # of the squared deviation: below it single precision sees no difference


def oracle(scan: PartialScan, truth: Image) -> Image:
    """Complete a partial scan by kriging with the spectrum of the truth itself.

    Parameters
    ----------
    scan : the partial scan, (H, W).
    truth : what was scanned, (H, W).

    Returns
    -------
    (H, W) float32.
    """
    target = blurred(truth)
    return _krige(scan, truth, np.full_like(target, target.mean()), scan.shape)


def oracle_wide(scan: PartialScan, truth: Image) -> Image:
    """Do the same without a jump at the edges: a plane is taken off, and a margin put round."""
    return _krige(scan, truth, best_plane(blurred(truth)), widened(scan.shape))


def best_plane(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the plane of least squares, (H, W)."""
    rows, columns = (np.linspace(-1, 1, n) for n in image.shape)
    down = float((image.mean(axis=1) @ rows) / (rows @ rows))
    across = float((image.mean(axis=0) @ columns) / (columns @ columns))
    return image.mean() + down * rows[:, None] + across * columns


def _krige(
    scan: PartialScan, truth: Image, trend: NDArray[np.float64], shape: tuple[int, int]
) -> Image:
    target = blurred(truth)
    deviation = float(np.std(target - trend))
    if deviation == 0:
        return target.astype(np.float32)
    mask = scan.mask
    system = Kriging(shape, mask, np.ones(int(mask.sum())))
    span = float(np.ptp(truth)) / deviation
    spectrum = told_spectrum((target - trend) / deviation, shape, span)
    variance = told_variance(scan, truth) / deviation**2
    system.prepare(spectrum, max(variance, _LEAST_NOISE))
    values = (scan.values[mask] - trend[mask]) / deviation
    dual = system.solve(values, None, RESIDUAL, ITERATIONS)
    found = system.mean(dual)[: scan.shape[0], : scan.shape[1]]
    return (trend + deviation * found).astype(np.float32)


def told_spectrum(target: NDArray[np.float64], shape: tuple[int, int], span: float) -> Image:
    """Return the smoothed periodogram, (H, W // 2 + 1): its mean is the variance.

    target : blurred truth without its trend, (h, w); shape : of the periodic grid (H, W) that
        holds it; span : range of the truth, in its unit.
    """
    periodogram = np.abs(spectrum_of(target, shape)) ** 2 / target.size
    smoothed = average(periodogram, SMOOTHING)
    return np.maximum(smoothed, FLOOR * span**2).astype(np.float32)


def told_variance(scan: PartialScan, truth: Image) -> float:
    """Return the variance of raw minus blurred truth, with the scan's own noise if any.

    The first over all pixels; the second over the measured ones.
    """
    mask = scan.mask
    own = scan.values[mask].astype(np.float64) - truth[mask]
    return float(np.var(truth - blurred(truth)) + np.mean(own**2))
