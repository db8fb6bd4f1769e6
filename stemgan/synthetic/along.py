"""Measuring along any scan path with a detector's faults, in the order of the path's time."""

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.measurement import PartialScan
from stemgan.measurement.noise import shot_noise
from stemgan.scan import Trace
from stemgan.scan.physics import Timing, course, drifted
from stemgan.synthetic.detector import Detector, afterglow, digitised, pink

Image = NDArray[np.float32]
Array = NDArray[np.float64]


def measure_along(
    image: Image, trace: Trace, by: Detector, rng: np.random.Generator
) -> PartialScan:
    """Take a partial scan of a clean image: everything that goes wrong follows the path.

    Lines have no meaning on a path: `flicker` and `skew` are not used, `jitter` displaces each
    pixel by itself in both directions, `hum` oscillates with the time that a line of the frame
    would take, and lag, afterglow and 1/f noise go on from each pixel to the next visited one.

    Parameters
    ----------
    image : clean, (height, width), at least 0.
    trace : the scan, of the image's shape.
    by : the detector and its faults.
    rng : source of the noise.

    Returns
    -------
    PartialScan of the trace's dwell map, on the scale of the clean image.

    Raises
    ------
    InputError : image and scan differ in shape.
    """
    if image.shape != trace.dwell.shape:
        raise InputError(f"image {image.shape} and scan {trace.dwell.shape} differ in shape")
    signal = _read(image, _where(trace, by, rng)).astype(np.float32)
    if by.pink > 0:
        signal = signal * np.maximum(1 + by.pink * pink(len(signal), rng), 0)
    if by.electrons is not None:
        signal = shot_noise(signal.astype(np.float32), image, by.electrons, rng)
    if by.glow > 0:
        signal = afterglow(signal, by)
    span = float(np.ptp(image))
    if by.readout > 0:
        signal = signal + by.readout * span * rng.standard_normal(len(signal))
    values = np.zeros(image.shape, dtype=np.float32)
    values.ravel()[trace.visited] = digitised(signal, by, float(image.min()), span)
    return PartialScan(values, trace.dwell)


def _where(trace: Trace, by: Detector, rng: np.random.Generator) -> Array:
    """Place the beam on the specimen at each measured pixel, (k, 2) (y, x) [px]."""
    width = trace.dwell.shape[1]
    wanted = np.stack(np.divmod(trace.visited, width), axis=1).astype(np.float64)
    where = drifted(wanted, trace.time - 0.5, by.drift)
    if by.lag > 0:
        where = where + _behind(trace, by)
    if by.hum > 0:
        lines = trace.time * len(trace.visited) / width
        phase = 2 * np.pi * (lines * rng.uniform(0, 1.2) + rng.uniform())
        where[:, 1] += by.hum * np.sin(phase)
    if by.jitter > 0:
        where = where + by.jitter * rng.standard_normal(where.shape)
    return where


def _behind(trace: Trace, by: Detector) -> Array:
    """Say how far coils that lag leave the beam behind at each measured pixel, (k, 2) [px]."""
    timing = Timing(dwell=1.0, flyback=by.flyback, lag=by.lag)
    timed = course(trace.path, timing, joined=trace.joined, durations=trace.durations)
    if timed.joined:
        return timed.real_at(trace.time, by.lag) - timed.real_at(trace.time, 0.0)
    ends = np.cumsum(timed.stay)
    at = np.searchsorted(ends / ends[-1], trace.time, side="right").clip(max=len(ends) - 1)
    return (timed.real(by.lag) - timed.path)[at]


def _read(image: Image, where: Array) -> NDArray[np.floating]:
    from scipy.ndimage import map_coordinates

    return np.asarray(map_coordinates(image, where.T, order=1, mode="nearest"))
