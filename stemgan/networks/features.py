"""What the generator is told of a partial scan: infills, how well each fits, and where."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from stemgan.infill import gap_length, gaussian_blur, normalised_convolution, smooth

SMOOTHED = (0.12, 0.2, 0.3, 0.45, 1.5)
"""Standard deviations of the smoothed nearest infills, over the gap length."""

BEST = 2
"""Which of them leaves the least error over scans and coverages: 0.3 gaps."""

CONVOLVED = 0.35
"""Standard deviation of the normalised convolution, over the gap length."""

KRIGED = len(SMOOTHED) + 1
"""Which infill is the Gaussian process's: the best of them for the raw truth by itself."""

BLURRED = KRIGED + 1
"""Which is the same, blurred as the truth is: the blur is linear, so that the posterior mean of
the blurred truth is the blurred posterior mean."""

INFILLS = len(SMOOTHED) + 3
MISFIT = INFILLS + 1
"""Which channel is the local root mean square of what the kriged infill misses: its noise."""

CHANNELS = INFILLS + 2 + 3 + 3 + 2
"""Infills, misfits, mask and measured values, distance, and the scan's two lengths."""


class Features(NamedTuple):
    """Inputs of the generator.

    infills : candidates to be mixed, (B, INFILLS, H, W).
    channels : everything that the convolutions see, (B, CHANNELS, H, W).
    statistics : logarithms of the channels' root mean squares, (B, CHANNELS).
    """

    infills: Tensor
    channels: Tensor
    statistics: Tensor


class FeatureMaker(nn.Module):
    """Make the features of a partial scan; nothing here is learned."""

    @torch.no_grad()
    def forward(
        self, infill: Tensor, dwell: Tensor, distance: Tensor, kriged: Tensor
    ) -> Features:
        """Parameters as the generator's; float32 whatever the precision around it."""
        with torch.autocast(infill.device.type, enabled=False):
            return self._features(
                infill.float(), dwell.float(), distance.float(), kriged.float()
            )

    def _features(
        self, infill: Tensor, dwell: Tensor, distance: Tensor, kriged: Tensor
    ) -> Features:
        mask = (dwell > 0).float()
        gap = gap_length(distance)
        smoothed = [smooth(infill, share * gap) for share in SMOOTHED]
        best = smoothed[BEST]
        convolved = normalised_convolution(infill, mask, CONVOLVED * gap)
        infills = torch.cat([*smoothed, convolved, kriged, gaussian_blur(kriged)], dim=1)
        missed = (infill - torch.cat([best, kriged], dim=1)) * mask
        misfit = normalised_convolution(missed.square(), mask, 0.5 * gap).clamp_min(0).sqrt()
        coverage = mask.mean(dim=(1, 2, 3))
        scan = torch.stack([gap.log() - 3, coverage.log() + 3.5], dim=1)
        planes = scan[:, :, None, None].expand(-1, -1, *infill.shape[2:])
        others = infills - best
        others[:, BEST : BEST + 1] = best
        channels = torch.cat(
            [
                others,
                misfit,
                mask,
                missed,
                torch.exp(-distance),
                distance / gap[:, None, None, None],
                distance / (distance + 10),
                planes,
            ],
            dim=1,
        )
        statistics = (channels.square().mean(dim=(2, 3)).sqrt() + 0.01).log()
        return Features(infills, channels, statistics)
