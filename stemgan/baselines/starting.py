"""What the spectrum of a Gaussian process starts from, besides its variogram."""

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.aliases import Waves, place_waves
from stemgan.baselines.spectra import bounded, frequencies

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
        smooth = max(rest, LEAST_REST) * smooth + spectrum_of_waves(waves, shape)
        noise = max(noise * rest, min(noise, LEAST_LEFT))
    return bounded(smooth), noise


def _touching(mask: NDArray[np.bool_]) -> bool:
    return bool((mask[1:] & mask[:-1]).any() or (mask[:, 1:] & mask[:, :-1]).any())


def variance_of(spectrum: NDArray[np.floating], shape: tuple[int, int]) -> float:
    """Return the variance that a spectrum, (H, W // 2 + 1), holds: its mean over all modes."""
    once = spectrum[:, 0].sum() + (spectrum[:, -1].sum() if shape[1] % 2 == 0 else 0)
    return float(2 * spectrum.sum(dtype=np.float64) - once) / (shape[0] * shape[1])


def spectrum_of_waves(waves: Waves, shape: tuple[int, int]) -> Image:
    """Return the spectrum of waves, each a Gaussian peak of its variance, (H, W // 2 + 1)."""
    rows, columns = (
        n * step(n) for n, step in zip(shape, (np.fft.fftfreq, np.fft.rfftfreq), strict=True)
    )
    total = np.zeros((len(rows), len(columns)), np.float32)
    for (y, x), variance in zip(waves.frequency, waves.variance, strict=True):
        peak = np.zeros_like(total)
        for sign in (1, -1):
            down = (rows - sign * y * shape[0] + shape[0] / 2) % shape[0] - shape[0] / 2
            across = columns - sign * x * shape[1]
            peak += np.outer(*(np.exp(-0.5 * (d / WIDTH) ** 2) for d in (down, across)))
        total += peak * np.float32(variance / variance_of(peak, shape))
    return total
