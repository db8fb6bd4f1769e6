"""The operations of `cpu`, on batches of images with torch."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stemgan.synthetic import torch_objects
from stemgan.synthetic.cpu import fast_length, probe_transfer
from stemgan.synthetic.nodes import Node, Shape
from stemgan.synthetic.noise import white_batch

_THOUSANDTH = 4000  # of every fourth pixel, as in cpu


class Batch(NamedTuple):
    """Nodes that are drawn together: one operation, shape and kind."""

    nodes: list[Node]
    device: torch.device

    @property
    def shape(self) -> Shape:
        """Height and width of the results [px]."""
        return self.nodes[0].shape

    def numbers(self) -> list[Tensor]:
        """Parameters, each (nodes, 1, 1) float32."""
        table = np.array([node.numbers for node in self.nodes], dtype=np.float32)
        return [c[:, None, None] for c in torch.from_numpy(table).to(self.device).T]

    def tables(self, which: int = 0) -> tuple[Tensor, Tensor]:
        """Join the tables of objects, (objects, columns) float64, and say whose rows they are.

        Returns
        -------
        The table, and the number of the node of each row (objects,) int64.
        """
        tables = [np.asarray(node.arrays[which], dtype=np.float64) for node in self.nodes]
        owner = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
        return (
            torch.from_numpy(np.concatenate(tables)).to(self.device),
            torch.from_numpy(owner).to(self.device),
        )


@lru_cache(maxsize=16)
def _grid(shape: Shape, device: torch.device) -> tuple[Tensor, Tensor]:
    y = torch.arange(shape[0], dtype=torch.float32, device=device)[:, None]
    return y, torch.arange(shape[1], dtype=torch.float32, device=device)[None, :]


def _plane(batch: Batch) -> Tensor:
    slope_y, slope_x, offset = batch.numbers()
    y, x = _grid(batch.shape, batch.device)
    return (slope_y * y + offset) + slope_x * x


def _field(batch: Batch) -> Tensor:
    kind, margin = batch.nodes[0].fixed  # type: ignore[misc]
    height, width = batch.shape
    padded = (fast_length(height + margin), fast_length(width + margin))
    seeds = torch.tensor([int(n.arrays[0][0]) for n in batch.nodes], device=batch.device)
    noise = white_batch(seeds, padded[0] * padded[1]).reshape(-1, *padded)
    spectrum = _spectrum(batch, padded, kind)
    field = torch.fft.irfft2(torch.fft.rfft2(noise) * spectrum, s=padded)
    return _standard(batch, field[:, :height, :width])


def _spectrum(batch: Batch, padded: Shape, kind: str) -> Tensor:
    length, slope, stretch, angle = batch.numbers()
    ky = torch.fft.fftfreq(padded[0], device=batch.device)[:, None]
    kx = torch.fft.rfftfreq(padded[1], device=batch.device)[None, :]
    root = torch.sqrt(stretch)
    along = (ky * torch.sin(angle) + kx * torch.cos(angle)) * root
    across = (ky * torch.cos(angle) - kx * torch.sin(angle)) / root
    squared = (along**2 + across**2) * length**2
    if kind == "ring":
        return torch.exp(-((torch.sqrt(squared) - 1) ** 2) / 0.08)
    if kind == "thon":
        fall = torch.exp(-squared * (slope / length) ** 2)
        return torch.abs(torch.sin(torch.pi * squared)) * fall
    return (1 + squared * (4 * np.pi**2)) ** (-slope / 2)


def _probe(batch: Batch, image: Tensor) -> Tensor:
    # A probe is one small transform an image, not worth a kernel of its own.
    transfers = [probe_transfer(batch.shape, node.numbers) for node in batch.nodes]
    transfer = torch.from_numpy(np.stack(transfers).astype(np.complex64)).to(batch.device)
    return torch.fft.irfft2(torch.fft.rfft2(image) * transfer, s=batch.shape)


def _standard(batch: Batch, image: Tensor) -> Tensor:
    image = image - image.mean((1, 2), keepdim=True)
    return image / image.std((1, 2), correction=0, keepdim=True).clamp(min=1e-6)


def _unit(batch: Batch, image: Tensor) -> Tensor:
    flat = image.flatten(1)
    low, high = flat.amin(1), flat.amax(1)
    rank = max(1, flat.shape[1] // _THOUSANDTH)
    bright = flat[:, ::4].topk(rank, dim=1).values[:, -1]
    span = torch.maximum(bright - low, (high - low) / 3).clamp(min=1e-6)
    return (image - low[:, None, None]) / span[:, None, None]


def _blur(batch: Batch, image: Tensor) -> Tensor:
    """Blur by matrices of rows and of columns, as each image has a width of its own."""
    rows, columns = (
        torch.stack([_blur_matrix(node.numbers[0], n) for node in batch.nodes]).to(batch.device)
        for n in batch.shape
    )
    return rows @ image @ columns.transpose(1, 2)


def _blur_matrix(sigma: float, count: int) -> Tensor:
    """Weights (count, count) of a Gaussian cut at 3 sigma, the outermost pixels going on."""
    reach = int(3.0 * sigma + 0.5)
    steps = torch.arange(-reach, reach + 1)
    weight = torch.exp(-0.5 * (steps / sigma) ** 2)
    weight = weight / weight.sum()
    to = torch.arange(count)[:, None].expand(-1, len(steps))
    source = (to + steps).clamp(0, count - 1)
    matrix = torch.zeros(count, count)
    return matrix.index_put_((to, source), weight.expand(count, -1), accumulate=True)


def _level_distance(batch: Batch, image: Tensor) -> Tensor:
    dy, dx = torch.gradient(image, dim=(1, 2))
    return torch.abs(image - batch.numbers()[0]) / (torch.hypot(dy, dx) + 1e-3)


def _affine(batch: Batch, image: Tensor) -> Tensor:
    gain, offset = batch.numbers()
    return image * gain + offset


def _clip(batch: Batch, image: Tensor) -> Tensor:
    low, high = batch.numbers()
    return torch.minimum(torch.maximum(image, low), high)


def _crop(batch: Batch, image: Tensor) -> Tensor:
    margin = batch.nodes[0].fixed
    return image[:, margin:-margin, margin:-margin]  # type: ignore[operator,misc]


def _columns(batch: Batch) -> Tensor:
    return torch_objects.columns(*batch.tables(), _size(batch))


def _ellipsoids(batch: Batch, on: Tensor | None = None) -> Tensor:
    table, owner = batch.tables()
    if on is not None:
        last = torch.tensor(batch.shape, device=batch.device) - 1
        y, x = torch.minimum(table[:, :2].clamp(min=0), last).long().T
        seen = on[owner, y, x] > batch.numbers()[0][owner, 0, 0]
        table, owner = table[seen], owner[seen]
    return torch_objects.ellipsoids(table, owner, _size(batch))


def _polyhedra(batch: Batch) -> Tensor:
    return torch_objects.polyhedra(*batch.tables(), _size(batch))


def _tubes(batch: Batch) -> Tensor:
    points, owner = batch.tables()
    forms, form_owner = batch.tables(1)
    return torch_objects.tubes((points, owner), (forms, form_owner), _size(batch))


def _cells(batch: Batch, bump_y: Tensor, bump_x: Tensor) -> Tensor:
    y, x = _grid(batch.shape, batch.device)
    images = []
    for i, node in enumerate(batch.nodes):
        table = torch.from_numpy(node.arrays[0]).to(batch.device, torch.float32)
        points = torch.stack([y + bump_y[i], x + bump_x[i]], 2).reshape(-1, 2)
        near, index = torch.cdist(
            points, table[:, :2], compute_mode="donot_use_mm_for_euclid_dist"
        ).topk(2, dim=1, largest=False)
        border, width = node.numbers
        image = table[index[:, 0], 2] + border * torch.exp((near[:, 0] - near[:, 1]) / width)
        images.append(image.reshape(batch.shape))
    return torch.stack(images)


def _size(batch: Batch) -> tuple[int, int, int]:
    return len(batch.nodes), *batch.shape


OPERATIONS: dict[str, Callable[..., Tensor]] = {
    "plane": _plane,
    "field": _field,
    "columns": _columns,
    "ellipsoids": _ellipsoids,
    "polyhedra": _polyhedra,
    "tubes": _tubes,
    "cells": _cells,
    "add": lambda _, a, b: a + b,
    "mul": lambda _, a, b: a * b,
    "div": lambda _, a, b: a / b,
    "max": lambda _, a, b: torch.maximum(a, b),
    "min": lambda _, a, b: torch.minimum(a, b),
    "affine": _affine,
    "clip": _clip,
    "sigmoid": lambda _, a: torch.sigmoid(a),
    "exp": lambda _, a: torch.exp(a),
    "cos": lambda _, a: torch.cos(a),
    "abs": lambda _, a: torch.abs(a),
    "power": lambda batch, a: a.clamp(min=0) ** batch.numbers()[0],
    "standard": _standard,
    "over_mean": lambda _, a: a / a.mean((1, 2), keepdim=True).clamp(min=1e-6),
    "unit": _unit,
    "blur": _blur,
    "level_distance": _level_distance,
    "probe": _probe,
    "crop": _crop,
}
