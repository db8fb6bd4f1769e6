"""Sparse approximate inverses of covariance matrices: the twin of `stemgan_kernels.vecchia`."""

import torch
from torch import Tensor

_AT_ONCE = 2**16  # points


def inverse_factors(points: Tensor, near: Tensor, covariance: Tensor, noise: Tensor) -> Tensor:
    """Compute the rows of each sample's factor G, where Gᵀ G approximates the inverse.

    Parameters
    ----------
    points : (y, x) of each point [px], in the order of the factor, (B, n, 2) int64.
    near : for each point, numbers of earlier points; -1 where there are fewer, (B, n, m).
    covariance : covariances at the lags of a periodic grid, (B, H, W).
    noise : variance that each point has besides, above 0, (B, n).

    Returns
    -------
    (B, n, m + 1) float32: each row's entries of its neighbours, 0 for -1, and the diagonal.
    """
    batch, count, most = near.shape
    own = torch.arange(count, device=points.device).expand(batch, count)[..., None]
    chosen = torch.cat([near, own], dim=2)
    first = count * torch.arange(batch, device=points.device)[:, None, None]
    flat = (chosen.clamp_min(0) + first).view(-1, most + 1)
    known, sample = (chosen >= 0).view(-1, most + 1), first.expand(batch, count, 1) // count
    places, noise = points.flatten(0, 1), noise.flatten()
    rows = [
        _rows(
            places[flat[part]],
            known[part],
            sample.reshape(-1)[part],
            covariance,
            noise[flat[part]],
        )
        for part in torch.arange(batch * count, device=points.device).split(_AT_ONCE)
    ]
    return torch.cat(rows).view(batch, count, most + 1)


def _rows(
    places: Tensor, known: Tensor, sample: Tensor, covariance: Tensor, noise: Tensor
) -> Tensor:
    """Solve Lᵀ g = e for the Cholesky factor L of each point's own small covariance matrix.

    places : (y, x) of each point's neighbours and of itself, (N, k, 2).
    known : which of them there are; the others become independent ones, (N, k).
    """
    height, width = covariance.shape[1:]
    y, x = places.permute(2, 1, 0)  # points last, so that every step runs along them
    at = (y[:, None] - y[None]).remainder(height) * width
    at += (x[:, None] - x[None]).remainder(width) + sample * (height * width)
    there = known.T
    matrix = covariance.flatten()[at].double() * (there[:, None] & there[None])
    noise = torch.where(there, noise.T, 1)
    lower = torch.zeros_like(matrix)
    for k in range(len(matrix)):
        left = matrix[k:, k] - (lower[k:, :k] * lower[k, :k]).sum(dim=1)
        # Rounding must not make a variance negative: the noise is its least value.
        pivot = torch.maximum(left[0] + noise[k], 0.5 * noise[k]).sqrt()
        lower[k, k], lower[k + 1 :, k] = pivot, left[1:] / pivot
    row = torch.zeros_like(noise)
    row[-1] = 1 / lower[-1, -1]
    for k in range(len(matrix) - 2, -1, -1):
        row[k] = -(lower[k + 1 :, k] * row[k + 1 :]).sum(dim=0) / lower[k, k]
    return row.T.float()
