"""The two-stage generator: an inner stage at half size, an outer one at full size.

The completion is a convex mix of infills plus a residual,

    x = sum_k softmax(a)_k f_k + r,

so that the untrained network is already near the best infill, kriging with the scan's own
spectrum, and training only has to learn what no stationary linear method knows: edges,
particles, borders (Ede & Beanland 2020 for the two stages and the auxiliary head; the mix
replaces their single nearest infill).
"""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stemgan.networks.blocks import Down, SpectralBlock, Up, residual_blocks
from stemgan.networks.features import (
    BEST,
    CHANNELS,
    INFILLS,
    FeatureMaker,
    Features,
)

_GAIN = 4.0
"""Logits are steps of a softmax: this brings their gradients to those of the residual."""

_GATE_WIDTH = 64


class Completion(NamedTuple):
    """What the generator returns.

    image : completion in the input's scale, (B, 1, H, W).
    log_std : logarithm of the standard deviation of its error against the blurred truth.
    half : the auxiliary head's completion at half size, (B, 1, H // 2, W // 2).
    """

    image: Tensor
    log_std: Tensor
    half: Tensor


@dataclass(frozen=True)
class GeneratorConfig:
    """Sizes of the generator.

    widths : channels of the inner stage at 1/4, 1/8 and 1/16 of the image's size.
    depths : residual blocks there, on the way down and (but for the last) up again.
    half_width : channels that the inner stage gives at half size.
    outer_width : channels of the outer stage.
    spectral : hidden channels of the spectral blocks.
    """

    widths: tuple[int, int, int] = (48, 96, 128)
    depths: tuple[int, int, int] = (2, 2, 3)
    half_width: int = 16
    outer_width: int = 16
    spectral: int = 32

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "GeneratorConfig":
        """Make a config from what `to_dict` gave (lists for tuples, as JSON has it)."""
        sizes: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.items()
        }
        return cls(**sizes)

    def to_dict(self) -> dict[str, Any]:
        """Return the sizes by name."""
        return asdict(self)


class Generator(nn.Module):
    """Complete a partial scan of any path and coverage."""

    STRIDE = 16

    def __init__(self, config: GeneratorConfig = GeneratorConfig()) -> None:
        super().__init__()
        self.config = config
        self.features = FeatureMaker()
        self.inner = InnerStage(config)
        self.outer = OuterStage(config)

    def forward(
        self, infill: Tensor, dwell: Tensor, distance: Tensor, kriged: Tensor
    ) -> Completion:
        """Complete.

        Parameters
        ----------
        infill : nearest infill of the measured values, scaled to about [-1, 1], (B, 1, H, W).
        dwell : dwell map, 0 where unmeasured, (B, 1, H, W).
        distance : distance to the nearest measured pixel [px], (B, 1, H, W).
        kriged : completion by a Gaussian process (`stemgan.baselines.gaussian_process`), scaled
            like `infill`, (B, 1, H, W).

        Returns
        -------
        Completion; H and W are any of at least 8 px.
        """
        height, width = infill.shape[2:]
        features = self._padded(self.features(infill, dwell, distance, kriged))
        inner, half = self.inner(features)
        image, log_std = self.outer(features, inner)
        return Completion(
            image[..., :height, :width],
            log_std[..., :height, :width],
            half[..., : height // 2, : width // 2],
        )

    def _padded(self, features: Features) -> Features:
        height, width = features.infills.shape[2:]
        pad = (0, -width % self.STRIDE, 0, -height % self.STRIDE)
        if not any(pad):
            return features
        return Features(
            F.pad(features.infills, pad, mode="replicate"),
            F.pad(features.channels, pad, mode="replicate"),
            features.statistics,
            features.prior,
        )


class Gate(nn.Module):
    """Logits of the mix for a whole image, from what its features are like on the average."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Linear(CHANNELS, _GATE_WIDTH)
        self.leave = nn.Linear(_GATE_WIDTH, INFILLS)
        _start_at_zero(self.leave)

    def forward(self, features: Features) -> Tensor:
        """Return logits (B, INFILLS, 1, 1), the prior included."""
        learned = self.leave(F.silu(self.enter(features.statistics))).float()
        return (features.prior + _GAIN * learned)[:, :, None, None]


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
        self.gate = Gate()
        self.head = nn.Conv2d(config.half_width, INFILLS + 1, 1)
        _start_at_zero(self.head)

    def forward(self, inputs: Features) -> tuple[Tensor, Tensor]:
        """Return features (B, half_width, H / 2, W / 2) and the half-size completion."""
        at_half = F.avg_pool2d(inputs.channels, 2)
        a = self.blocks_a(self.down_a(at_half))
        b = self.spectral_b(self.blocks_b(self.down_b(a)))
        c = self.spectral_c(self.blocks_c(self.down_c(b)))
        b = self.return_b(b + self.up_b(c))
        a = self.return_a(a + self.up_a(b))
        features = F.silu(self.up_half(a))
        logits, residual = self.head(features).float().split([INFILLS, 1], dim=1)
        logits = _GAIN * logits + self.gate(inputs)
        return features, _mixed(_infills_of(at_half), logits) + residual


class OuterStage(nn.Module):
    """Full-size detail: mixing weights, residual and uncertainty."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        width = config.outer_width
        self.gate = Gate()
        self.enter = nn.Conv2d(CHANNELS, width, 3, padding=1)
        self.inner = nn.Conv2d(config.half_width, width, 1)
        self.middle = nn.Conv2d(width, width, 3, padding=1)
        self.head = nn.Conv2d(width, INFILLS + 2, 1)
        _start_at_zero(self.head)

    def forward(self, features: Features, inner: Tensor) -> tuple[Tensor, Tensor]:
        """Return the completion and the logarithm of its error's standard deviation."""
        size = features.channels.shape[2:]
        up = F.interpolate(self.inner(inner), size=size, mode="bilinear", align_corners=False)
        hidden = F.silu(self.enter(features.channels) + up)
        hidden = F.silu(self.middle(hidden) + hidden)
        out = self.head(hidden).float()
        logits, residual, log_std = out.split([INFILLS, 1, 1], dim=1)
        logits = _GAIN * logits + self.gate(features)
        # Errors of some percent of the range are what untrained networks make.
        return _mixed(features.infills, logits) + residual, (log_std - 2).clamp(-8, 4)


def _mixed(infills: Tensor, logits: Tensor) -> Tensor:
    return (torch.softmax(logits, dim=1) * infills).sum(dim=1, keepdim=True)


def _infills_of(channels: Tensor) -> Tensor:
    """Undo the features' differences to the best infill."""
    infills = channels[:, :INFILLS].float()
    best = infills[:, BEST : BEST + 1]
    infills = infills + best
    infills[:, BEST : BEST + 1] = best
    return infills


def _start_at_zero(head: nn.Module) -> None:
    """Let an untrained head say nothing."""
    for parameter in head.parameters():
        nn.init.zeros_(parameter)
