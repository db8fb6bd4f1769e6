"""What measured pixels alone say of covariances: the torch twin of `baselines.covariance`."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stemgan.baselines import covariance as one
from stemgan.baselines.spectra import fast_shape
from stemgan.kriging.grids import Groups, images_of, spectrum_of
from stemgan.kriging.nnls import nnls

_STEP = 0.25  # of the table of kernels [px]


class Covariances(NamedTuple):
    """Sums of Matérn kernels and white noise.

    weights : variance of each kernel, (B, kernels) float64.
    noise : variance of the noise, (B,) float64.
    """

    weights: Tensor
    noise: Tensor

    def on_grid(self, shape: tuple[int, int]) -> Tensor:
        """Give the covariances, noise left out, at each lag of a periodic grid, (B, H, W)."""
        table, below, part = _lags(shape, self.weights.device)
        radial = self.weights @ table.T
        found = radial[:, below] * (1 - part) + radial[:, below + 1] * part
        return found.reshape(-1, *shape).float()


@lru_cache(maxsize=8)
def _lags(shape: tuple[int, int], device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    rows, columns = (np.fft.fftfreq(n, 1 / n) for n in shape)
    lags = np.hypot(rows[:, None], columns).ravel() / _STEP
    table = one.kernels(np.arange(0, np.hypot(*shape) / 2 + 1, _STEP))
    below = lags.astype(np.int64)
    found = (torch.from_numpy(x).to(device) for x in (table, below, lags - below))
    first, second, third = found
    return first, second, third


def fit_covariances(values: Tensor, mask: Tensor) -> Covariances:
    """Fit a radial covariance to each variogram, as `one.fit_covariance` does.

    Parameters
    ----------
    values : of variance about 1, 0 where unmeasured, (B, H, W).
    mask : measured pixels, (B, H, W) bool.
    """
    pairs, half_squares = variograms(values, mask)
    reach = (mask.shape[1] - 1, mask.shape[2] - 1)
    reach = min(one.FARTHEST, reach[0]), min(one.FARTHEST, reach[1])
    lag, rings = _rings(reach, values.device)
    pairs, half_squares = pairs.flatten(1), half_squares.flatten(1)
    known = (pairs > 0) & (lag > 0)
    first = torch.where(known, lag, torch.inf).amin(dim=1, keepdim=True)
    near = known & (lag <= first + 0.75)
    unresolved = (half_squares * near).sum(dim=1) / (pairs * near).sum(dim=1)

    used = known & (lag <= first.clamp_min(min(reach)))
    sums = torch.stack([used.double(), pairs, half_squares, pairs * lag]) * used
    sums = rings.sum(sums.permute(2, 0, 1).flatten(1)).unflatten(1, sums.shape[:2])
    there, count, squares, lags = sums.permute(1, 2, 0)
    weight, model, gamma = _system(there > 0, count, squares, lags)
    found = nnls(model * weight[..., None], gamma * weight)
    noise = torch.maximum(found[:, 0], one.UNRESOLVED * unresolved).clamp_min(one.LEAST_NOISE)
    return Covariances(found[:, 1:], noise)


def _system(
    there: Tensor, count: Tensor, squares: Tensor, lags: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return Cressie's weights, the kernels and the variogram at each ring, 0 where none is."""
    many = torch.where(there, count, 1)
    gamma, lags = squares / many, torch.where(there, lags / many, 1)
    least = 1e-3 * gamma.amax(dim=1, keepdim=True)
    weight = torch.sqrt(many / lags) / torch.maximum(gamma, least).clamp_min(1e-300)
    flat = _kernels(lags)
    model = torch.cat([torch.ones_like(flat[..., :1]), 1 - flat], dim=2)
    return torch.where(there, weight, 0), model, gamma


@lru_cache(maxsize=8)
def _rings(reach: tuple[int, int], device: torch.device) -> tuple[Tensor, Groups]:
    height, width = reach
    lag = np.hypot(*np.ogrid[-height : height + 1, -width : width + 1]).ravel()
    ring = torch.from_numpy(np.rint(lag).astype(np.int64)).to(device)
    return torch.from_numpy(lag).to(device), Groups(ring, int(ring.max()) + 1)


def variograms(values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Count pairs of measured pixels by lag, and sum half their squared differences.

    Parameters
    ----------
    values : 0 where unmeasured, (B, H, W).
    mask : measured pixels, (B, H, W) bool.

    Returns
    -------
    pairs, half_squares : (B, 2 y + 1, 2 x + 1) float64 each, lag 0 in the middle.
    """
    shape = int(mask.shape[1]), int(mask.shape[2])
    reach = tuple(min(one.FARTHEST, n - 1) for n in shape)
    wide = fast_shape(shape, reach)
    data = values.double()
    there, first, second = (spectrum_of(x, wide) for x in (mask.double(), data, data.square()))
    counted = images_of(there.abs().square(), wide).round()
    squares = images_of((second * there.conj()).real - first.abs().square(), wide)
    rows, columns = (torch.arange(-r, r + 1, device=values.device) for r in reach)
    window = slice(None), rows[:, None] % wide[0], columns % wide[1]
    counted, squares = counted[window], squares[window]
    return counted, torch.where(counted > 0, squares.clamp_min(0), 0)


def _kernels(lag: Tensor) -> Tensor:
    """Twin of `one.kernels`: Matérn kernels at some lags [px], (..., kernels)."""
    lengths = (
        (1.0, one.LENGTHS),
        (3**0.5, one.SMOOTHER),
        (5**0.5, one.SMOOTHEST),
    )
    short, middle, smooth = (
        root * lag[..., None] / torch.from_numpy(length).to(lag.device)
        for root, length in lengths
    )
    return torch.cat(
        [
            torch.exp(-short),
            (1 + middle) * torch.exp(-middle),
            (1 + smooth + smooth.square() / 3) * torch.exp(-smooth),
        ],
        dim=-1,
    )
