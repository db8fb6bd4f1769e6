"""What crystals are like: reciprocal lattices, their shortest bases, and their waves."""

from collections.abc import Sequence
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

HIGHEST = 0.22
"""Highest frequency that a lattice is looked for at [periods per px]."""
ORDERS = 4
"""Highest order of a wave in each of the lattice's two directions."""
LONGEST = 70.0
"""Longest period that is taken for a lattice's [px]."""

_LEAST_SINE = 0.05
_MOST_COSINE = 0.55
_STEPS = 12  # of the reduction of a basis
_NOTHING = 1e-20

# How crystals look along the axes that they are seen along: shares of hexagonal, square,
# rectangular, rhombic, centred rectangular and oblique lattices; and how far a microscope
# distorts them, in the logarithm of the sides' ratio and in degrees.
_SHARES = (0.3, 0.25, 0.2, 0.08, 0.07, 0.1)
_RATIO, _ANGLE = 0.03, 2.0

Vectors = NDArray[np.float64]


def half_of_orders() -> Vectors:
    """Return the orders of a lattice's waves, (n, 2): of (h, k) and (−h, −k), one."""
    every = product(range(-ORDERS, ORDERS + 1), repeat=2)
    return np.array([order for order in every if order > (0, 0)], np.float64)


def waves_of(first: Vectors, second: Vectors, orders: Vectors) -> Vectors:
    """Return the waves of lattices, (..., n, 2), of bases (..., 2) and orders (n, 2)."""
    return orders[:, :1] * first[..., None, :] + orders[:, 1:] * second[..., None, :]


def spanned(groups: Sequence[Vectors]) -> tuple[Vectors, Vectors]:
    """Return the reduced bases that waves of any two groups span, if a crystal's may be so.

    groups : waves, (n, 2) [periods per px] each.
    """
    pairs = [
        (np.repeat(a, len(b), axis=0), np.tile(b, (len(a), 1)))
        for a, b in combinations(groups, 2)
    ]
    first, second = (np.concatenate(x) for x in zip(*pairs, strict=True))
    area = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])
    sine = area / np.maximum(np.hypot(*first.T) * np.hypot(*second.T), 1e-12)
    first, second = reduced(first[sine > _LEAST_SINE], second[sine > _LEAST_SINE])
    short, long = np.hypot(*first.T), np.hypot(*second.T)
    cosine = (first * second).sum(axis=1) / (short * long)
    fit = (short > 1 / LONGEST) & (cosine < _MOST_COSINE)
    return first[fit], second[fit]


def reduced(first: Vectors, second: Vectors) -> tuple[Vectors, Vectors]:
    """Return the shortest bases of the same lattices, the shorter vector first, at most 90°.

    Lagrange's reduction, (n, 2) each.
    """
    first, second = first.copy(), second.copy()
    for _ in range(_STEPS):
        swap = (second**2).sum(axis=1) < (first**2).sum(axis=1)
        first[swap], second[swap] = second[swap], first[swap].copy()
        size = np.maximum((first**2).sum(axis=1), _NOTHING)  # 0 where the two are parallel
        times = np.rint((first * second).sum(axis=1) / size)
        if not times.any():
            break
        second -= times[:, None] * first
    swap = (second**2).sum(axis=1) < (first**2).sum(axis=1)
    first[swap], second[swap] = second[swap], first[swap].copy()
    second[(first * second).sum(axis=1) < 0] *= -1
    return first, second


def likeness(first: Vectors, second: Vectors) -> Vectors:
    """Return the logarithm of how much more a crystal's than any lattice's a shape is, (n,)."""
    short, long = np.hypot(*first.T), np.hypot(*second.T)
    ratio = np.log(long / short)
    angle = _angle((first * second).sum(axis=1) / (short * long))
    even = 2 * _normal(ratio, _RATIO)
    right = 2 * _normal(angle - 90, _ANGLE)
    wide = np.exp(-ratio)
    centred = wide * _normal(_angle(short / (2 * long)) - angle, _ANGLE)
    oblique = wide / 30
    shapes = (
        even * 2 * _normal(angle - 60, _ANGLE),
        even * right,
        wide * right,
        even / 30,
        centred,
        oblique,
    )
    density = sum(share * shape for share, shape in zip(_SHARES, shapes, strict=True))
    return np.log(density / oblique)


def _angle(cosine: Vectors) -> Vectors:
    return np.degrees(np.arccos(cosine.clip(-1, 1)))


def _normal(off: Vectors, spread: float) -> Vectors:
    return np.exp(-0.5 * (off / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
