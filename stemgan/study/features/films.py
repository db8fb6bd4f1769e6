"""Objects on amorphous carbon: single heavy atoms, small particles.

A film is carbon atoms at random: their number per pixel is Poisson distributed, and each
scatters as 6^1.7 (`projection.Z_POWER`), so that its texture and what lies on it have the
contrast that follows from thickness and atomic number.
"""

import numpy as np

from stemgan.study.features.crystals import ATOM_SIZE
from stemgan.study.features.pairs import Array, Image, Pair, Shape, made, scattered
from stemgan.synthetic import cpu, objects
from stemgan.synthetic.fields import blur, gaussian_field, log_uniform
from stemgan.synthetic.probe import Probe
from stemgan.synthetic.projection import Z_POWER
from stemgan.synthetic.structures import ATOMIC_NUMBER

_CARBON = 100.0
"""Atoms of amorphous carbon in a nm³: 2 g/cm³."""

_HEAVY = ("Pd", "Ag", "La", "W", "Ir", "Pt", "Au", "Bi")
_METALS = {"Cu": 3.615, "Pd": 3.891, "Ag": 4.086, "Pt": 3.924, "Au": 4.078}
"""Face-centred cubic, with the side of the cell [Å], which has four atoms."""


def heavy_atoms(shape: Shape, rng: np.random.Generator, count: int) -> Pair:
    """Put single heavy atoms on a film of 2 to 10 nm."""
    sigma = log_uniform(rng, 1.5, 4.0)
    pixel_size = float(np.hypot(ATOM_SIZE, Probe.random(rng).sigma)) / sigma / 10
    twin = _film(shape, rng, log_uniform(rng, 2, 10), pixel_size, sigma)
    places = scattered(shape, rng, count, 3 * sigma + 3)
    peak = _over_carbon(str(rng.choice(_HEAVY))) / (2 * np.pi * sigma**2)
    drawn = objects.columns(
        shape, places, np.full(len(places), peak), np.full(len(places), sigma)
    )
    return _pair(twin, cpu.render(drawn), places, 3 * sigma + 3, pixel_size)


def particles(shape: Shape, rng: np.random.Generator, count: int) -> Pair:
    """Put small metal spheres on a film of 10 to 50 nm, of uneven thickness."""
    pixel_size = log_uniform(rng, 0.1, 0.4)
    sigma = rng.uniform(0.5, 1.3)
    twin = _film(shape, rng, log_uniform(rng, 10, 50), pixel_size, sigma)
    length = min(shape) * log_uniform(rng, 0.1, 0.5)
    clouds = cpu.render(gaussian_field(shape, rng, length=length, slope=4))
    twin = twin * np.exp(np.float32(rng.uniform(0.03, 0.15)) * clouds)
    radius = log_uniform(rng, 2.0, 8.0)
    reach = radius + 3 * sigma + 3
    places = scattered(shape, rng, count, reach)
    metal = str(rng.choice(list(_METALS)))
    atoms = 4 / (_METALS[metal] / 10) ** 3 * 2 * radius * pixel_size**3  # of a pixel's area
    radii = np.full(len(places), radius)
    drawn = objects.ellipsoids(
        shape, places, radii, atoms * _over_carbon(metal) * radii / radius
    )
    return _pair(twin, blur(cpu.render(drawn), sigma), places, reach, pixel_size)


def _film(
    shape: Shape, rng: np.random.Generator, thickness: float, pixel_size: float, sigma: float
) -> Image:
    """Draw a film of a thickness [nm], in carbon atoms per pixel."""
    number = rng.poisson(_CARBON * thickness * pixel_size**2, shape)
    return np.asarray(blur(number.astype(np.float32), sigma), np.float32)


def _over_carbon(element: str) -> float:
    """Return the scattering of an atom over that of one of carbon."""
    return (ATOMIC_NUMBER[element] / ATOMIC_NUMBER["C"]) ** Z_POWER


def _pair(twin: Image, added: Image, places: Array, reach: float, pixel_size: float) -> Pair:
    truth = (twin + added).astype(np.float32)
    return made(truth, twin, places, reach, None, pixel_size)
