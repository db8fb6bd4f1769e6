"""Partial scans for the tests of `stemgan reconstruct`."""

import numpy as np
import tifffile

SHAPE = (40, 56)


def image(seed=0, shape=SHAPE):
    return np.random.default_rng(seed).normal(50, 20, shape).astype(np.float32)


def mask(shape=SHAPE):
    grid = np.zeros(shape, bool)
    grid[::3, ::4] = True
    return grid


def partial(seed=0, shape=SHAPE):
    return np.where(mask(shape), image(seed, shape), np.float32(np.nan))


def tif(name, data, **options):
    tifffile.imwrite(name, data, photometric="minisblack", **options)


def npy(name, data):
    np.save(name, data)
