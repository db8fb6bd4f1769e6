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
"""Which of them leaves the least error over scans and coverages: 0.3 gaps."""

CONVOLVED = 0.35
"""Standard deviation of the normalised convolution, over the gap length."""

SPECTRAL = ((0.6, 0.03, 0.8), (0.3, 0.09, 1.5), (0.3, 0.05, 1.0))
"""Of each spectral infill: the smoothing that it completes (over the gap), floor and tilt."""

SPARSE = 1 / 30
"""Coverage below which spectral infills take more projections and a wider margin."""

FOR_LINES, FOR_DOTS = len(SMOOTHED) + 1, len(SMOOTHED) + 2
"""Which infills leave the least error by themselves: for lines, and for separate dots."""

INFILLS = len(SMOOTHED) + 1 + len(SPECTRAL)
_PREFERENCE = 3.5
CHANNELS = INFILLS + (1 + len(SPECTRAL)) + 2 + 3 + 2
"""Infills, misfits, measured values and mask, distance, and the scan's two lengths."""


class Features(NamedTuple):
    """Inputs of the generator.

    infills : candidates to be mixed, (B, INFILLS, H, W).
    channels : everything that the convolutions see, (B, CHANNELS, H, W).
    statistics : logarithms of the channels' root mean squares, (B, CHANNELS).
    prior : logits of the mix before anything is learned, (B, INFILLS).
    """

    infills: Tensor
    channels: Tensor
    statistics: Tensor
    prior: Tensor


class FeatureMaker(nn.Module):
    """Make the features of a partial scan; nothing here is learned."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("settings", torch.tensor(SPECTRAL), persistent=False)

    @torch.no_grad()
    def forward(self, infill: Tensor, dwell: Tensor, distance: Tensor) -> Features:
        """Parameters as the generator's; float32 whatever the precision around it."""
        with torch.autocast(infill.device.type, enabled=False):
            return self._features(infill.float(), dwell.float(), distance.float())

    def _features(self, infill: Tensor, dwell: Tensor, distance: Tensor) -> Features:
        mask = (dwell > 0).float()
        gap = gap_length(distance)
        shares = (*SMOOTHED, *(base for base, _, _ in SPECTRAL))
        by_share = {share: smooth(infill, share * gap) for share in set(shares)}
        smoothed = [by_share[share] for share in SMOOTHED]
        best = smoothed[BEST]
        bases = torch.cat([by_share[base] for base, _, _ in SPECTRAL], dim=1)
        convolved = normalised_convolution(infill, mask, CONVOLVED * gap)
        spectral = self._spectral(infill, mask, bases)
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
        statistics = (channels.square().mean(dim=(2, 3)).sqrt() + 0.01).log()
        return Features(infills, channels, statistics, _prior(gap, coverage))

    def _spectral(self, infill: Tensor, mask: Tensor, bases: Tensor) -> Tensor:
        """Complete by sparse spectra, at half size, what the smoothed `bases` leave."""
        values, certainty = halve(infill, mask)
        bases = F.avg_pool2d(bases, 2)
        left = (values - bases) * certainty
        sparse = mask.mean(dim=(1, 2, 3), keepdim=True) < SPARSE
        found = self._found(left, certainty, sparse)
        size = infill.shape[2:]
        return F.interpolate(bases + found, size=size, mode="bilinear", align_corners=False)

    def _found(self, left: Tensor, certainty: Tensor, sparse: Tensor) -> Tensor:
        """Return the sparse spectra's share of the infills.

        Wide gaps take more projections to fill, which elsewhere complete noise: on 13 training
        images at 1/50 and 1/87 the mean of 30 and of 90 left 0 to 5 % less error than 30 alone,
        and a margin of 48 px in place of 16 another 0 to 3 %.
        """
        dense = None if sparse.all() else self._projected(left, certainty, 30, margin=16)
        if dense is not None and not sparse.any():
            return dense
        few, many = (self._projected(left, certainty, n, margin=48) for n in (30, 90))
        both = (few + many) / 2
        return both if dense is None else torch.where(sparse, both, dense)

    def _projected(
        self, left: Tensor, certainty: Tensor, iterations: int, margin: int
    ) -> Tensor:
        settings = self.get_buffer("settings")
        return spectral_infill(
            left,
            certainty,
            torch.zeros_like(left),
            floor=settings[:, 1],
            tilt=settings[:, 2],
            iterations=iterations,
            margin=margin,
        )


def _prior(gap: Tensor, coverage: Tensor) -> Tensor:
    """Prefer the spectral infill that suits the kind of scan.

    Gap length times coverage is 0.9 to 2 for lines, whatever their pitch, and 0.15 to 0.5 for
    dots, at coverages of 1/10 to 1/100. The preference is mild, as gradients vanish where a
    softmax is saturated.
    """
    lines = torch.sigmoid(10 * (torch.log(gap * coverage) + 0.42))
    prior = gap.new_zeros(len(gap), INFILLS)
    prior[:, FOR_LINES] = _PREFERENCE * lines
    prior[:, FOR_DOTS] = _PREFERENCE * (1 - lines)
    return prior
