"""Recording by a raster scan: where the beam really was, and what the detector made of it.

Everything acts in the order of time: line by line, from left to right. `along.measure_along`
does the same along other paths.
"""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from stemgan.synthetic.fields import blur, log_uniform

Image = NDArray[np.float32]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Detector:
    """What goes wrong while a micrograph is recorded.

    electrons : mean number per pixel at the image's mean; None: no shot noise.
    readout : standard deviation of additive noise, over the image's range.
    jitter : standard deviation of a line's displacement along itself [px].
    flicker : relative standard deviation of a line's brightness.
    drift : displacement of the specimen during the scan [px], (y, x).
    skew : displacement of each line against the one before [px].
    hum : amplitude of a displacement that oscillates, by mains or sound [px].
    lag : time constant of the scan coils [dwell times]: lines are compressed where they begin.
    flyback : waiting time before each line [dwell times].
    pink : relative standard deviation of the beam current, 1/f noise.
    glow : share of the signal that the detector gives out late.
    decay : time constant of that afterglow [dwell times].
    grain : standard deviation of the detector's or a resampling's blur of the noise [px].
    levels : grey levels of the digitiser over the image's range; None: continuous.
    saturation : level that the digitiser cuts off, over the image's range; None: none.
    """

    electrons: float | None = None
    readout: float = 0.0
    jitter: float = 0.0
    flicker: float = 0.0
    drift: tuple[float, float] = (0.0, 0.0)
    skew: float = 0.0
    hum: float = 0.0
    lag: float = 0.0
    flyback: float = 0.0
    pink: float = 0.0
    glow: float = 0.0
    decay: float = 1.0
    grain: float = 0.0
    levels: int | None = None
    saturation: float | None = None


def random_detector(rng: np.random.Generator, pixel_size: float = 0.1) -> Detector:
    """Draw how good a microscope and its detector are, from excellent to poor.

    Parameters
    ----------
    pixel_size : [nm]; the smaller, the fewer electrons a pixel gets, as a specimen bears a dose
        per area and not per pixel.
    """
    usual = float(np.clip(60 * (pixel_size / 0.03) ** 0.6, 6, 1000))
    lag = log_uniform(rng, 0.3, 6) if rng.random() < 0.2 else 0.0
    return Detector(
        electrons=usual * float(np.exp(rng.normal(0, 1.2))) if rng.random() < 0.9 else None,
        readout=log_uniform(rng, 0.002, 0.03) if rng.random() < 0.7 else 0.0,
        jitter=log_uniform(rng, 0.05, 0.9) if rng.random() < 0.45 else 0.0,
        flicker=log_uniform(rng, 0.002, 0.03) if rng.random() < 0.4 else 0.0,
        drift=(rng.normal(0, 3), rng.normal(0, 3)) if rng.random() < 0.5 else (0.0, 0.0),
        skew=rng.normal(0, 0.01) if rng.random() < 0.3 else 0.0,
        hum=log_uniform(rng, 0.05, 0.5) if rng.random() < 0.2 else 0.0,
        lag=lag,
        flyback=lag * rng.uniform(3, 8),
        pink=log_uniform(rng, 0.002, 0.02) if rng.random() < 0.3 else 0.0,
        glow=rng.uniform(0.05, 0.8) if rng.random() < 0.75 else 0.0,
        decay=log_uniform(rng, 0.3, 4),
        grain=rng.uniform(0.3, 0.9) if rng.random() < 0.35 else 0.0,
        levels=256 if rng.random() < 0.3 else None,
        saturation=rng.uniform(0.7, 1) if rng.random() < 0.08 else None,
    )


def recorded(image: Image, rng: np.random.Generator, pixel_size: float = 0.1) -> Image:
    """Record a clean image of some pixel size [nm] with a random detector."""
    return detect(image, rng, **asdict(random_detector(rng, pixel_size)))


def detect(
    image: Image,
    rng: np.random.Generator,
    *,
    electrons: float | None = None,
    readout: float = 0.0,
    jitter: float = 0.0,
    flicker: float = 0.0,
    **other: float | tuple[float, float] | None,
) -> Image:
    """Record an image by a full raster scan, as a real micrograph is; noise follows the lines.

    Parameters
    ----------
    image : clean, (height, width), at least 0.
    rng : source of the noise.
    electrons, readout, jitter, flicker, other : see `Detector`.

    Returns
    -------
    The recorded image, (height, width) float32, on the scale of the clean one.
    """
    by = Detector(electrons, readout, jitter, flicker, **other)  # type: ignore[arg-type]
    span = float(np.ptp(image))
    signal = _read(image, by, rng)
    if by.pink > 0 or by.flicker > 0:
        signal = signal * _current(image.shape, by, rng)
    mean = float(signal.mean())
    if by.electrons is not None and mean > 0:
        counts = rng.poisson(np.maximum(signal, 0) * (by.electrons / mean))
        signal = counts * (mean / by.electrons)
    if by.glow > 0:
        signal = afterglow(signal, by)
    if by.readout > 0:
        signal = signal + by.readout * span * rng.standard_normal(image.shape)
    return digitised(blur(signal, by.grain), by, float(image.min()), span).astype(np.float32)


def _read(image: Image, by: Detector, rng: np.random.Generator) -> NDArray[np.floating]:
    """Read the image where the beam really was, displaced from the raster."""
    height, width = image.shape
    shift_y, shift_x = np.zeros((height, 1)), np.zeros((height, width))
    time = (np.arange(height)[:, None] + 0.5) / height - 0.5
    if by.jitter > 0:
        shift_x += by.jitter * rng.standard_normal((height, 1))
    shift_y = shift_y + by.drift[0] * time
    shift_x += by.drift[1] * time + by.skew * height * time
    if by.hum > 0:
        dwell = np.arange(height * width).reshape(height, width) / width
        phase = 2 * np.pi * (dwell * rng.uniform(0, 1.2) + rng.uniform())
        shift_x += by.hum * np.sin(phase)
    if by.lag > 0:
        shift_x += _coil_lag(width, by)
    if not shift_y.any():
        return _shifted_along(image, shift_x) if shift_x.any() else image
    from scipy.ndimage import map_coordinates

    y, x = np.mgrid[:height, :width].astype(np.float64)
    return map_coordinates(image, (y + shift_y, x + shift_x), order=1, mode="nearest")


def _shifted_along(image: Image, shift: Array) -> NDArray[np.floating]:
    """Read each line at columns displaced by `shift` (height, width) [px], linearly."""
    height, width = image.shape
    at = np.clip(np.arange(width) + shift, 0, width - 1)
    left = np.minimum(at.astype(np.intp), width - 2)
    part = (at - left).astype(np.float32)
    rows = np.arange(height)[:, None]
    return image[rows, left] * (1 - part) + image[rows, left + 1] * part


def _coil_lag(width: int, by: Detector) -> Array:
    """Displacement along each line [px] of coils that follow the raster late, (width,).

    The steady part, by which every pixel is late alike, is what microscopes calibrate away.
    """
    from stemgan.scan.physics import Timing, course

    lines = np.stack(np.divmod(np.arange(2 * width), width), axis=1).astype(np.float64)
    timing = Timing(dwell=1.0, flyback=by.flyback, lag=by.lag)
    real = course(lines, timing, joined=False, one_way=True).real(by.lag)
    late = real[width:, 1] - lines[width:, 1]
    return late - late[-1]


def _current(shape: tuple[int, ...], by: Detector, rng: np.random.Generator) -> Array:
    """Beam current in time, about 1: 1/f noise, and a value of its own for each line."""
    current = np.ones(shape)
    if by.flicker > 0:
        current += by.flicker * rng.standard_normal((shape[0], 1))
    if by.pink > 0:
        current += by.pink * pink(shape[0] * shape[1], rng).reshape(shape)
    return np.maximum(current, 0)


def pink(count: int, rng: np.random.Generator) -> Array:
    """Draw 1/f noise of mean 0 and standard deviation 1: amplitudes fall as f^(-1/2)."""
    from scipy import fft

    padded = int(fft.next_fast_len(count, real=True) or count)
    spectrum = np.asarray(fft.rfft(rng.standard_normal(padded)))
    frequency = np.arange(len(spectrum), dtype=np.float64)
    frequency[0] = np.inf
    noise = np.asarray(fft.irfft(spectrum / np.sqrt(frequency), padded))[:count]
    noise -= noise.mean()
    return noise / max(float(noise.std()), 1e-12)


def afterglow(signal: NDArray[np.floating], by: Detector) -> NDArray[np.floating]:
    """Delay a share of the signal by exp(-t / decay) from pixel to pixel, in order.

    late[t] = (1 - k) signal[t] + k late[t - 1] with k = exp(-1 / decay); the result is
    (1 - glow) signal + glow late.
    """
    from scipy.signal import lfilter, lfilter_zi

    keep = np.exp(-1 / by.decay)
    b, a = [1 - keep], [1.0, -keep]
    flat = signal.ravel()
    late, _ = lfilter(b, a, flat, zi=lfilter_zi(b, a) * flat[0])
    return (1 - by.glow) * signal + by.glow * late.reshape(signal.shape)


def digitised(
    signal: NDArray[np.floating], by: Detector, low: float, span: float
) -> NDArray[np.floating]:
    """Cut off what is too bright and round to grey levels, between `low` and `low` + `span`."""
    if by.saturation is not None:
        signal = np.minimum(signal, low + by.saturation * span)
    if by.levels is not None and span > 0:
        step = span / (by.levels - 1)
        signal = np.rint((signal - low) / step) * step + low
    return signal
