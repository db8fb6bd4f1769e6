"""Linear systems of kriging, one for each sample of a batch: the twin of `baselines.kriging`.

Vectors over measured pixels are (B, K, n) float64, K for each sample at once, padded with zeros
where a sample has fewer pixels; a product with C = A S Aᵀ + σ² R is two Fourier transforms of
the whole batch.
"""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from stemgan.kriging.grids import Groups, images_of, spectrum_of
from stemgan.kriging.neighbours import neighbours_of
from stemgan.kriging.vecchia import inverse_factors

_LOOK = 4  # iterations between looks at whether all are done: a GPU must be waited for
_TINY = 1e-300


class Systems:
    """C = A S Aᵀ + σ² R of each sample, solved by preconditioned conjugate gradients.

    mask : measured pixels, (B, H, W) bool.
    relative : R: variance of each measured pixel's noise over σ², (B, H, W).
    shape : of the periodic grids.
    crowded : precondition by a filter, for masks with most of the pixels.
    """

    def __init__(
        self, mask: Tensor, relative: Tensor, shape: tuple[int, int], *, crowded: bool
    ) -> None:
        self.shape, self.crowded = shape, crowded
        device, size = mask.device, mask.shape[1] * mask.shape[2]
        counts = mask.flatten(1).sum(dim=1)
        self.count = int(counts.max())
        self.there = torch.arange(self.count, device=device) < counts[:, None]
        pixel = mask.flatten(1).nonzero()[:, 1]
        self.pixel = torch.full_like(self.there, size, dtype=torch.int64)
        self.pixel[self.there] = pixel
        rows, columns = self.pixel // mask.shape[2], self.pixel % mask.shape[2]
        # What is missing goes to, and comes from, a place behind the grid.
        inside = rows * shape[1] + columns
        self.at = torch.where(self.there, inside, shape[0] * shape[1])
        self.relative = self.of_image(relative.double())
        self.spectrum = torch.ones(len(mask), shape[0], shape[1] // 2 + 1, device=device)
        self.variance = torch.ones(len(mask), dtype=torch.float64, device=device)
        if not crowded:
            self._order(torch.stack([rows, columns], dim=2), counts.tolist(), size)

    def _order(self, points: Tensor, counts: list[int], size: int) -> None:
        """Put points in an order from coarse to fine, and find the neighbours of each."""
        keys = _shuffled(size, points.device)[self.pixel]
        keys = torch.where(self.there, keys, torch.iinfo(torch.int64).max)
        self.order = keys.argsort(dim=1)
        self.points = points.gather(1, self.order[..., None].expand_as(points))
        self.near = torch.stack(
            [neighbours_of(each, n) for each, n in zip(self.points, counts, strict=True)]
        )
        own = torch.arange(self.count, device=points.device).expand_as(self.order)
        own = torch.where(self.there, own, -1)
        columns = torch.cat([self.near, own[..., None]], dim=2)
        self.columns = columns.clamp_min(0).flatten(1)
        first = self.count * torch.arange(len(points), device=points.device)
        labels = torch.where(columns < 0, -1, columns + first[:, None, None])
        self.groups = Groups(labels.flatten(), len(points) * self.count)
        self.factors = torch.zeros(columns.shape, device=points.device)

    def prepare(self, spectrum: Tensor, variance: Tensor) -> None:
        """Set S, (B, H, W // 2 + 1), and σ², (B,), and factor the preconditioners."""
        self.spectrum, self.variance = spectrum, variance
        if self.crowded:
            return
        covariance = images_of(spectrum.to(torch.complex64), self.shape)
        noise = variance[:, None] * self.relative.gather(1, self.order)
        found = inverse_factors(self.points, self.near, covariance, noise)
        self.factors = torch.where(self.there[..., None], found, 0)

    def of_image(self, image: Tensor) -> Tensor:
        """Take the measured pixels of images, (B, H, W) to (B, n)."""
        flat = torch.nn.functional.pad(image.flatten(1), (0, 1))
        return flat.gather(1, self.pixel)

    def spread(self, dual: Tensor) -> Tensor:
        """Return the Fourier transform of Aᵀ dual, (B, K, H, W // 2 + 1)."""
        pixels = self.shape[0] * self.shape[1]
        grid = torch.zeros(*dual.shape[:2], pixels + 1, device=dual.device)
        grid.scatter_(2, self.at[:, None].expand_as(dual), dual.float())
        return spectrum_of(grid[..., :-1].unflatten(2, self.shape), self.shape)

    def take(self, images: Tensor) -> Tensor:
        """Apply A: take the measured pixels of the grids, (B, K, H, W) to (B, K, n)."""
        flat = images.flatten(2)
        at = self.at.clamp_max(flat.shape[2] - 1)[:, None].expand(-1, flat.shape[1], -1)
        return torch.where(self.there[:, None], flat.gather(2, at).double(), 0)

    def mean(self, dual: Tensor) -> Tensor:
        """Return S Aᵀ dual: the posterior means, for dual = C⁻¹ values, (B, K, H, W)."""
        return images_of(self.spread(dual) * self.spectrum[:, None], self.shape)

    def solve(
        self, values: Tensor, start: Tensor | None, tolerance: float, iterations: int
    ) -> Tensor:
        """Solve C dual = values, each vector until it is done.

        Parameters
        ----------
        values : (B, K, n).
        start : where to start from; None: zero.
        tolerance : largest norm of a residual over that of the values.
        iterations : most iterations.
        """
        dual = torch.zeros_like(values) if start is None else start
        residual = values if start is None else values - self._product(start)
        limit = tolerance**2 * _inner(values, values)
        ahead = self._precondition(residual)
        direction, size = ahead, _inner(residual, ahead)
        for iteration in range(iterations):
            going = (_inner(residual, residual) > limit) & (size > 0)
            if iteration % _LOOK == 0 and not going.any():
                break
            product = self._product(direction)
            step = size / _inner(direction, product).clamp_min(_TINY)
            step = torch.where(going, step, 0)
            dual = dual + step * direction
            residual = residual - step * product
            ahead = self._precondition(residual)
            size, before = torch.where(going, _inner(residual, ahead), size), size
            direction = ahead + (size / before.clamp_min(_TINY)) * direction
        return dual

    def _product(self, dual: Tensor) -> Tensor:
        noise = (self.variance[:, None] * self.relative)[:, None] * dual
        return self.take(self.mean(dual)) + noise

    def _precondition(self, residual: Tensor) -> Tensor:
        if self.crowded:
            inverse = 1 / (self.spectrum + self.variance.float()[:, None, None])
            filtered = self.spread(residual) * inverse[:, None]
            return self.take(images_of(filtered, self.shape))
        batch, many, _ = residual.shape
        order = self.order[:, None].expand_as(residual)
        columns = self.columns[:, None].expand(-1, many, -1)
        factors = self.factors[:, None]
        entries = residual.gather(2, order).gather(2, columns).unflatten(2, factors.shape[2:])
        back = (entries * factors).sum(dim=3, keepdim=True) * factors
        found = self.groups.sum(back.flatten(2).transpose(1, 2).flatten(0, 1))
        found = found.view(batch, -1, many).transpose(1, 2)
        return torch.empty_like(residual).scatter_(2, order, found)


def _inner(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(dim=2, keepdim=True)


@lru_cache(maxsize=8)
def _shuffled(count: int, device: torch.device) -> Tensor:
    """Give each pixel, and one that there is not, a place in a random order, (count + 1,)."""
    order = np.random.default_rng(0).permutation(count + 1)
    return torch.from_numpy(order).to(device)
