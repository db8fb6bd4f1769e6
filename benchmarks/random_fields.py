"""Gaussian random fields of known spectrum, and the best there is to complete them by."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from stemgan.baselines.kriging import Kriging

Array = NDArray[np.float64]

RESIDUAL, ITERATIONS = 1e-6, 3000


# Spectra of power, each a function of frequency [periods per px], along y and x.


def power_law(y: Array, x: Array, stretch: float = 1.0) -> Array:
    """Return f⁻³, as images of many things have; level below 1/100 of a period a pixel."""
    return (1e-4 + (y * stretch) ** 2 + x**2) ** -1.5


def exponential(y: Array, x: Array) -> Array:
    """Return that of covariance exp(-r / 20 px): steps and edges."""
    return ((2 * np.pi * 20) ** -2 + y**2 + x**2) ** -1.5


def smooth(y: Array, x: Array) -> Array:
    """Return that of a Matérn covariance of smoothness 5/2 and length 15 px: hills."""
    return (5 / (2 * np.pi * 15) ** 2 + y**2 + x**2) ** -3.5


def texture(y: Array, x: Array) -> Array:
    """Return a ring at a period of 24 px, an eighth as wide: worms and blobs."""
    return np.exp(-0.5 * ((np.hypot(y, x) - 1 / 24) * 24 / 0.125) ** 2) + 1e-4


def lattice(y: Array, x: Array) -> Array:
    """Return six peaks at a period of 9 px, in step over 60 periods, over a power law."""
    angles = 0.2 + np.arange(6) * np.pi / 3
    peaks = [
        np.exp(-0.5 * np.hypot(y - np.sin(a) / 9, x - np.cos(a) / 9) ** 2 * (60 * 9) ** 2)
        for a in angles
    ]
    background = power_law(y, x)
    return background / background.sum() + sum(peaks) / np.sum(peaks)


SPECTRA: dict[str, Callable[[Array, Array], Array]] = {
    "power-law": power_law,
    "stretched": lambda y, x: power_law(y, x, 3.0),
    "exponential": exponential,
    "smooth": smooth,
    "texture": texture,
    "lattice": lattice,
}


def spectrum(name: str, side: int) -> Array:
    """Return S on a periodic grid, (side, side // 2 + 1), for fields of variance 1."""
    at = np.fft.fftfreq(side).astype(np.float64)
    rows, columns = np.meshgrid(at, at, indexing="ij")
    power = SPECTRA[name](rows, columns)
    power[0, 0] = max(power[0, 1], power[1, 0])
    return (power / power.mean())[:, : side // 2 + 1]


def field(power: Array, rng: np.random.Generator) -> Array:
    """Draw a field with a spectrum, on the whole periodic grid."""
    side = len(power)
    return filtered(rng.standard_normal((side, side)), np.sqrt(power))


def filtered(image: Array, factor: Array) -> Array:
    """Multiply the spectrum of an image on the periodic grid by a factor."""
    modes = torch.fft.rfft2(torch.from_numpy(image)) * torch.from_numpy(factor)
    return torch.fft.irfft2(modes, s=image.shape).numpy()


class Solved(NamedTuple):
    """A posterior mean, (H, W), and how well the system was solved."""

    image: Array
    iterations: int
    residual: float


def posterior_mean(
    values: Array, mask: NDArray[np.bool_], power: Array, variance: float
) -> Solved:
    """Solve for the posterior mean, in double precision.

    Parameters
    ----------
    values : field plus noise, (H, W).
    mask : measured pixels, (H, W).
    power : spectrum on a periodic grid that holds the image, (side, side // 2 + 1).
    variance : of the white noise.
    """
    side = len(power)
    at = np.flatnonzero(np.pad(mask, [(0, side - n) for n in mask.shape]))
    measured = values[mask].astype(np.float64)
    system = Kriging((side, side), mask, np.ones(len(at)))
    system.prepare(power.astype(np.float32), variance)

    def mean(dual: Array) -> Array:
        grid = np.zeros((side, side))
        grid.ravel()[at] = dual
        return filtered(grid, power)

    def ahead(residual: Array) -> Array:
        found = np.empty_like(residual)
        found[system.order] = system.factor.T @ (system.factor @ residual[system.order])
        return found

    dual, residual = np.zeros_like(measured), measured
    limit = RESIDUAL * np.linalg.norm(measured)
    direction = ahead(residual)
    size, count = residual @ direction, 0
    while np.linalg.norm(residual) > limit and count < ITERATIONS:
        product = mean(direction).ravel()[at] + variance * direction
        step = size / (direction @ product)
        dual, residual = dual + step * direction, residual - step * product
        found = ahead(residual)
        size, before = residual @ found, size
        direction = found + (size / before) * direction
        count += 1
    image = mean(dual)
    true = measured - image.ravel()[at] - variance * dual
    crop = image[: mask.shape[0], : mask.shape[1]]
    return Solved(crop, count, float(np.linalg.norm(true) / np.linalg.norm(measured)))
