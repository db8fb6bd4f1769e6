"""Waves that an image holds, and the spectra that say so."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]


@dataclass(frozen=True)
class Waves:
    """Where waves may be, and how much of the variance of the values each is thought to hold.

    frequency : (n, 2) [periods per px]; variance : (n,).
    """

    frequency: NDArray[np.float64]
    variance: NDArray[np.float64]


def variance_of(spectrum: NDArray[np.floating], shape: tuple[int, int]) -> float:
    """Return the variance that a spectrum, (H, W // 2 + 1), holds: its mean over all modes."""
    once = spectrum[:, 0].sum() + (spectrum[:, -1].sum() if shape[1] % 2 == 0 else 0)
    return float(2 * spectrum.sum(dtype=np.float64) - once) / (shape[0] * shape[1])


def spectrum_of_waves(waves: Waves, shape: tuple[int, int], width: float) -> Image:
    """Return the spectrum of waves, each a Gaussian peak of its variance, (H, W // 2 + 1).

    shape : of the grid; width : of a peak [Fourier pixels].
    """
    rows, columns = (
        n * step(n) for n, step in zip(shape, (np.fft.fftfreq, np.fft.rfftfreq), strict=True)
    )
    total = np.zeros((len(rows), len(columns)), np.float32)
    for (y, x), variance in zip(waves.frequency, waves.variance, strict=True):
        peak = np.zeros_like(total)
        for sign in (1, -1):
            down = (rows - sign * y * shape[0] + shape[0] / 2) % shape[0] - shape[0] / 2
            across = columns - sign * x * shape[1]
            peak += np.outer(*(np.exp(-0.5 * (d / width) ** 2) for d in (down, across)))
        total += peak * np.float32(variance / variance_of(peak, shape))
    return total
