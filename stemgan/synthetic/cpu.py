"""Evaluate an image's expression with NumPy, SciPy and compiled kernels."""

from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import gaussian_filter

from stemgan.synthetic import kernels
from stemgan.synthetic.nodes import Node, Shape
from stemgan.synthetic.noise import white

Image = NDArray[np.floating]
_THOUSANDTH = 4000  # of every fourth pixel


def render(node: Node) -> NDArray[np.float32]:
    """Draw an image.

    Returns
    -------
    (height, width) float32.
    """
    uses: Counter[int] = Counter()
    _count(node, uses)
    return _render(node, uses, {}).astype(np.float32, copy=False)


def _count(node: Node, uses: Counter[int]) -> None:
    uses[id(node)] += 1
    if uses[id(node)] == 1:
        for image in node.inputs:
            _count(image, uses)


def _render(node: Node, uses: Counter[int], kept: dict[int, Image]) -> Image:
    """Draw a node; keep only what is used more than once, and only as long as it is."""
    if id(node) not in kept:
        images = [_render(image, uses, kept) for image in node.inputs]
        kept[id(node)] = OPERATIONS[node.op](node, *images)
    uses[id(node)] -= 1
    return kept[id(node)] if uses[id(node)] else kept.pop(id(node))


def fast_length(side: int) -> int:
    """Return the next length that FFTs like."""
    return int(fft.next_fast_len(side, real=True) or side)


@lru_cache(maxsize=16)
def _grid(shape: Shape) -> tuple[Image, Image]:
    y, x = (a.astype(np.float32) for a in np.ogrid[: shape[0], : shape[1]])
    return y, x


@lru_cache(maxsize=16)
def _frequencies(shape: Shape) -> tuple[Image, Image]:
    ky = fft.fftfreq(shape[0])[:, None].astype(np.float32)
    kx = fft.rfftfreq(shape[1])[None, :].astype(np.float32)
    return ky, kx


def _plane(node: Node) -> Image:
    y, x = _grid(node.shape)
    slope_y, slope_x, offset = (np.float32(n) for n in node.numbers)
    return (slope_y * y + offset) + slope_x * x


def _field(node: Node) -> Image:
    spectrum, margin = node.fixed  # type: ignore[misc]
    padded = (fast_length(node.shape[0] + margin), fast_length(node.shape[1] + margin))
    noise = white(int(node.arrays[0][0]), padded[0] * padded[1]).reshape(padded)
    filtered = np.asarray(fft.rfft2(noise)) * _spectrum(node, padded, spectrum)
    field = np.asarray(fft.irfft2(filtered, s=padded))[: node.shape[0], : node.shape[1]]
    return _standard(node, field)


def _spectrum(node: Node, padded: Shape, kind: str) -> Image:
    length, slope, stretch, angle = (np.float32(n) for n in node.numbers)
    ky, kx = _frequencies(padded)
    if stretch == 1:
        squared = (ky * length) ** 2 + (kx * length) ** 2
    else:
        root = np.sqrt(stretch)
        along = (ky * np.sin(angle) + kx * np.cos(angle)) * root
        across = (ky * np.cos(angle) - kx * np.sin(angle)) / root
        squared = (along**2 + across**2) * length**2
    if kind == "ring":
        return np.exp(-((np.sqrt(squared) - 1) ** 2) / np.float32(0.08))
    if kind == "thon":
        return np.abs(np.sin(np.float32(np.pi) * squared)) * np.exp(
            -squared * (slope / length) ** 2
        )
    return (1 + squared * np.float32(4 * np.pi**2)) ** (-slope / 2)


def _probe(node: Node, image: Image) -> Image:
    otf = probe_transfer(node.shape, node.numbers)
    return np.asarray(fft.irfft2(np.asarray(fft.rfft2(image)) * otf, s=node.shape))


def probe_transfer(shape: Shape, numbers: tuple[float, ...]) -> NDArray[np.complex64]:
    """Transfer of intensities by a probe, (height, width // 2 + 1) (see `probe.probe`)."""
    radius, c1, a1, a1_angle, b2, b2_angle, c3, source = numbers
    ky = fft.fftfreq(shape[0])[:, None].astype(np.float32)
    kx = fft.fftfreq(shape[1])[None, :].astype(np.float32)
    rho = np.hypot(ky, kx) / np.float32(radius)
    phi = np.arctan2(ky, kx)
    waves = rho**2 * (c1 + a1 * np.cos(2 * (phi - a1_angle))) + (
        rho**3 * b2 * np.cos(phi - b2_angle) + c3 * rho**4
    )
    # The aperture's edge is one frequency wide, so that probes vary smoothly with its radius.
    aperture = np.clip((1 - rho) * radius * max(shape) + 0.5, 0, 1)
    wave: NDArray[np.complex64] = np.asarray(
        fft.ifft2((aperture * np.exp(-2j * np.pi * waves)).astype(np.complex64))
    )
    transfer = np.asarray(fft.rfft2(wave.real**2 + wave.imag**2))
    squared = (ky**2 + kx**2)[:, : shape[1] // 2 + 1]
    transfer *= np.exp(-2 * np.pi**2 * source**2 * squared) / transfer[0, 0].real
    return transfer


def _standard(node: Node, image: Image) -> Image:
    image = image - image.mean()
    return image / np.float32(max(float(image.std()), 1e-6))


def _unit(node: Node, image: Image) -> Image:
    low = image.min()
    rank = max(1, image.size // _THOUSANDTH)
    bright = np.partition(image.ravel()[::4], -rank)[-rank]
    span = max(float(bright - low), float(image.max() - low) / 3, 1e-6)
    return (image - low) / np.float32(span)


def _level_distance(node: Node, image: Image) -> Image:
    dy, dx = np.gradient(image)
    return np.abs(image - np.float32(node.numbers[0])) / (np.hypot(dy, dx) + np.float32(1e-3))


def _drawn(add: Callable[[Image, NDArray], None]) -> Callable[..., Image]:
    def draw(node: Node) -> Image:
        image = np.zeros(node.shape, dtype=np.float32)
        add(image, node.arrays[0])
        return image

    return draw


def _ellipsoids(node: Node, on: Image | None = None) -> Image:
    image, table = np.zeros(node.shape, dtype=np.float32), node.arrays[0]
    if on is not None:
        y, x = (np.clip(table[:, i], 0, node.shape[i] - 1).astype(np.intp) for i in (0, 1))
        table = table[on[y, x] > np.float32(node.numbers[0])]
    kernels.add_ellipsoids(image, table)
    return image


def _tubes(node: Node) -> Image:
    image = np.zeros(node.shape, dtype=np.float32)
    points, forms = node.arrays
    for i, (radius, height, hollow) in enumerate(forms):
        kernels.add_tube(image, points[points[:, 0] == i, 1:], radius, height, hollow)
    return image


def _cells(node: Node, bump_y: Image, bump_x: Image) -> Image:
    y, x = _grid(node.shape)
    points = np.stack([(y + bump_y).ravel(), (x + bump_x).ravel()], axis=1).astype(np.float64)
    table = node.arrays[0]
    index, first, second = kernels.nearest_two(points, table[:, :2])
    border, width = node.numbers
    image = table[index, 2] + border * np.exp(-(second - first) / width)
    return image.reshape(node.shape).astype(np.float32)


def _sigmoid(node: Node, image: Image) -> Image:
    return np.float32(0.5) * (np.tanh(image * np.float32(0.5)) + 1)


def _affine(node: Node, image: Image) -> Image:
    return image * np.float32(node.numbers[0]) + np.float32(node.numbers[1])


def _clip(node: Node, image: Image) -> Image:
    low, high = node.numbers
    image = image if low == -np.inf else np.maximum(image, np.float32(low))
    return image if high == np.inf else np.minimum(image, np.float32(high))


def _crop(node: Node, image: Image) -> Image:
    margin = node.fixed
    return np.ascontiguousarray(image[margin:-margin, margin:-margin])  # type: ignore[operator,misc]


OPERATIONS: dict[str, Callable[..., Any]] = {
    "plane": _plane,
    "field": _field,
    "columns": _drawn(kernels.add_columns),
    "ellipsoids": _ellipsoids,
    "polyhedra": _drawn(kernels.add_polyhedra),
    "tubes": _tubes,
    "cells": _cells,
    "add": lambda _, a, b: a + b,
    "mul": lambda _, a, b: a * b,
    "div": lambda _, a, b: a / b,
    "max": lambda _, a, b: np.maximum(a, b),
    "min": lambda _, a, b: np.minimum(a, b),
    "affine": _affine,
    "clip": _clip,
    "sigmoid": _sigmoid,
    "exp": lambda _, a: np.exp(a),
    "cos": lambda _, a: np.cos(a),
    "abs": lambda _, a: np.abs(a),
    "power": lambda node, a: np.maximum(a, 0) ** np.float32(node.numbers[0]),
    "standard": _standard,
    "over_mean": lambda _, a: a / np.float32(max(float(a.mean()), 1e-6)),
    "unit": _unit,
    "blur": lambda node, a: gaussian_filter(a, node.numbers[0], mode="nearest", truncate=3.0),
    "level_distance": _level_distance,
    "probe": _probe,
    "crop": _crop,
}
