"""Layered and made structures: films on a substrate, devices, tips."""

import numpy as np

from stemgan.synthetic.fields import Image, blur, gaussian_field, grid, log_uniform, sigmoid


def films(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Draw a stack of films with rough interfaces, each with a brightness and texture."""
    side = min(shape)
    angle = rng.choice([0, np.pi / 2, rng.uniform(0, np.pi)])
    y, x = grid(shape)
    depth = y * np.float32(np.cos(angle)) + x * np.float32(np.sin(angle))
    depth = depth - depth.min()
    count = int(rng.integers(1, 9))
    edges = np.sort(rng.uniform(0.05, 0.95, count)) * float(depth.max())
    if rng.random() < 0.3:  # a superlattice
        period = side * log_uniform(rng, 0.03, 0.2)
        edges = edges[0] + period * np.arange(int(rng.integers(3, 20))) / 2
    image = np.full(shape, rng.uniform(0, 1), dtype=np.float32)
    rough = side * log_uniform(rng, 0.001, 0.03)
    bumps = gaussian_field(shape, rng, length=side * log_uniform(rng, 0.03, 0.3), slope=3)
    for at in edges:
        own = rng.uniform(0.3, 1) * rough * bumps
        inside = sigmoid((depth - np.float32(at) + own) / np.float32(log_uniform(rng, 0.4, 4)))
        image += inside * (_film(shape, rng) - image)
    return image


def _film(shape: tuple[int, int], rng: np.random.Generator) -> Image | np.float32:
    """Draw a film's own brightness, in a third of cases with a texture of its own."""
    level = np.float32(rng.uniform(0, 1))
    if rng.random() < 0.67:
        return level
    side = min(shape)
    texture = gaussian_field(
        shape,
        rng,
        length=side * log_uniform(rng, 0.01, 0.1),
        slope=rng.uniform(2, 4),
        stretch=log_uniform(rng, 1, 8),
        angle=rng.uniform(0, np.pi),
    )
    return level * (1 + np.float32(rng.uniform(0.03, 0.3)) * texture)


def device(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Draw a made structure: rectangles and discs of materials over films, a little turned."""
    image = films(shape, rng) * np.float32(rng.uniform(0.3, 1))
    y, x = grid(shape)
    side = min(shape)
    angle = rng.choice([0.0, rng.normal(0, 0.1), rng.uniform(0, np.pi)])
    sin, cos = np.float32(np.sin(angle)), np.float32(np.cos(angle))
    for _ in range(int(rng.integers(1, 10))):
        cy, cx = rng.uniform(0, 1, 2) * shape
        along, across = (y - cy) * sin + (x - cx) * cos, (y - cy) * cos - (x - cx) * sin
        half = side * np.exp(rng.uniform(np.log(0.02), np.log(0.4), 2))
        if rng.random() < 0.7:
            gap = np.minimum(half[0] - np.abs(along), half[1] - np.abs(across))
        else:
            gap = half[0] - np.hypot(along, across)
        inside = sigmoid(gap / np.float32(log_uniform(rng, 0.4, 2.5)))
        image += inside * (np.float32(rng.uniform(0, 1.2)) - image)
    return image


def tip(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Draw a sharpened needle in vacuum, as milled for tomography, with bands across it."""
    y, x = grid(shape)
    angle = rng.uniform(0, 2 * np.pi)
    at = rng.uniform(0.3, 0.7, 2) * shape
    along = (y - at[0]) * np.float32(np.sin(angle)) + (x - at[1]) * np.float32(np.cos(angle))
    across = (y - at[0]) * np.float32(np.cos(angle)) - (x - at[1]) * np.float32(np.sin(angle))
    side = min(shape)
    length = np.float32(side * rng.uniform(0.2, 0.8))
    width = side * rng.uniform(0.05, 0.3) * np.minimum(np.maximum(along, 0) / length, 1)
    width = width ** np.float32(rng.uniform(0.6, 1)) * np.float32(1.2)
    inside = np.sqrt(np.maximum(width**2 - across**2, 0)) / np.float32(side * 0.3)
    bands = np.ones(shape, dtype=np.float32)
    for start in np.sort(rng.uniform(0, side, int(rng.integers(0, 7)))):
        bands = np.where(along > start, np.float32(rng.uniform(0.3, 1.5)), bands)
    return blur(inside * blur(bands, rng.uniform(0.4, 2)), rng.uniform(0.4, 1.5))
