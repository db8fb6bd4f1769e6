"""Spectra of batches of images with a margin: real transforms, averages, sums over rings.

The torch twins of `stemgan.baselines.spectra`; power spectra are (B, H, W // 2 + 1) float32.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from stemgan.baselines.spectra import frequencies

_LEAST = 1e-7  # of the largest
_PIECE = 64
_TRUNCATE = 3  # deviations at which averages end, as in NumPy's


def spectrum_of(images: Tensor, shape: tuple[int, int]) -> Tensor:
    """Return the real Fourier transforms, the images set into zeros, (B, H, W // 2 + 1)."""
    return torch.fft.rfft2(images, s=shape)


def images_of(spectra: Tensor, shape: tuple[int, int]) -> Tensor:
    """Return the images of real Fourier transforms, (B, H, W)."""
    return torch.fft.irfft2(spectra, s=shape)


class Groups:
    """Elements that are summed by group, in the same order every time and on every device.

    labels : number of each element's group, -1 for none, (n,) int64.
    count : groups.
    ordered : sum sorted elements piece by piece, as GPUs must, whose atomic additions come in
        any order; by default where the labels are on one.
    """

    def __init__(self, labels: Tensor, count: int, ordered: bool | None = None) -> None:
        self.ordered = labels.device.type != "cpu" if ordered is None else ordered
        self.members = (labels >= 0).nonzero()[:, 0]
        labels, self.count = labels[self.members], count
        self.labels = labels
        if self.ordered:
            self.members = self.members[torch.argsort(labels, stable=True)]
            lengths = torch.bincount(labels, minlength=count)
            # In pieces, so that no group is added up by one thread.
            pieces = (lengths + _PIECE - 1) // _PIECE
            group = torch.repeat_interleave(torch.arange(count, device=labels.device), pieces)
            first = torch.cumsum(pieces, 0) - pieces
            at = torch.arange(len(group), device=labels.device) - first[group]
            self.pieces = (lengths[group] - _PIECE * at).clamp_max(_PIECE)
            self.lengths = pieces

    def sum(self, values: Tensor) -> Tensor:
        """Add up (n,) or (n, k) by group: (count,) or (count, k)."""
        chosen = values[self.members]
        if not self.ordered:
            zeros = values.new_zeros((self.count, *values.shape[1:]))
            return zeros.index_add_(0, self.labels, chosen)
        for lengths in (self.pieces, self.lengths):
            chosen = torch.segment_reduce(
                chosen, "sum", lengths=lengths, axis=0, unsafe=True, initial=0.0
            )
        return chosen


def white_part(spectra: Tensor, shape: tuple[int, int]) -> Tensor:
    """Find the part of each spectrum that does not fall with frequency: noise, (B,)."""
    middle, high = _bands(shape, spectra.device)
    flat = spectra.flatten(1)
    low, top = (_median(flat[:, band]).double() for band in (middle, high))
    fall = (0.45 / 0.25) ** 3
    return torch.minimum(((fall * top - low) / (fall - 1)).clamp_min(0), 0.95 * top)


@lru_cache(maxsize=8)
def _bands(shape: tuple[int, int], device: torch.device) -> tuple[Tensor, Tensor]:
    frequency = frequencies(shape).ravel()
    bands = np.abs(frequency - 0.25) < 0.06, frequency > 0.42
    first, second = (torch.from_numpy(np.flatnonzero(band)).to(device) for band in bands)
    return first, second


def _median(values: Tensor) -> Tensor:
    ordered, count = values.sort(dim=1).values, values.shape[1]
    return 0.5 * (ordered[:, (count - 1) // 2] + ordered[:, count // 2])


def average(values: Tensor, width: float) -> Tensor:
    """Average over neighbouring modes by a Gaussian of some width [Fourier pixels]."""
    height, half = values.shape[1:]
    rows = _averaging(height, width, True, values.device)
    columns = _averaging(half, width, False, values.device)
    with _all_bits():
        return rows @ values @ columns


@lru_cache(maxsize=32)
def _averaging(size: int, width: float, wraps: bool, device: torch.device) -> Tensor:
    """Return the matrix that averages: wrapping round, or mirrored about both ends.

    Along the rows it is symmetric; along the columns it is applied from the right.
    """
    reach = int(_TRUNCATE * width + 0.5)
    steps = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (steps / width) ** 2)
    at = np.arange(size)[:, None] + steps
    if wraps:
        at %= size
    else:
        turn = max(2 * (size - 1), 1)
        at = np.minimum(at % turn, turn - at % turn) if size > 1 else 0 * at
    matrix = np.zeros((size, size))
    np.add.at(matrix, (at, np.arange(size)[:, None]), weights / weights.sum())
    return torch.from_numpy(matrix.astype(np.float32)).to(device)


@contextmanager
def _all_bits() -> Iterator[None]:
    """Keep all bits of products of 32-bit numbers, whatever training wants for its own."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def safe(values: Tensor) -> Tensor:
    """Keep a divisor away from 0."""
    return values.clamp_min(1e-9)


def bounded(spectra: Tensor) -> Tensor:
    """Keep power spectra positive, and the mean of an image as likely as slow waves."""
    found = torch.maximum(spectra, _LEAST * spectra.amax(dim=(1, 2), keepdim=True))
    found[:, 0, 0] = torch.maximum(found[:, 0, 1], found[:, 1, 0])
    return found
