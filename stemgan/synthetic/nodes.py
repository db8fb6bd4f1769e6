"""Images as expressions: what to draw, not yet drawn.

A maker (`lattices`, `particles`, ...) draws numbers from its generator and builds a tree of
nodes. `cpu.render` evaluates a tree with NumPy, `batched.render` many trees at once with torch
on any device; both know the same operations and give the same image to rounding, as the numbers
and the seeds of random fields are in the nodes.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, int]
Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Node:
    """An image to be drawn.

    Parameters
    ----------
    op : operation, a name that both renderers know.
    shape : height and width of the result [px].
    inputs : images that it works on.
    numbers : parameters; they may differ between the nodes of a batch.
    arrays : tables of objects (positions, radii, ...), one row an object.
    fixed : parameters that all nodes of a batch share.
    """

    op: str
    shape: Shape
    inputs: tuple["Node", ...] = ()
    numbers: tuple[float, ...] = ()
    arrays: tuple[Array, ...] = ()
    fixed: Hashable = None

    def __add__(self, other: "Node | float") -> "Node":
        return _pair("add", self, other) if isinstance(other, Node) else affine(self, 1, other)

    def __sub__(self, other: "Node | float") -> "Node":
        return self + other * -1.0

    def __mul__(self, other: "Node | float") -> "Node":
        return _pair("mul", self, other) if isinstance(other, Node) else affine(self, other, 0)

    def __truediv__(self, other: "Node | float") -> "Node":
        return _pair("div", self, other) if isinstance(other, Node) else self * (1 / other)

    def __rsub__(self, other: float) -> "Node":
        return affine(self, -1, other)

    def __neg__(self) -> "Node":
        return affine(self, -1, 0)

    __radd__ = __add__
    __rmul__ = __mul__


def _pair(op: str, first: Node, second: Node) -> Node:
    if first.shape != second.shape:
        raise ValueError(f"images {first.shape} and {second.shape} differ")
    return Node(op, first.shape, (first, second))


def _unary(op: str, image: Node, *numbers: float) -> Node:
    return Node(op, image.shape, (image,), tuple(float(n) for n in numbers))


def affine(image: Node, gain: float, offset: float) -> Node:
    """Gain x image + offset; of an affine node, one affine node."""
    if image.op == "affine":
        first = image.numbers
        return _unary(
            "affine", image.inputs[0], gain * first[0], gain * first[1] + float(offset)
        )
    return _unary("affine", image, gain, offset)


def plane(shape: Shape, y: float, x: float, offset: float = 0.0) -> Node:
    """Y x row + x x column + offset; a constant where both slopes are 0."""
    return Node("plane", shape, numbers=(float(y), float(x), float(offset)))


def constant(shape: Shape, value: float) -> Node:
    """One value everywhere."""
    return plane(shape, 0, 0, value)


def maximum(first: Node, second: "Node | float") -> Node:
    """Pixel by pixel the larger."""
    if isinstance(second, Node):
        return _pair("max", first, second)
    return clip(first, second, np.inf)


def minimum(first: Node, second: "Node | float") -> Node:
    """Pixel by pixel the smaller."""
    if isinstance(second, Node):
        return _pair("min", first, second)
    return clip(first, -np.inf, second)


def clip(image: Node, low: float, high: float) -> Node:
    """Hold the values in [low, high]."""
    return _unary("clip", image, low, high)


def sigmoid(image: Node) -> Node:
    """1 / (1 + exp(-image)), without overflow."""
    return _unary("sigmoid", image)


def exp(image: Node) -> Node:
    """E to the power of the image."""
    return _unary("exp", image)


def cos(image: Node) -> Node:
    """Cosine of an image of angles [rad]."""
    return _unary("cos", image)


def absolute(image: Node) -> Node:
    """Magnitude."""
    return _unary("abs", image)


def power(image: Node, exponent: float) -> Node:
    """Image to a positive power, negative values taken as 0."""
    return _unary("power", image, exponent)


def root(image: Node) -> Node:
    """Square root, negative values taken as 0."""
    return power(image, 0.5)


def standard(image: Node) -> Node:
    """Shift and scale to mean 0 and standard deviation 1."""
    return _unary("standard", image)


def over_mean(image: Node) -> Node:
    """Divide by the mean."""
    return _unary("over_mean", image)


def unit(image: Node) -> Node:
    """Scale the minimum to 0 and, but for the brightest thousandth, the maximum to 1."""
    return _unary("unit", image)


def blur(image: Node, sigma: float) -> Node:
    """Blur with a Gaussian of standard deviation `sigma` [px]; below 0.2 px leave as it is."""
    return image if sigma < 0.2 else _unary("blur", image, sigma)


def level_distance(image: Node, level: float) -> Node:
    """Distance [px], to first order, to where the image crosses a level: |f - l| / |grad f|."""
    return _unary("level_distance", image, level)


def crop(image: Node, margin: int) -> Node:
    """Cut a margin [px] off each side."""
    if margin == 0:
        return image
    shape = (image.shape[0] - 2 * margin, image.shape[1] - 2 * margin)
    return Node("crop", shape, (image,), fixed=margin)
