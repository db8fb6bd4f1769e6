"""Residual blocks of other architectures, for the inner stage."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

from stemgan.networks import Generator
from stemgan.networks.blocks import ResidualBlock


class ConvNeXtBlock(nn.Module):
    """x + W (gelu(V norm(depthwise 7 x 7 of x))) (Liu et al., CVPR 2022)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.spread = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.widen = nn.Conv2d(channels, 4 * channels, 1)
        self.narrow = nn.Conv2d(4 * channels, channels, 1)
        nn.init.zeros_(self.narrow.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same."""
        inner = _normalised(self.norm, self.spread(x))
        return x + self.narrow(F.gelu(self.widen(inner)))


class NAFBlock(nn.Module):
    """Two gated residual steps, with attention over channels (Chen et al., ECCV 2022)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        double = 2 * channels
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(2))
        self.widen = nn.ModuleList(nn.Conv2d(channels, double, 1) for _ in range(2))
        self.narrow = nn.ModuleList(nn.Conv2d(channels, channels, 1) for _ in range(2))
        self.spread = nn.Conv2d(double, double, 3, padding=1, groups=double)
        self.attend = nn.Conv2d(channels, channels, 1)
        for layer in self.narrow:
            nn.init.zeros_(layer.weight)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same."""
        a, b = self.spread(self.widen[0](_normalised(self.norms[0], x))).chunk(2, dim=1)
        gated = a * b
        x = x + self.narrow[0](gated * self.attend(gated.mean(dim=(2, 3), keepdim=True)))
        a, b = self.widen[1](_normalised(self.norms[1], x)).chunk(2, dim=1)
        return x + self.narrow[1](a * b)


def _normalised(norm: nn.Module, x: Tensor) -> Tensor:
    return norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def with_blocks(block: Callable[[int], nn.Module]) -> Callable[[Generator], None]:
    """Put other blocks in place of the inner stage's residual ones."""

    def change(generator: Generator) -> None:
        for name, child in generator.inner.named_children():
            if isinstance(child, nn.Sequential):
                blocks = [b for b in child if isinstance(b, ResidualBlock)]
                widths = [b.first.in_channels for b in blocks]
                setattr(generator.inner, name, nn.Sequential(*map(block, widths)))

    return change
