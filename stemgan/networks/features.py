"""What the generator is told of a partial scan: infills, how well each fits, and where."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stemgan.infill import (
    gap_length,
    halve,
    normalised_convolution,
    smooth,
    spectral_infill,
)

SMOOTHED = (0.12, 0.2, 0.3, 0.45, 1.5)
"""Standard deviations of the smoothed nearest infills, over the gap length."""

BEST = 2
"""Which of them leaves the least error by itself over scans and coverages: 0.3 gaps."""

CONVOLVED = 0.35
"""Standard deviation of the normalised convolution, over the gap length."""

FLOORS = (0.1, 0.01)
"""Last thresholds of the spectral infills: of what the best infill leaves, and of all."""

INFILLS = len(SMOOTHED) + 1 + len(FLOORS)
CHANNELS = INFILLS + 3 + 2 + 3 + 2
"""Infills, misfits, measured values and mask, distance, and the scan's two lengths."""


class Features(NamedTuple):
    """Inputs of the generator.

    infills : candidates to be mixed, (B, INFILLS, H, W).
    channels : everything that the convolutions see, (B, CHANNELS, H, W).
    scan : logarithms of gap length and coverage, centred, (B, 2).
    """

    infills: Tensor
    channels: Tensor
    scan: Tensor


class FeatureMaker(nn.Module):
    """Make the features of a partial scan; nothing here is learned."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("floors", torch.tensor(FLOORS), persistent=False)

    @torch.no_grad()
    def forward(self, infill: Tensor, dwell: Tensor, distance: Tensor) -> Features:
        """Parameters as the generator's; float32 whatever the precision around it."""
        with torch.autocast(infill.device.type, enabled=False):
            return self._features(infill.float(), dwell.float(), distance.float())

    def _features(self, infill: Tensor, dwell: Tensor, distance: Tensor) -> Features:
        mask = (dwell > 0).float()
        gap = gap_length(distance)
        smoothed = [smooth(infill, share * gap) for share in SMOOTHED]
        best = smoothed[BEST]
        convolved = normalised_convolution(infill, mask, CONVOLVED * gap)
        spectral = self._spectral(infill, mask, best)
        infills = torch.cat([*smoothed, convolved, spectral], dim=1)
        tested = torch.cat([best, spectral], dim=1)
        misfit = ((tested - infill) * mask).square()
        misfit = normalised_convolution(misfit, mask, 0.5 * gap).clamp_min(0).sqrt()
        coverage = mask.mean(dim=(1, 2, 3))
        scan = torch.stack([gap.log() - 3, coverage.log() + 3.5], dim=1)
        planes = scan[:, :, None, None].expand(-1, -1, *infill.shape[2:])
        relative = distance / gap[:, None, None, None]
        others = infills - best
        others[:, BEST : BEST + 1] = best
        channels = torch.cat(
            [
                others,
                misfit,
                mask,
                (infill - best) * mask,
                torch.exp(-distance),
                relative,
                distance / (distance + 10),
                planes,
            ],
            dim=1,
        )
        return Features(infills, channels, scan)

    def _spectral(self, infill: Tensor, mask: Tensor, best: Tensor) -> Tensor:
        """Spectral infills at half size: of what `best` leaves, and of the whole image."""
        size = infill.shape[2:]
        values, certainty = halve(infill, mask)
        base = F.avg_pool2d(best, 2)
        left = (values - base) * certainty
        estimate = spectral_infill(
            torch.cat([left, values], dim=1),
            certainty,
            torch.cat([torch.zeros_like(base), base], dim=1),
            floor=self.get_buffer("floors"),
        )
        estimate = estimate + torch.cat([base, torch.zeros_like(base)], dim=1)
        return F.interpolate(estimate, size=size, mode="bilinear", align_corners=False)
