"""Measuring an image: y = A x + n with A = diag(mask), along the order of the scan path."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.measurement.noise import NO_NOISE, Noise, shot_noise
from stemgan.measurement.partial import Image, PartialScan
from stemgan.measurement.positions import Points, scan_of_points
from stemgan.scan import Trace

Array = NDArray[np.float64]


def forward(image: Image, mask: NDArray[np.bool_]) -> Image:
    """Apply A = diag(mask): the image where measured, 0 elsewhere.

    A is its own adjoint and its own square.
    """
    return np.where(mask, image, np.float32(0))


def measure(
    image: Image,
    trace: Trace,
    noise: Noise = NO_NOISE,
    rng: np.random.Generator | None = None,
) -> PartialScan:
    """Take a partial scan of a full image.

    Parameters
    ----------
    image : full image, (H, W) float32.
    trace : the scan, of the image's shape.
    noise : what goes wrong; nothing by default.
    rng : source of the noise; needed where there is any.

    Returns
    -------
    PartialScan with the trace's dwell map.

    Raises
    ------
    InputError : shapes differ, or shot noise is asked of an image whose mean is not positive
        above its minimum.
    """
    if image.shape != trace.dwell.shape:
        raise InputError(f"image {image.shape} and scan {trace.dwell.shape} differ in shape")
    at = trace.visited
    read = image.ravel()[at]
    if noise != NO_NOISE:
        if rng is None:
            raise ValueError("a noisy measurement needs an rng")
        read = _noisy(image, trace, read, noise, rng)
    values = np.zeros(image.shape, dtype=np.float32)
    values.ravel()[at] = read
    return PartialScan(values, trace.dwell)


def measure_at(
    image: Image,
    positions: Array,
    *,
    recorded: Array | None = None,
    dwell: Array | None = None,
    share: Array | None = None,
    noise: Noise = NO_NOISE,
    rng: np.random.Generator | None = None,
) -> PartialScan:
    """Take a partial scan of a full image at sub-pixel positions.

    The image is read by bilinear interpolation where the beam is, and the samples are binned to
    pixels, weighted by dwell.

    Parameters
    ----------
    image : full image, (H, W) float32.
    positions : where the beam is, inside the frame, (n, 2) (y, x) [px].
    recorded : where it is believed to be: the positions that the samples are given, (n, 2)
        (y, x) [px]; by default the true ones.
    dwell : time at each position over that of a pixel in a full raster, (n,); 1 by default.
    share : when each is visited, as a share of the scan's duration, (n,), for drift; by
        default in equal steps.
    noise : what goes wrong besides; its jitter and drift are not recorded.
    rng : source of the noise; needed where there is any.

    Returns
    -------
    PartialScan that keeps the recorded positions, the samples and their dwell.

    Raises
    ------
    InputError : a recorded position outside the frame, or too few measured pixels.
    """
    if noise != NO_NOISE and rng is None:
        raise ValueError("a noisy measurement needs an rng")
    count = len(positions)
    weight = np.ones(count) if dwell is None else np.asarray(dwell, np.float64)
    where = positions.T
    if rng is not None and (noise.jitter or noise.drift):
        time = np.linspace(0, 1, count) if share is None else share
        where = where + _displacement(time, noise, rng)
    read = _read(image, where)
    if rng is not None:
        read = _counted(image, read, weight, noise, rng)
    points = Points(
        np.array(positions if recorded is None else recorded, np.float64),
        read.astype(np.float64),
        weight,
    )
    return scan_of_points(points, (image.shape[0], image.shape[1]), full=1.0)


def _noisy(
    image: Image, trace: Trace, read: Image, noise: Noise, rng: np.random.Generator
) -> Image:
    if noise.jitter or noise.drift:
        where = np.stack(np.divmod(trace.visited, image.shape[1])).astype(np.float64)
        read = _read(image, where + _displacement(trace.time, noise, rng))
    return _counted(image, read, trace.dwell.ravel()[trace.visited], noise, rng)


def _displacement(time: Array, noise: Noise, rng: np.random.Generator) -> Array:
    """Where the beam really is, off its course over a drifting specimen, (2, n) [px]."""
    angle = rng.uniform(0, 2 * np.pi)
    drift = noise.drift * np.array([[np.sin(angle)], [np.cos(angle)]]) * (time - 0.5)
    return drift + noise.jitter * rng.standard_normal((2, len(time)))


def _read(image: Image, where: Array) -> Image:
    from scipy.ndimage import map_coordinates

    return np.asarray(map_coordinates(image, where, order=1, mode="nearest"), np.float32)


def _counted(
    image: Image, read: Image, dwell: NDArray[Any], noise: Noise, rng: np.random.Generator
) -> Image:
    """Add the noise of the electrons that came during each dwell, and of the readout."""
    if noise.electrons is not None:
        even = bool((dwell == 1).all())
        electrons = noise.electrons if even else noise.electrons * dwell.astype(np.float64)
        read = shot_noise(read, image, electrons, rng)
    if noise.readout:
        sigma = noise.readout * float(image.std())
        read = (read + sigma * rng.standard_normal(read.shape)).astype(np.float32)
    return read
