"""The generator's two stages: what each makes of the features of a partial scan."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stemgan.networks.blocks import Down, SpectralBlock, Up, normalised, residual_blocks
from stemgan.networks.config import GeneratorConfig
from stemgan.networks.features import BEST, BLURRED, CHANNELS, INFILLS, KRIGED, Features
from stemgan.networks.mix import Mix, start_at_zero

_SIDE = 7
_WIDTHS = (0.0, 0.7, 1.2, 2.0)
"""Side and standard deviations of the kernels that noise is filtered by, at first [px]."""


class InnerStage(nn.Module):
    """Large-scale features from the half-size image, and the auxiliary half-size completion."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        a, b, c = config.widths
        self.down_a = Down(CHANNELS, a)
        self.blocks_a = residual_blocks(a, config.depths[0])
        self.down_b = Down(a, b)
        self.blocks_b = residual_blocks(b, config.depths[1])
        self.spectral_b = SpectralBlock(b, config.spectral)
        self.down_c = Down(b, c)
        self.blocks_c = residual_blocks(c, config.depths[2])
        self.spectral_c = SpectralBlock(c, config.spectral)
        self.up_b = Up(c, b)
        self.return_b = residual_blocks(b, config.depths[1])
        self.up_a = Up(b, a)
        self.return_a = residual_blocks(a, config.depths[0])
        self.up_half = Up(a, config.half_width)
        self.blurred = Mix(config.half_width, BLURRED)
        self.noise = _noise_entry(config.noise, a, stride=2)

    def forward(self, inputs: Features, texture: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return features (B, half_width, H / 2, W / 2) and the half-size completion."""
        at_half = F.avg_pool2d(inputs.channels, 2)
        a = self.down_a(at_half)
        if self.noise is not None and texture is not None:
            # Twice the mean of four, so that white noise keeps its deviation.
            a = a + self.noise(2 * F.avg_pool2d(texture, 2))
        a = self.blocks_a(a)
        b = self.spectral_b(self.blocks_b(self.down_b(a)))
        c = self.spectral_c(self.blocks_c(self.down_c(b)))
        b = self.return_b(b + self.up_b(c))
        a = self.return_a(a + self.up_a(b))
        features = F.silu(self.up_half(normalised(a)))
        return features, self.blurred(inputs, features, _infills_of(at_half))


class Completed(NamedTuple):
    """What the outer stage makes of a scan, (B, 1, H, W) each.

    image, raw : completions of the blurred and of the raw truth; with texture, that twice.
    log_std, raw_log_std : logarithms of their errors' standard deviations.
    """

    image: Tensor
    raw: Tensor
    log_std: Tensor
    raw_log_std: Tensor


class OuterStage(nn.Module):
    """Full-size detail: the completions and their uncertainty.

    One mix completes the blurred truth, another one the raw truth; texture is added to that.
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        width = config.outer_width
        self.enter = nn.Conv2d(CHANNELS, width, 3, padding=1)
        self.inner = nn.Conv2d(config.half_width, width, 1)
        self.middle = nn.Conv2d(width, width, 3, padding=1)
        self.blurred = Mix(width, BLURRED)
        self.raw = Mix(width, KRIGED)
        self.deviation = nn.Conv2d(width, 2, 1)
        start_at_zero(self.deviation)
        self.noise = _noise_entry(config.noise, width)
        self.texture = Texture(config.noise, width) if config.noise else None

    def forward(
        self, features: Features, inner: Tensor, texture: Tensor | None = None
    ) -> Completed:
        """Complete at full size."""
        size = features.channels.shape[2:]
        up = F.interpolate(self.inner(inner), size=size, mode="bilinear", align_corners=False)
        entered = self.enter(features.channels) + up
        if self.noise is not None and texture is not None:
            entered = entered + self.noise(texture)
        hidden = F.silu(entered)
        hidden = F.silu(self.middle(hidden) + hidden)
        raw = self.raw(features, hidden, features.infills)
        if self.texture is not None and texture is not None:
            image = raw = raw + self.texture(texture, hidden)
        else:
            image = self.blurred(features, hidden, features.infills)
        # Errors of some percent of the range are what untrained networks make.
        log_std, raw_log_std = (self.deviation(hidden).float() - 2).clamp(-8, 4).chunk(2, dim=1)
        return Completed(image, raw, log_std, raw_log_std)


class Texture(nn.Module):
    """sum_k (e_k + g_k) (n * w_k): noise n filtered by kernels w, g by what is seen around.

    It starts as the white noise that the misfit tells of (e is 1 for the first kernel, a point,
    and 0 for the others, which are wider and wider): a completion plus noise of the scan's own
    strength is already more like a micrograph than the completion alone.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.kernels = nn.Conv2d(
            channels,
            len(_WIDTHS),
            _SIDE,
            padding=_SIDE // 2,
            padding_mode="reflect",
            bias=False,
        )
        self.gain = nn.Conv2d(width, len(_WIDTHS), 1)
        start_at_zero(self.gain)
        with torch.no_grad():
            self.kernels.weight.zero_()
            for kernel, sigma in zip(self.kernels.weight, _WIDTHS, strict=True):
                kernel[0] = _gaussian(sigma)

    def forward(self, texture: Tensor, hidden: Tensor) -> Tensor:
        """Return the texture, (B, 1, H, W), of scaled noise and the features around it."""
        gain = self.gain(hidden)
        gain = torch.cat([1 + gain[:, :1], gain[:, 1:]], dim=1)
        return (gain * self.kernels(texture)).float().sum(dim=1, keepdim=True)


def _gaussian(sigma: float) -> Tensor:
    """Return a kernel that keeps the deviation of white noise; a point for 0."""
    at = torch.arange(_SIDE) - _SIDE // 2
    line = torch.exp(-0.5 * (at / max(sigma, 1e-3)).square())
    kernel = line[:, None] * line
    return kernel / kernel.square().sum().sqrt()


def _noise_entry(channels: int, width: int, stride: int = 1) -> nn.Conv2d | None:
    """Make the convolution by which noise enters: it starts at zero, and changes nothing."""
    if not channels:
        return None
    entry = nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False)
    start_at_zero(entry)
    return entry


def _infills_of(channels: Tensor) -> Tensor:
    """Undo the features' differences to the best infill."""
    infills = channels[:, :INFILLS].float()
    best = infills[:, BEST : BEST + 1]
    infills = infills + best
    infills[:, BEST : BEST + 1] = best
    return infills
