"""Completion by a sparse spectrum: projections onto convex sets, in Fourier space.

Each turn keeps the Fourier coefficients above a threshold and puts the measured values back;
the threshold falls from the largest coefficient to a share of it (Abma & Kabir, Geophysics 71,
E91, 2006). A lattice is a few coefficients, whatever its period, so that this completes
lattices that are finer than the gaps, where every local average fails.
"""

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from stemgan.baselines.smoothing import gap_length, in_own_unit, is_dotted, smooth
from stemgan.baselines.spectra import widened
from stemgan.measurement import PartialScan

Image = NDArray[np.float32]

# Tuned on training images (benchmarks/tune_baselines.py).
TUNED = {"lines": (0.6, 0.05, 0.8), "dots": (0.3, 0.09, 1.5)}
"""`base`, `floor` and `tilt` for masks of lines and of separate dots."""
ITERATIONS = 80

_NOISE = 6
_TINY = 1e-30


def fourier_pocs(
    scan: PartialScan,
    tuned: tuple[float, float, float] | None = None,
    iterations: int = ITERATIONS,
    workers: int = 1,
) -> Image:
    """Complete a smoothed nearest infill by the sparse spectrum of what it misses.

    Parameters
    ----------
    scan : the partial scan.
    tuned : `base`: σ of the Gaussian that smooths the nearest infill, over the gap; `floor`:
        least last threshold over the first; `tilt`: thresholds grow as frequency to this power,
        because images' spectra fall with it. By default what `TUNED` says for the mask's kind.
    iterations : number of turns, at least 2.
    workers : threads of the Fourier transforms.

    Returns
    -------
    (H, W) float32, within the range of the measured values.
    """
    base, floor, tilt = tuned or TUNED["dots" if is_dotted(scan) else "lines"]
    sigma = base * gap_length(scan)

    def complete(values: Image, infill: Image) -> Image:
        start = smooth(infill, sigma)
        missed = np.where(scan.mask, values - start, np.float32(0))
        found = start + _sparse(missed, scan.mask, floor, tilt, iterations, workers)
        return np.clip(found, infill.min(), infill.max())

    return in_own_unit(scan, complete)


def _sparse(
    values: Image,
    mask: NDArray[np.bool_],
    floor: float,
    tilt: float,
    iterations: int,
    workers: int,
) -> Image:
    """Complete values of about mean 0 that are 0 where unmeasured."""
    height, width = mask.shape
    wide = widened(mask.shape)
    data = np.zeros(wide, np.float32)
    data[:height, :width] = values
    measured = np.zeros(wide, np.bool_)
    measured[:height, :width] = mask
    weight = _weight(wide, tilt)
    image = estimate = data
    top, last = 0.0, floor
    for step in range(iterations):
        spectrum = np.asarray(scipy.fft.rfft2(image, workers=workers))
        size = np.abs(spectrum)
        if step == 0:
            ratio = size / weight
            top = float(ratio.max())
            # Most coefficients are noise: none of their size is kept, whatever the floor.
            noise = _NOISE * float(np.median(ratio)) / max(top, _TINY)
            last = max(floor, min(noise, 0.9))
        threshold = weight * np.float32(top * last ** (step / (iterations - 1)))
        spectrum[size < threshold] = 0
        estimate = np.asarray(scipy.fft.irfft2(spectrum, wide, workers=workers), np.float32)
        image = np.where(measured, data, estimate)
    return estimate[:height, :width]


def _weight(shape: tuple[int, int], tilt: float) -> NDArray[np.float32]:
    rows = scipy.fft.fftfreq(shape[0])[:, None]
    columns = scipy.fft.rfftfreq(shape[1])
    frequency = np.hypot(rows, columns) + 1 / max(shape)
    return ((frequency / frequency.max()) ** tilt).astype(np.float32)
