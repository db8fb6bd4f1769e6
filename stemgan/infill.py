"""Cheap fills of the unmeasured pixels in torch, for any device: what a network starts from.

Gaussian smoothing is a product with two small dense matrices, G_y X G_x^T: exact for any sigma,
batched with a sigma for each sample, and right at the edges, where weights that fall outside
are left out (normalised convolution with a certainty of 0 outside; Knutsson & Westin, 1993).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

_TINY = 1e-6


def gap_length(distance: Tensor) -> Tensor:
    """Return the length of a typical gap [px]: four times the mean distance.

    It equals the pitch of parallel lines, and needs no pitch to be told.

    Parameters
    ----------
    distance : distance to the nearest measured pixel [px], (B, 1, H, W).

    Returns
    -------
    (B,), at least 1.
    """
    return (4 * distance.float().mean(dim=(1, 2, 3))).clamp_min(1.0)


def gaussian_matrix(size: int, sigma: Tensor) -> Tensor:
    """Return smoothing matrices whose rows sum to 1, (B, size, size), for sigma (B,) [px]."""
    apart = torch.arange(size, device=sigma.device)
    line = torch.exp(-0.5 * (apart / sigma.float().clamp_min(1e-3)[:, None]).square())
    # A weight depends on how far two pixels are apart alone: no exponential is taken twice.
    weights = line[:, (apart[:, None] - apart[None, :]).abs()]
    return weights / weights.sum(dim=2, keepdim=True)


def smooth(image: Tensor, sigma: Tensor) -> Tensor:
    """Smooth (B, C, H, W) by a Gaussian of standard deviation `sigma` (B,) [px]."""
    with torch.autocast(image.device.type, enabled=False):
        rows = gaussian_matrix(image.shape[2], sigma)[:, None]
        square = image.shape[2] == image.shape[3]
        columns = rows if square else gaussian_matrix(image.shape[3], sigma)[:, None]
        return rows @ image.float() @ columns.transpose(2, 3)


def normalised_convolution(values: Tensor, certainty: Tensor, sigma: Tensor) -> Tensor:
    """Average measured values with Gaussian weights of the distance.

    Where no measured pixel is near enough for float32, the smoothed `values` themselves are
    taken, so `values` should be an infill.

    Parameters
    ----------
    values : measured values, unmeasured pixels filled in by any infill, (B, C, H, W).
    certainty : weight of each pixel, 0 where unmeasured, (B, 1, H, W).
    sigma : standard deviation of the weights [px], (B,).

    Returns
    -------
    (B, C, H, W).
    """
    channels = values.shape[1]
    both = smooth(torch.cat([values * certainty, certainty, values], dim=1), sigma)
    signal, weight, fallback = both.split([channels, 1, channels], dim=1)
    return (signal + _TINY * fallback) / (weight + _TINY)


def gaussian_blur(image: Tensor) -> Tensor:
    """Blur by the 5 x 5 Gaussian of sigma = 2.5 px of the published errors, (B, 1, H, W).

    Edges are reflected about the edge pixels (Ede & Beanland, Sci Rep 10, 8332, 2020).
    """
    # Neither a target nor an infill may be rounded.
    with torch.autocast(image.device.type, enabled=False):
        at = torch.arange(-2, 3, device=image.device, dtype=torch.float32)
        line = torch.exp(-0.5 * (at / 2.5).square())
        line = line / line.sum()
        kernel = (line[:, None] * line[None, :])[None, None]
        return F.conv2d(F.pad(image.float(), (2, 2, 2, 2), mode="reflect"), kernel)
