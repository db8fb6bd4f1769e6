"""Layered and made structures: films on a substrate, devices, tips."""

import numpy as np

from stemgan.synthetic import nodes
from stemgan.synthetic.fields import gaussian_field, log_uniform, rotated
from stemgan.synthetic.nodes import Node, Shape, sigmoid

Rng = np.random.Generator


def films(shape: Shape, rng: Rng) -> Node:
    """Draw a stack of films with rough interfaces, each with a brightness and texture."""
    side = min(shape)
    angle = float(rng.choice([0, np.pi / 2, rng.uniform(0, np.pi)]))
    y, x = float(np.cos(angle)), float(np.sin(angle))
    corners = [y * r + x * c for r in (0, shape[0]) for c in (0, shape[1])]
    depth, deepest = nodes.plane(shape, y, x, -min(corners)), max(corners) - min(corners)
    edges = np.sort(rng.uniform(0.05, 0.95, int(rng.integers(1, 9)))) * deepest
    if rng.random() < 0.3:  # a superlattice
        period = side * log_uniform(rng, 0.03, 0.2)
        edges = edges[0] + period * np.arange(int(rng.integers(3, 20))) / 2
    image = nodes.constant(shape, rng.uniform(0, 1))
    rough = side * log_uniform(rng, 0.001, 0.03)
    bumps = gaussian_field(shape, rng, length=side * log_uniform(rng, 0.03, 0.3), slope=3)
    for at in edges:
        own = bumps * (rng.uniform(0.3, 1) * rough)
        inside = sigmoid((depth + own - float(at)) / log_uniform(rng, 0.4, 4))
        image = image + inside * (_film(shape, rng) - image)
    return image


def _film(shape: Shape, rng: Rng) -> Node:
    """Draw a film's own brightness, in half of the cases with a texture of its own."""
    level = rng.uniform(0, 1)
    if rng.random() < 0.5:
        return nodes.constant(shape, level)
    texture = gaussian_field(
        shape,
        rng,
        length=min(shape) * log_uniform(rng, 0.005, 0.1),
        slope=rng.uniform(2, 4),
        stretch=log_uniform(rng, 1, 8),
        angle=rng.uniform(0, np.pi),
    )
    return (texture * rng.uniform(0.03, 0.3) + 1.0) * level


def device(shape: Shape, rng: Rng) -> Node:
    """Draw a made structure: rectangles and discs of materials over films, a little turned."""
    image = films(shape, rng) * rng.uniform(0.3, 1)
    side = min(shape)
    angle = float(rng.choice([0.0, rng.normal(0, 0.1), rng.uniform(0, np.pi)]))
    for _ in range(int(rng.integers(1, 10))):
        cy, cx = rng.uniform(0, 1, 2) * shape
        along, across = rotated(shape, (cy, cx), angle)
        half = side * np.exp(rng.uniform(np.log(0.02), np.log(0.4), 2))
        if rng.random() < 0.7:
            gap = nodes.minimum(
                half[0] - nodes.absolute(along), half[1] - nodes.absolute(across)
            )
        else:
            gap = half[0] - nodes.root(_squared(along, across))
        inside = sigmoid(gap / log_uniform(rng, 0.4, 2.5))
        image = image + inside * (_film(shape, rng) * 1.2 - image)
    return image


def _squared(along: Node, across: Node) -> Node:
    """Squared distance from a centre of coordinates [px²]."""
    return along * along + across * across


def tip(shape: Shape, rng: Rng) -> Node:
    """Draw a sharpened needle in vacuum, as milled for tomography, with bands across it."""
    angle = rng.uniform(0, 2 * np.pi)
    cy, cx = rng.uniform(0.3, 0.7, 2) * shape
    along, across = rotated(shape, (cy, cx), angle)
    side = min(shape)
    length, wide = side * rng.uniform(0.2, 0.8), side * rng.uniform(0.05, 0.3)
    width = nodes.clip(along / length, 0, 1) * wide
    width = nodes.power(width, rng.uniform(0.6, 1)) * 1.2
    inside = nodes.root(width * width - across * across) / (side * 0.3)
    bands = nodes.constant(shape, 1.0)
    for start in np.sort(rng.uniform(0, side, int(rng.integers(0, 7)))):
        beyond = sigmoid((along - float(start)) / rng.uniform(0.3, 1.5))
        bands = bands + beyond * (rng.uniform(0.3, 1.5) - bands)
    return nodes.blur(inside * bands, rng.uniform(0.4, 1.5))
