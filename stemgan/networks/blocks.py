"""Building blocks of the generators."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_EPSILON = 1e-3
"""Below this square the channels of a pixel are left small: nothing is made of nothing."""


def normalised(x: Tensor) -> Tensor:
    """Divide by the root mean square over the channels of each pixel, (B, C, H, W).

    What blocks add is then bounded by their weights (Xiong et al., ICML 2020; Zhang & Sennrich,
    NeurIPS 2019), while x itself, which they add to, keeps the local contrast. Without it each
    block multiplies what it is given: ten of them once drove the inner stage so far below zero
    that it was silent for every scan, and learned no more.
    """
    wide = x.float()
    return (wide * torch.rsqrt(wide.square().mean(dim=1, keepdim=True) + _EPSILON)).to(x.dtype)


class ResidualBlock(nn.Module):
    """x + conv(silu(conv(x / rms))), 3 x 3, the second convolution starting at zero."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same, or to halved or doubled sides."""
        return x + self.second(F.silu(self.first(normalised(x))))


class SpectralBlock(nn.Module):
    """x + a pointwise network on the Fourier coefficients of x / rms: a global receptive field.

    After the fast Fourier convolutions of Chi, Jiang & Mu (NeurIPS 2020). Always in float32, as
    sums over a frame overflow half precision.
    """

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(channels, hidden, 1)
        self.mix = nn.Conv2d(2 * hidden, 2 * hidden, 1)
        self.out = nn.Conv2d(2 * hidden, 2 * hidden, 1)
        self.leave = nn.Conv2d(hidden, channels, 1)
        nn.init.zeros_(self.leave.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same, or to halved or doubled sides."""
        with torch.autocast(x.device.type, enabled=False):
            inner = F.silu(self.enter(normalised(x.float())))
            spectrum = torch.fft.rfft2(inner.contiguous(), norm="ortho")
            parts = torch.cat([spectrum.real, spectrum.imag], dim=1)
            parts = self.out(F.silu(self.mix(parts)))
            real, imaginary = parts.chunk(2, dim=1)
            mixed = torch.complex(real.contiguous(), imaginary.contiguous())
            back = torch.fft.irfft2(mixed, s=inner.shape[2:], norm="ortho")
            return x + self.leave(back)


def residual_blocks(channels: int, count: int) -> nn.Sequential:
    """Chain `count` residual blocks."""
    return nn.Sequential(*(ResidualBlock(channels) for _ in range(count)))


class Down(nn.Module):
    """Halve height and width by a strided 3 x 3 convolution."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same, or to halved or doubled sides."""
        return self.conv(x)


class Up(nn.Module):
    """Double height and width: a pointwise convolution, then pixels out of channels."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, 4 * after, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same, or to halved or doubled sides."""
        return F.pixel_shuffle(self.conv(x), 2)
