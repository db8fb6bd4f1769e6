"""A plain U-Net that is told the mask: what anybody would train first."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stemgan.infill import gaussian_blur
from stemgan.networks import Completion
from stemgan.networks.config import DEFAULT

WIDTHS = (16, 32, 64, 128, 256)
_GROUPS = 8


class UNet(nn.Module):
    """Ronneberger et al. (MICCAI 2015): two convolutions a level, skips, an image out.

    It sees the nearest infill, the mask and d / (d + 10) of the distance d. It answers all that
    the training wants: an image of each truth, their deviations, and a half-size image from the
    decoder's features at half size.

    Parameters
    ----------
    kriged : whether it sees the kriged infill too, and its image is added to that.
    normalised : whether each convolution is followed by group normalisation.
    widths : channels from full size on, each level at half the size of the one before.
    """

    config = DEFAULT  # what training asks of a generator: no noise

    def __init__(
        self, *, kriged: bool, normalised: bool, widths: tuple[int, ...] = WIDTHS
    ) -> None:
        super().__init__()
        self.kriged, self.stride = kriged, 2 ** (len(widths) - 1)
        pairs = list(pairwise(widths))
        self.enter = _level(3 + kriged, widths[0], normalised)
        self.down = nn.ModuleList([_level(a, b, normalised) for a, b in pairs])
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in pairs)
        self.back = nn.ModuleList(_level(2 * a, a, normalised) for a, _ in pairs)
        self.leave = nn.Conv2d(widths[0], 4, 1)
        self.auxiliary = nn.Conv2d(widths[1], 1, 1)
        if kriged:  # begins as the shipped generator does, at the kriged infills
            for head in (self.leave, self.auxiliary):
                nn.init.zeros_(head.weight)
                nn.init.zeros_(head.bias)  # type: ignore[arg-type]

    def forward(
        self,
        infill: Tensor,
        dwell: Tensor,
        distance: Tensor,
        kriged: Tensor,
        noise: Tensor | None = None,
    ) -> Completion:
        """Complete; see `stemgan.networks.Generator`."""
        height, width = infill.shape[2:]
        seen = [infill, (dwell > 0).float(), distance / (distance + 10)]
        planes = torch.cat([*seen, kriged] if self.kriged else seen, dim=1)
        pad = (0, -width % self.stride, 0, -height % self.stride)
        full, half = self._decoded(F.pad(planes, pad, mode="replicate"))
        left = self.leave(full)[..., :height, :width]
        image, raw, std, raw_std = left.chunk(4, dim=1)
        half = self.auxiliary(half)[..., : height // 2, : width // 2]
        if self.kriged:
            image, raw = gaussian_blur(kriged) + image, kriged + raw
            half = F.avg_pool2d(kriged, 2) + half
        return Completion(image, raw, (std - 2).clamp(-8, 4), (raw_std - 2).clamp(-8, 4), half)

    def _decoded(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        """Return features at full and at half size."""
        levels = [self.enter(planes)]
        for level in self.down:
            levels.append(level(F.max_pool2d(levels[-1], 2)))
        x = half = levels.pop()
        steps = reversed(list(zip(self.up, self.back, levels, strict=True)))
        for up, back, skipped in steps:
            half, x = x, back(torch.cat([skipped, up(x)], dim=1))
        return x, half


def _level(before: int, after: int, normalised: bool) -> nn.Sequential:
    return nn.Sequential(
        *_convolution(before, after, normalised), *_convolution(after, after, normalised)
    )


def _convolution(before: int, after: int, normalised: bool) -> list[nn.Module]:
    norm = [nn.GroupNorm(min(_GROUPS, after), after)] if normalised else []
    return [nn.Conv2d(before, after, 3, padding=1), *norm, nn.SiLU()]
