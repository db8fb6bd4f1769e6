"""Crystal structures: prototypes with their space groups, and materials with their lattices.

Lattice constants [Å] are the usual room-temperature values, rounded; they set spacings and
pixel sizes of simulated images and are not reference data.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Site = tuple[int, float, float, float]  # which element of the material, then fractions

_ELEMENTS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As "
    "Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu "
    "Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U"
)
ATOMIC_NUMBER = {name: number for number, name in enumerate(_ELEMENTS.split(), start=1)}

_F = [(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)]
_I = [(0, 0, 0), (0.5, 0.5, 0.5)]
_R = [(0, 0, 0), (2 / 3, 1 / 3, 1 / 3), (1 / 3, 2 / 3, 2 / 3)]


def _centred(shifts: list[tuple[float, float, float]], sites: list[Site]) -> list[Site]:
    return [
        (e, (x + p) % 1, (y + q) % 1, (z + r) % 1) for p, q, r in shifts for e, x, y, z in sites
    ]


def _spinel(u: float = 0.262) -> list[Site]:
    """AB2O4, origin at -3m: A 8a, B 16d, O 32e (u, u, u)."""
    q = 0.25
    oxygen = [
        (u, u, u), (u, q - u, q - u), (q - u, u, q - u), (q - u, q - u, u),
        (-u, -u, -u), (-u, q + u, q + u), (q + u, -u, q + u), (q + u, q + u, -u),
    ]  # fmt: skip
    sites: list[Site] = [(0, 0.125, 0.125, 0.125), (0, 0.875, 0.375, 0.375)]
    sites += [
        (1, 0.5, 0.5, 0.5),
        (1, 0.5, 0.25, 0.25),
        (1, 0.25, 0.5, 0.25),
        (1, 0.25, 0.25, 0.5),
    ]
    return _centred(_F, sites + [(2, *o) for o in oxygen])


# Space group and sites of a conventional cell.
PROTOTYPES: dict[str, tuple[str, list[Site]]] = {
    "fcc": ("Fm-3m", _centred(_F, [(0, 0, 0, 0)])),
    "bcc": ("Im-3m", _centred(_I, [(0, 0, 0, 0)])),
    "hcp": ("P6_3/mmc", [(0, 1 / 3, 2 / 3, 0.25), (0, 2 / 3, 1 / 3, 0.75)]),
    "diamond": ("Fd-3m", _centred(_F, [(0, 0, 0, 0), (0, 0.25, 0.25, 0.25)])),
    "zincblende": ("F-43m", _centred(_F, [(0, 0, 0, 0), (1, 0.25, 0.25, 0.25)])),
    "wurtzite": (
        "P6_3mc",
        [
            (0, 1 / 3, 2 / 3, 0), (0, 2 / 3, 1 / 3, 0.5),
            (1, 1 / 3, 2 / 3, 0.377), (1, 2 / 3, 1 / 3, 0.877),
        ],
    ),
    "rocksalt": ("Fm-3m", _centred(_F, [(0, 0, 0, 0), (1, 0.5, 0.5, 0.5)])),
    "caesium chloride": ("Pm-3m", [(0, 0, 0, 0), (1, 0.5, 0.5, 0.5)]),
    "fluorite": (
        "Fm-3m",
        _centred(_F, [(0, 0, 0, 0), (1, 0.25, 0.25, 0.25), (1, 0.75, 0.75, 0.75)]),
    ),
    "perovskite": (
        "Pm-3m",
        [
            (0, 0, 0, 0), (1, 0.5, 0.5, 0.5),
            (2, 0.5, 0.5, 0), (2, 0.5, 0, 0.5), (2, 0, 0.5, 0.5),
        ],
    ),
    "rutile": (
        "P4_2/mnm",
        [
            *_centred(_I, [(0, 0, 0, 0)]), (1, 0.305, 0.305, 0), (1, 0.695, 0.695, 0),
            (1, 0.195, 0.805, 0.5), (1, 0.805, 0.195, 0.5),
        ],
    ),
    "anatase": (
        "I4_1/amd",
        _centred(
            _I,
            [
                (0, 0, 0, 0), (0, 0, 0.5, 0.25), (1, 0, 0, 0.208), (1, 0, 0, 0.792),
                (1, 0, 0.5, 0.458), (1, 0, 0.5, 0.042),
            ],
        ),
    ),
    "ordered fcc": ("Pm-3m", [(0, 0, 0, 0), *((1, *f) for f in _F[1:])]),
    "layered fcc": ("P4/mmm", [(0, 0, 0, 0), (1, 0.5, 0.5, 0.5)]),
    "honeycomb": ("P6/mmm", [(0, 1 / 3, 2 / 3, 0), (1, 2 / 3, 1 / 3, 0)]),
    "dichalcogenide": (
        "P-6m2",
        [(0, 1 / 3, 2 / 3, 0), (1, 2 / 3, 1 / 3, 0.13), (1, 2 / 3, 1 / 3, 0.87)],
    ),
    "2H": (
        "P6_3/mmc",
        [
            (0, 1 / 3, 2 / 3, 0.25), (0, 2 / 3, 1 / 3, 0.75),
            (1, 1 / 3, 2 / 3, 0.621), (1, 1 / 3, 2 / 3, 0.879),
            (1, 2 / 3, 1 / 3, 0.121), (1, 2 / 3, 1 / 3, 0.379),
        ],
    ),
    "nickel arsenide": (
        "P6_3/mmc",
        [(0, 0, 0, 0), (0, 0, 0, 0.5), (1, 1 / 3, 2 / 3, 0.25), (1, 2 / 3, 1 / 3, 0.75)],
    ),
    "A15": (
        "Pm-3n",
        [
            *_centred(_I, [(1, 0, 0, 0)]), (0, 0.25, 0, 0.5), (0, 0.75, 0, 0.5),
            (0, 0.5, 0.25, 0), (0, 0.5, 0.75, 0), (0, 0, 0.5, 0.25), (0, 0, 0.5, 0.75),
        ],
    ),
    "spinel": ("Fd-3m", _spinel()),
    "corundum": (
        "R-3c",
        _centred(
            _R,
            [
                *((0, 0, 0, z) for z in (0.352, 0.148, 0.648, 0.852)),
                (1, 0.306, 0, 0.25), (1, 0, 0.306, 0.25), (1, 0.694, 0.694, 0.25),
                (1, 0.694, 0, 0.75), (1, 0, 0.694, 0.75), (1, 0.306, 0.306, 0.75),
            ],
        ),
    ),
    "K2NiF4": (
        "I4/mmm",
        _centred(
            _I,
            [
                (0, 0, 0, 0.36), (0, 0, 0, 0.64), (1, 0, 0, 0), (2, 0.5, 0, 0), (2, 0, 0.5, 0),
                (2, 0, 0, 0.17), (2, 0, 0, 0.83),
            ],
        ),
    ),
    "YBCO": (
        "Pmmm",
        [
            (0, 0.5, 0.5, 0.5), (1, 0.5, 0.5, 0.185), (1, 0.5, 0.5, 0.815), (2, 0, 0, 0),
            (2, 0, 0, 0.356), (2, 0, 0, 0.644), (3, 0, 0.5, 0), (3, 0, 0, 0.158),
            (3, 0, 0, 0.842), (3, 0.5, 0, 0.378), (3, 0.5, 0, 0.622), (3, 0, 0.5, 0.377),
            (3, 0, 0.5, 0.623),
        ],
    ),
    "tetradymite": (
        "R-3m",
        _centred(
            _R,
            [(1, 0, 0, 0), (0, 0, 0, 0.4), (0, 0, 0, 0.6), (1, 0, 0, 0.21), (1, 0, 0, 0.79)],
        ),
    ),
}  # fmt: skip

# Prototype, then materials: elements and a [, c [, b]] [Å].
_MATERIALS: dict[str, str] = {
    "fcc": "Au 4.078; Pt 3.924; Pd 3.891; Ag 4.086; Cu 3.615; Ni 3.524; Al 4.050; Ir 3.839",
    "bcc": "Fe 2.866; W 3.165; Mo 3.147; Nb 3.301; Ta 3.303; Cr 2.885",
    "hcp": "Ti 2.951 4.684; Ru 2.706 4.282; Re 2.761 4.458; Co 2.507 4.070; Mg 3.209 5.211",
    "diamond": "Si 5.431; Ge 5.658; C 3.567",
    "zincblende": "Ga-As 5.653; In-P 5.869; Cd-Te 6.482; Zn-S 5.410; Al-As 5.661; Si-C 4.360",
    "wurtzite": "Ga-N 3.189 5.185; Zn-O 3.250 5.207; Al-N 3.112 4.982; Cd-Se 4.299 7.010",
    "rocksalt": "Mg-O 4.212; Ti-N 4.240; Ni-O 4.177; Pb-Te 6.462; Na-Cl 5.640; W-C 4.266",
    "caesium chloride": "Ni-Al 2.887; Cs-Cl 4.123; Cu-Zn 2.954",
    "fluorite": "Ce-O 5.411; Zr-O 5.090; Ca-F 5.463; U-O 5.470",
    "perovskite": "Sr-Ti-O 3.905; Ba-Ti-O 4.000; La-Al-O 3.790; La-Mn-O 3.880; Dy-Sc-O 3.950; "
    "Pb-Ti-O 3.970; Bi-Fe-O 3.960; Nd-Ga-O 3.860",
    "rutile": "Ti-O 4.594 2.959; Sn-O 4.737 3.186; Ru-O 4.492 3.107; V-O 4.554 2.857",
    "anatase": "Ti-O 3.785 9.514",
    "ordered fcc": "Pt-Co 3.854; Au-Cu 3.750; Al-Ni 3.572; Fe-Pt 3.870",
    "layered fcc": "Fe-Pt 2.722 3.713; Co-Pt 2.682 3.675; Cu-Au 2.801 3.670",
    "honeycomb": "C-C 2.461 6.7; B-N 2.504 6.6",
    "dichalcogenide": "Mo-S 3.160 12.3; W-S 3.153 12.3; W-Se 3.282 13.0; Re-S 3.250 12.8; "
    "Mo-Te 3.519 14.0",
    "2H": "Mo-S 3.160 12.29; W-Se 3.282 12.96; Nb-Se 3.445 12.55",
    "nickel arsenide": "Ni-As 3.602 5.009; Fe-S 3.446 5.877; Mn-As 3.710 5.691",
    "A15": "Nb-Sn 5.289; V-Si 4.722; Cr-Si 4.564",
    "spinel": "Mg-Al-O 8.083; Fe-Fe-O 8.396; Co-Co-O 8.084; Zn-Fe-O 8.441; Mn-Ni-O 8.400",
    "corundum": "Al-O 4.759 12.991; Fe-O 5.038 13.772; Cr-O 4.959 13.596",
    "K2NiF4": "La-Cu-O 3.780 13.20; Sr-Ru-O 3.870 12.74; La-Ni-O 3.860 12.67",
    "YBCO": "Y-Ba-Cu-O 3.82 11.68 3.89",
    "tetradymite": "Bi-Te 4.385 30.49; Sb-Te 4.264 30.46; Bi-Se 4.143 28.64",
}
_HEXAGONAL = ("P6", "P-6", "R-3")


@dataclass(frozen=True, eq=False)
class Structure:
    """A crystal structure.

    name : material and prototype.
    space_group : Hermann-Mauguin symbol.
    cell : rows are the conventional cell's vectors, (3, 3), (x, y, z) [Å].
    sites : fractional positions, (n, 3).
    number : atomic number of each site, (n,).
    """

    name: str
    space_group: str
    cell: Array
    sites: Array
    number: NDArray[np.int64]

    @property
    def hexagonal(self) -> bool:
        """Whether the cell has the angle of 120 degrees."""
        return self.space_group.startswith(_HEXAGONAL)


def _structure(prototype: str, line: str) -> Structure:
    formula, *lengths = line.split()
    group, sites = PROTOTYPES[prototype]
    a = float(lengths[0])
    c = float(lengths[1]) if len(lengths) > 1 else a
    b = float(lengths[2]) if len(lengths) > 2 else a
    gamma = np.deg2rad(120 if group.startswith(_HEXAGONAL) else 90)
    cell = np.array([[a, 0, 0], [b * np.cos(gamma), b * np.sin(gamma), 0], [0, 0, c]])
    elements = [ATOMIC_NUMBER[e] for e in formula.split("-")]
    table = np.array([site[1:] for site in sites], dtype=np.float64)
    number = np.array([elements[site[0]] for site in sites])
    return Structure(f"{formula.replace('-', '')} ({prototype})", group, cell, table, number)


STRUCTURES: list[Structure] = [
    _structure(prototype, line)
    for prototype, lines in _MATERIALS.items()
    for line in lines.split("; ")
]
