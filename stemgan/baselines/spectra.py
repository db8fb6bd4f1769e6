"""Fourier spectra of images with a margin: real transforms, rings of frequencies, averages."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Image = NDArray[np.float32]

_MARGIN = 1 / 8
_WIDEST_MARGIN = 64  # [px]
_LEAST = 1e-7  # of the largest


def widened(shape: tuple[int, int]) -> tuple[int, int]:
    """Add a margin in which nothing is measured, and round up to what transforms fast.

    An image is continued periodically through it: its spectrum is spared the jump from one edge
    to the other.

    Examples
    --------
    >>> widened((512, 256))
    (576, 300)
    """
    margins = (min(round(n * _MARGIN) + 1, _WIDEST_MARGIN) for n in shape)
    return fast_shape(shape, tuple(margins))


def fast_shape(shape: tuple[int, ...], margin: tuple[int, ...]) -> tuple[int, int]:
    """Return the least shape with at least this margin that transforms fast."""
    height, width = (n + m for n, m in zip(shape, margin, strict=True))
    fast: Callable[[int], int] = partial(scipy.fft.next_fast_len, real=True)  # pyright: ignore[reportAssignmentType] (SciPy's own annotations give None)
    return fast(height), fast(width)


def spectrum_of(
    image: NDArray[np.floating], shape: tuple[int, int], workers: int = 1
) -> NDArray[Any]:
    """Return the real Fourier transform, the image set into zeros, (H, W // 2 + 1)."""
    return np.asarray(scipy.fft.rfft2(image, shape, workers=workers))


def image_of(
    spectrum: NDArray[Any], shape: tuple[int, int], workers: int = 1
) -> NDArray[np.floating]:
    """Return the image of a real Fourier transform, (H, W).

    Axis by axis: SciPy's transform of both at once takes more than twice as long.
    """
    columns: Any = scipy.fft.ifft(spectrum, shape[0], axis=0, workers=workers)
    return np.asarray(scipy.fft.irfft(columns, shape[1], axis=1, workers=workers))


def frequencies(shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return the frequency of each mode [periods per px], (H, W // 2 + 1)."""
    return np.hypot(scipy.fft.fftfreq(shape[0])[:, None], scipy.fft.rfftfreq(shape[1]))


def rings(shape: tuple[int, int]) -> NDArray[np.int64]:
    """Return the ring of each mode: of even width below 8 periods, then of even ratio.

    Examples
    --------
    >>> rings((8, 8))[0]
    array([0, 2, 4, 6, 8])
    """
    periods = frequencies(shape) * max(shape)
    scale = np.where(periods < 8, periods, 8 + 8 * np.log(np.maximum(periods, 8) / 8))
    return np.rint(2 * scale).astype(np.int64)


def white_part(spectrum: Image, shape: tuple[int, int]) -> float:
    """Find the part of a spectrum that does not fall with frequency: it is noise.

    What remains falls as fast as those of images do, as frequency to the power of -3, between
    1/4 and 9/20 of a period a pixel.
    """
    frequency = frequencies(shape)
    low = float(np.median(spectrum[np.abs(frequency - 0.25) < 0.06]))
    high = float(np.median(spectrum[frequency > 0.42]))
    fall = (0.45 / 0.25) ** 3
    return min(max((fall * high - low) / (fall - 1), 0.0), 0.95 * high)


def average(values: NDArray[Any], width: float) -> Image:
    """Average over neighbouring modes by a Gaussian of some width [Fourier pixels]."""
    modes: Any = ("wrap", "mirror")
    found: Any = gaussian_filter(values, width, output=np.float32, mode=modes, truncate=3)
    return np.asarray(found)


def safe(values: NDArray[Any]) -> Image:
    """Keep a divisor away from 0."""
    return np.asarray(np.maximum(values, np.float32(1e-9)), np.float32)


def bounded(spectrum: NDArray[Any]) -> Image:
    """Keep a power spectrum positive, and the mean of the image as likely as slow waves."""
    found: Image = np.maximum(spectrum, _LEAST * spectrum.max()).astype(np.float32)
    found[0, 0] = max(found[0, 1], found[1, 0])
    return found
