"""What the spectrum of a Gaussian process starts from, besides its variogram."""

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.aliases import place_waves
from stemgan.baselines.spectra import bounded, frequencies
from stemgan.baselines.waves import spectrum_of_waves, variance_of

Image = NDArray[np.float32]

# Tuned on training images, as the rest of the Gaussian process.
LEAST_SIGNAL = 0.2
"""Least share of the variance that is signal, where no two measured pixels touch: what a
variogram takes for noise altogether, as that of a lattice under distant dots, would never be
found otherwise. Pixels that touch tell noise from signal."""
MOST_WAVES = 0.95  # of the variance
LEAST_REST = 0.2  # of the spectrum, beside waves that hold most of the variance
LEAST_LEFT = 0.15  # of the variance, as noise, where the variogram gives as much
WIDTH = 1.5  # of a wave [Fourier pixels]
FALL = 4.0  # of the least signal beyond what the measured pixels resolve
RESOLVED = 1.5  # over the mean spacing's highest frequency


def started(
    smooth: Image, noise: float, values: Image, mask: NDArray[np.bool_], shape: tuple[int, int]
) -> tuple[Image, float]:
    """Give a spectrum and a noise the least signal, and the waves of a lattice under dots.

    Parameters
    ----------
    smooth : spectrum whose mean is the variance, (H', W' // 2 + 1) of the grid.
    noise : variance of the noise.
    values : of variance 1, 0 where unmeasured, (H, W).
    mask : measured pixels, (H, W).
    shape : of the grid, (H', W').
    """
    short = LEAST_SIGNAL - variance_of(smooth, shape)
    if short > 0 and not _touching(mask):
        spacing = np.sqrt(mask.size / mask.sum())
        beyond = frequencies(shape) * (2 * spacing / RESOLVED)
        falling = 1 / (1 + beyond**FALL)
        smooth = (smooth + falling * (short / variance_of(falling, shape))).astype(np.float32)
        noise = min(noise, 1 - LEAST_SIGNAL)
    waves = place_waves(values, mask)
    if waves is not None:
        rest = 1 - min(float(waves.variance.sum()), MOST_WAVES)
        smooth = max(rest, LEAST_REST) * smooth + spectrum_of_waves(waves, shape, WIDTH)
        noise = max(noise * rest, min(noise, LEAST_LEFT))
    return bounded(smooth), noise


def _touching(mask: NDArray[np.bool_]) -> bool:
    return bool((mask[1:] & mask[:-1]).any() or (mask[:, 1:] & mask[:, :-1]).any())
