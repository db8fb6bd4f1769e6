"""What specimens are made of: slopes, regions, random numbers; and a blur of arrays."""

import numpy as np
from numpy.typing import NDArray

from stemgan.synthetic import nodes
from stemgan.synthetic.nodes import Node, Shape
from stemgan.synthetic.objects import gaussian_field

Image = NDArray[np.floating]


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number between `low` and `high`, equally likely in every octave."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def blur(image: Image, sigma: float) -> Image:
    """Blur with a Gaussian of standard deviation `sigma` [px]; below 0.2 px leave as it is."""
    from scipy.ndimage import gaussian_filter

    if sigma < 0.2:
        return image
    return gaussian_filter(image, sigma, mode="nearest", truncate=3.0)


def slope(shape: Shape, angle: float) -> Node:
    """Draw a linear slope along `angle` [rad], from 0 to 1 across the frame."""
    y, x = float(np.sin(angle)), float(np.cos(angle))
    corners = [y * r + x * c for r in (0, shape[0] - 1) for c in (0, shape[1] - 1)]
    low, span = min(corners), max(corners) - min(corners)
    return nodes.plane(shape, y / span, x / span, -low / span)


def ramp(shape: Shape, rng: np.random.Generator) -> Node:
    """Draw a linear slope in a random direction, from 0 to 1 across the frame."""
    return slope(shape, rng.uniform(0, 2 * np.pi))


def edge(shape: Shape, rng: np.random.Generator, *, roughness: float, sharpness: float) -> Node:
    """Draw a region with a rough border: 1 inside, 0 outside.

    Parameters
    ----------
    roughness : how far the border wanders, as a share of the frame's smaller side.
    sharpness : width of the border [px].
    """
    side = min(shape)
    height = (ramp(shape, rng) - rng.uniform(0.25, 0.75)) * side
    if roughness > 0:
        length = side * log_uniform(rng, 0.03, 0.3)
        bumps = gaussian_field(shape, rng, length=length, slope=rng.uniform(2.5, 5))
        height = height + bumps * (roughness * side)
    return nodes.sigmoid(height / sharpness)


def rotated(shape: Shape, centre: tuple[float, float], angle: float) -> tuple[Node, Node]:
    """Coordinates [px] about a centre: along `angle` [rad] and across it."""
    sin, cos = float(np.sin(angle)), float(np.cos(angle))
    y, x = centre
    along = nodes.plane(shape, sin, cos, -y * sin - x * cos)
    return along, nodes.plane(shape, cos, -sin, -y * cos + x * sin)
