"""The probe: an aperture, its aberrations, and the size of the source."""

from dataclasses import dataclass

import numpy as np

from stemgan.synthetic.fields import log_uniform
from stemgan.synthetic.nodes import Node

_PLANCK_C = 12.398419843320026
"""h c [keV Å] (2019 SI)."""
_REST = 510.99895
"""Rest energy of an electron [keV] (CODATA 2018)."""


def wavelength(energy: float) -> float:
    """Return the relativistic wavelength [Å] of electrons of an energy [keV].

    Examples
    --------
    >>> round(wavelength(300), 5)
    0.01969
    """
    return _PLANCK_C / float(np.sqrt(energy * (2 * _REST + energy)))


@dataclass(frozen=True)
class Probe:
    """A probe for incoherent imaging.

    Its wave is the Fourier transform of A(k) exp(-2 pi i chi(k)), with A = 1 for k < alpha /
    wavelength and, with rho = k wavelength / alpha and azimuth phi, chi = C1 rho² + A1 rho²
    cos 2(phi - phi_A) + B2 rho³ cos(phi - phi_B) + C3 rho⁴ [waves at the aperture's edge]. Its
    intensity, blurred by the source, is the point spread function (Kirkland, Advanced Computing
    in Electron Microscopy, 3rd ed., 2020, § 5.4).

    Parameters
    ----------
    energy : of the electrons [keV].
    semi_angle : of convergence, alpha [mrad].
    aberrations : C1, A1, phi_A [rad], B2, phi_B [rad], C3 at the aperture's edge [waves].
    source : standard deviation of the source's image [Å].
    """

    energy: float
    semi_angle: float
    aberrations: tuple[float, float, float, float, float, float]
    source: float

    @classmethod
    def random(cls, rng: np.random.Generator) -> "Probe":
        """Draw the probe of an aberration-corrected microscope, more or less well tuned."""
        energy = float(rng.choice([60.0, 80.0, 200.0, 300.0], p=[0.1, 0.1, 0.4, 0.4]))
        angle = rng.uniform(18, 31) * (1.15 if energy < 100 else 1)
        loose = log_uniform(rng, 0.05, 0.6)
        c1, a1, b2, c3 = loose * rng.normal(0, 1, 4) * (0.5, 0.4, 0.4, 0.3)
        turns = rng.uniform(0, 2 * np.pi, 2)
        aberrations = (c1, a1, turns[0] / 2, b2, turns[1], c3)
        return cls(energy, angle, aberrations, rng.uniform(0.2, 0.6))

    @property
    def radius(self) -> float:
        """Radius of the aperture [1/Å]."""
        return self.semi_angle * 1e-3 / wavelength(self.energy)

    @property
    def sigma(self) -> float:
        """Standard deviation of the Gaussian like its centre, without aberrations [Å].

        The Airy intensity falls to one half at 0.257 / radius.
        """
        return float(np.hypot(0.257 / self.radius / 1.1774, self.source))

    def fits(self, pixel_size: float) -> bool:
        """Tell whether pixels [Å] are small enough to carry the probe's wave."""
        return self.radius * pixel_size < 0.45


def probe(image: Node, by: Probe, pixel_size: float) -> Node:
    """Image a specimen with a probe.

    Parameters
    ----------
    image : scattering of the specimen; its borders wrap around, so draw a margin and crop it.
    pixel_size : [Å].
    """
    c1, a1, a1_angle, b2, b2_angle, c3 = by.aberrations
    numbers = (
        by.radius * pixel_size, c1, a1, a1_angle, b2, b2_angle, c3, by.source / pixel_size,
    )  # fmt: skip
    return Node("probe", image.shape, (image,), tuple(map(float, numbers)))
