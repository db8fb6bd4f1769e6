"""Unit, dwell and plane: what is taken out of scans before they are kriged."""

import torch
from torch import Tensor

from stemgan.baselines.gaussian_process import RIDGE


def standardised(values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return values of mean 0 and deviation 1, 0 where unmeasured, and how to undo that."""
    measured = torch.where(mask, values, 0).double()
    count = mask.sum(dim=(1, 2), keepdim=True)
    offset = measured.sum(dim=(1, 2), keepdim=True) / count
    away = torch.where(mask, measured - offset, 0)
    gain = (away.square().sum(dim=(1, 2), keepdim=True) / count).sqrt()
    # Constant scans stay constant, whatever their mean is rounded to.
    gain = torch.where(gain <= 1e-12 * offset.abs(), 0, gain)
    return (away / torch.where(gain > 0, gain, 1)).float(), offset, gain


def weights(dwell: Tensor, mask: Tensor) -> Tensor:
    """Return how much each measured value counts: the twin of `baselines.smoothing.weights`."""
    usual = dwell.double().sum(dim=(1, 2), keepdim=True) / mask.sum(dim=(1, 2), keepdim=True)
    return (dwell / usual).clamp(1 / 4, 4).float()


def deviation_of(rest: Tensor, mask: Tensor) -> Tensor:
    """Return the standard deviation of the measured values, (B, 1, 1)."""
    count = mask.sum(dim=(1, 2), keepdim=True)
    mean = rest.double().sum(dim=(1, 2), keepdim=True) / count
    away = torch.where(mask, rest - mean, 0)
    return (away.square().sum(dim=(1, 2), keepdim=True) / count).sqrt().float()


def planes(values: Tensor, mask: Tensor) -> Tensor:
    """Fit a plane to each sample's values; hardly tilted where they lie close together."""
    rows, columns = (
        torch.linspace(-1, 1, n, dtype=torch.float64, device=mask.device)
        for n in mask.shape[1:]
    )
    count = mask.sum(dim=(1, 2)).double()
    where = mask.double()
    centre = torch.stack([where.sum(dim=2) @ rows, where.sum(dim=1) @ columns]) / count
    away = rows - centre[0][:, None], columns - centre[1][:, None]
    high, wide = away[0][:, :, None].expand_as(where), away[1][:, None, :].expand_as(where)

    def sums(image: Tensor) -> Tensor:
        return (image * where).sum(dim=(1, 2))

    read = values.double()
    mean = sums(read) / count
    off = read - mean[:, None, None]
    ridge = RIDGE * count
    yy, xx, yx = sums(high.square()) + ridge, sums(wide.square()) + ridge, sums(high * wide)
    y, x = sums(high * off), sums(wide * off)
    determinant = yy * xx - yx.square()
    tilt = torch.stack([xx * y - yx * x, yy * x - yx * y]) / determinant
    along = mean[:, None, None] + tilt[0][:, None, None] * high + tilt[1][:, None, None] * wide
    return along.float()
