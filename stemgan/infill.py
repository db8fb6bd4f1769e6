"""Cheap fills of the unmeasured pixels in torch, for any device: what a network starts from.

Gaussian smoothing is a product with two small dense matrices, G_y X G_x^T: exact for any sigma,
batched with a sigma for each sample, and right at the edges, where weights that fall outside
are left out (normalised convolution with a certainty of 0 outside; Knutsson & Westin, 1993).

The spectral infill keeps what a few Fourier coefficients explain: projections onto the measured
values and onto sparse spectra in turn, with a threshold that falls geometrically (Abma & Kabir,
Geophysics 71, E91, 2006) and that grows with frequency, as noise does over images' spectra. It
completes lattices that are finer than the scan's pitch, where every local average fails.
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
    at = torch.arange(size, device=sigma.device, dtype=torch.float32)
    apart = (at[:, None] - at[None, :]) / sigma.float().clamp_min(1e-3)[:, None, None]
    weights = torch.exp(-0.5 * apart.square())
    return weights / weights.sum(dim=2, keepdim=True)


def smooth(image: Tensor, sigma: Tensor) -> Tensor:
    """Smooth (B, C, H, W) by a Gaussian of standard deviation `sigma` (B,) [px]."""
    with torch.autocast(image.device.type, enabled=False):
        rows = gaussian_matrix(image.shape[2], sigma)[:, None]
        columns = gaussian_matrix(image.shape[3], sigma)[:, None]
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


def halve(values: Tensor, certainty: Tensor) -> tuple[Tensor, Tensor]:
    """Bin measured values 2 x 2, (B, 1, H, W) to (B, 1, H // 2, W // 2).

    Returns
    -------
    values, certainty : the mean of the measured pixels of each bin (0 where there is none), and
        1 where there is one, 0 elsewhere.
    """
    weight = F.avg_pool2d(certainty, 2)
    mean = F.avg_pool2d(values * certainty, 2) / weight.clamp_min(_TINY)
    return mean, (weight > 0).float()


@torch.no_grad()
def spectral_infill(
    values: Tensor,
    certainty: Tensor,
    start: Tensor,
    *,
    floor: Tensor,
    tilt: Tensor,
    iterations: int = 30,
    margin: int = 16,
) -> Tensor:
    """Complete an image by a sparse spectrum.

    The frame is widened by a margin in which nothing is measured: the iterations fill it so
    that the image continues periodically, and the spectrum is spared a jump at the edges.

    Parameters
    ----------
    values : measured values less what `start` should keep, (B, C, H, W).
    certainty : 1 where measured, 0 elsewhere, (B, 1, H, W).
    start : first guess, (B, C, H, W).
    floor : last threshold over the first, (C,).
    tilt : the threshold grows as frequency to this power, (C,).
    iterations : number of projections, at least 2.
    margin : width of the margin [px].

    Returns
    -------
    The sparse estimate everywhere, the measured pixels included, (B, C, H, W).
    """
    wide = (margin,) * 4
    mode = "reflect" if min(start.shape[2:]) > margin else "replicate"
    known = F.pad(certainty, wide)
    level = start.mean(dim=(2, 3), keepdim=True)
    guess = F.pad(start - level, wide, mode=mode)
    data = F.pad((values - level) * certainty, wide)
    rest = 1 - known
    image = data + rest * guess
    weight = _frequencies(image) ** tilt[:, None, None]
    top = (torch.fft.rfft2(image).abs() / weight).amax(dim=(2, 3), keepdim=True)
    for step in range(iterations):
        spectrum = torch.fft.rfft2(image)
        threshold = weight * top * floor[:, None, None] ** (step / (iterations - 1))
        spectrum = spectrum * (spectrum.abs() > threshold)
        estimate = torch.fft.irfft2(spectrum, s=image.shape[2:])
        image = data + rest * estimate
    inside = estimate[..., margin : margin + start.shape[2], margin : margin + start.shape[3]]
    return inside + level


def _frequencies(image: Tensor) -> Tensor:
    """Magnitudes of the frequencies of rfft2, over the largest, none of them 0."""
    height, width = image.shape[2:]
    rows = torch.fft.fftfreq(height, device=image.device)[:, None]
    columns = torch.fft.rfftfreq(width, device=image.device)[None, :]
    frequency = torch.hypot(rows, columns) + 1 / max(height, width)
    return frequency / frequency.max()
