"""Gaussian random fields and other smooth backgrounds, by filtering white noise."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Image = NDArray[np.floating]


@lru_cache(maxsize=8)
def grid(shape: tuple[int, int]) -> tuple[Image, Image]:
    """Row and column of every pixel [px], two (height, width) arrays to be read only."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    y.flags.writeable = x.flags.writeable = False
    return y, x


def _fast_length(side: int) -> int:
    return int(fft.next_fast_len(side, real=True) or side)


@lru_cache(maxsize=8)
def _frequencies(shape: tuple[int, int]) -> tuple[Image, Image]:
    ky = fft.fftfreq(shape[0])[:, None].astype(np.float32)
    kx = fft.rfftfreq(shape[1])[None, :].astype(np.float32)
    return ky, kx


def gaussian_field(
    shape: tuple[int, int],
    rng: np.random.Generator,
    *,
    length: float,
    slope: float = 4.0,
    stretch: float = 1.0,
    angle: float = 0.0,
    band: bool = False,
) -> Image:
    """Draw a Gaussian random field of mean 0 and standard deviation 1.

    Its amplitude spectrum is (1 + (k length)²)^(-slope / 2), or a ring at k = 1 / length.

    Parameters
    ----------
    shape : height and width [px].
    rng : source of randomness.
    length : correlation length, or the period of a ring [px].
    slope : how fast the spectrum falls; 2 is rough, 6 is smooth.
    stretch : elongation of the structure along `angle`.
    angle : direction of elongation [rad].
    band : whether the spectrum is a ring, as in labyrinths.

    Returns
    -------
    The field, (height, width) float32; periodic at the borders of a frame larger than `shape`.
    """
    margin = int(min(2 * length, max(shape) / 4))
    padded = (_fast_length(shape[0] + margin), _fast_length(shape[1] + margin))
    ky, kx = _frequencies(padded)
    along = ky * np.float32(np.sin(angle)) + kx * np.float32(np.cos(angle))
    across = ky * np.float32(np.cos(angle)) - kx * np.float32(np.sin(angle))
    root = np.float32(np.sqrt(stretch))
    squared = ((along * root) ** 2 + (across / root) ** 2) * np.float32(length**2)
    if band:
        spectrum = np.exp(-((np.sqrt(squared) - 1) ** 2) / np.float32(0.08))
    else:
        spectrum = (1 + squared * np.float32(4 * np.pi**2)) ** np.float32(-slope / 2)
    noise = rng.standard_normal(padded, dtype=np.float32)
    filtered = np.asarray(fft.rfft2(noise)) * spectrum
    field = np.asarray(fft.irfft2(filtered, s=padded))[: shape[0], : shape[1]]
    field -= field.mean()
    return (field / max(float(field.std()), 1e-6)).astype(np.float32)


def ramp(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Draw a linear slope in a random direction, from 0 to 1 across the frame."""
    y, x = grid(shape)
    angle = rng.uniform(0, 2 * np.pi)
    slope = y * np.float32(np.sin(angle)) + x * np.float32(np.cos(angle))
    return (slope - slope.min()) / max(float(np.ptp(slope)), 1e-6)


def edge(
    shape: tuple[int, int], rng: np.random.Generator, *, roughness: float, sharpness: float
) -> Image:
    """Draw a region with a rough border: 1 inside, 0 outside.

    Parameters
    ----------
    roughness : how far the border wanders, as a share of the frame's smaller side.
    sharpness : width of the border [px].
    """
    side = min(shape)
    height = (ramp(shape, rng) - rng.uniform(0.25, 0.75)) * np.float32(side)
    if roughness > 0:
        length = side * log_uniform(rng, 0.03, 0.3)
        bumps = gaussian_field(shape, rng, length=length, slope=rng.uniform(2.5, 5))
        height = height + bumps * np.float32(roughness * side)
    return sigmoid(height / np.float32(sharpness))


def sigmoid(values: Image) -> Image:
    """Squash to (0, 1): 1 / (1 + exp(-values)), without overflow."""
    return np.float32(0.5) * (np.tanh(values * np.float32(0.5)) + 1)


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number between `low` and `high`, equally likely in every octave."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def blur(image: Image, sigma: float) -> Image:
    """Blur with a Gaussian of standard deviation `sigma` [px]; below 0.2 px leave as it is."""
    from scipy.ndimage import gaussian_filter

    if sigma < 0.2:
        return image
    return gaussian_filter(image, sigma, mode="nearest", truncate=3.0)
