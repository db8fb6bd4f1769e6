"""Crystals whose lattice is known."""

import numpy as np


def crystal(first, second, shape=(256, 256), noise=0.3, seed=0):
    """Atoms of 2.2 px on a lattice whose reciprocal basis is given [periods per px]."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float64)
    image = np.zeros(shape)
    for h in range(-4, 5):
        for k in range(-4, 5):
            down, across = h * np.array(first) + k * np.array(second)
            strength = np.exp(-2 * (np.pi * 2.2) ** 2 * (down**2 + across**2))
            image += strength * np.cos(2 * np.pi * (down * y + across * x))
    image /= image.std()
    return image + noise * np.random.default_rng(seed).normal(size=shape)


def turned(length, angle, between):
    """Return a reciprocal basis of two vectors of one length."""
    angles = np.radians([angle, angle + between])
    return [length * np.array([np.sin(a), np.cos(a)]) for a in angles]
