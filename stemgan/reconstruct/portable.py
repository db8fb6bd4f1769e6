"""The generators as other runtimes can run them: any shape, and no operation that few know.

ONNX's discrete Fourier transform is missing or restricted in most runtimes, so that the
spectral blocks' transforms become products with matrices of waves: they act on 1/8 and 1/16 of
a frame, where these cost little.
"""

import copy
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stemgan.networks import Ede2020Generator, Generator
from stemgan.networks.blocks import SpectralBlock, normalised
from stemgan.networks.features import MISFIT, Features


class PortableGenerator(nn.Module):
    """A generator that pads by indices and transforms by matrices, so that it can be traced.

    generator : whose weights it shares a copy of.
    """

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = copy.deepcopy(generator).eval()
        inner = self.generator.inner
        for name in ("spectral_b", "spectral_c"):
            setattr(inner, name, MatrixSpectralBlock(getattr(inner, name)))

    def forward(
        self,
        infill: Tensor,
        dwell: Tensor,
        distance: Tensor,
        kriged: Tensor,
        noise: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        """Return image, raw, and their standard deviations, of a generator's inputs.

        (B, 1, H, W) each; without `raw` where that is the same image.
        """
        own = self.generator
        features = own.features(infill, dwell, distance, kriged)
        rows, columns = (_clamped(n, own.STRIDE) for n in infill.shape[2:])
        padded = Features(
            _taken(features.infills, rows, columns),
            _taken(features.channels, rows, columns),
            features.statistics,
        )
        texture = None
        if noise is not None:
            inside = _inside(rows)[:, None] & _inside(columns)
            noise = torch.where(inside, _taken(noise, rows, columns), 0.0)
            texture = noise * padded.channels[:, MISFIT : MISFIT + 1]
        inner, _ = own.inner(padded, texture)
        made = own.outer(padded, inner, texture)
        images = (made.image,) if made.raw is made.image else (made.image, made.raw)
        height, width = infill.shape[2:]
        found = (*images, made.log_std.exp(), made.raw_log_std.exp())
        return tuple(each[..., :height, :width] for each in found)


class PortableEde2020(nn.Module):
    """The 2020 generator, for frames of any shape.

    generator : whose weights it shares a copy of.
    """

    def __init__(self, generator: Ede2020Generator) -> None:
        super().__init__()
        self.generator = copy.deepcopy(generator).eval()

    def forward(self, scan: Tensor) -> Tensor:
        """Return the image, (B, 1, H, W), of what `ede2020_input` makes, (B, 1, H, W)."""
        rows, columns = (_clamped(n, self.generator.STRIDE) for n in scan.shape[2:])
        image = self.generator(_taken(scan, rows, columns)).image
        return image[..., : scan.shape[2], : scan.shape[3]]


class MatrixSpectralBlock(nn.Module):
    """A spectral block whose transforms are products with matrices.

    block : whose weights it shares.
    """

    def __init__(self, block: SpectralBlock) -> None:
        super().__init__()
        self.enter, self.mix = block.enter, block.mix
        self.out, self.leave = block.out, block.leave

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same."""
        inner = F.silu(self.enter(normalised(x)))
        height, width = inner.shape[2:]
        half = width // 2 + 1
        cos_y, sin_y = _waves(height, height)
        cos_x, sin_x = _waves(half, width)
        real, imaginary = inner @ cos_x.T, -(inner @ sin_x.T)
        real, imaginary = (
            cos_y @ real + sin_y @ imaginary,
            cos_y @ imaginary - sin_y @ real,
        )
        # Unitary, as torch.fft's "ortho".
        scale = (_number(height) * _number(width)).float().rsqrt()
        parts = torch.cat([real, imaginary], dim=1) * scale
        real, imaginary = self.out(F.silu(self.mix(parts))).chunk(2, dim=1)
        real, imaginary = (
            cos_y.T @ real - sin_y.T @ imaginary,
            cos_y.T @ imaginary + sin_y.T @ real,
        )
        # Waves that a real transform leaves out are the mirror images of those that it gives.
        wave = torch.arange(half)
        once = (wave == 0) | (2 * wave == width)
        weight = torch.where(once, 1.0, 2.0) * scale
        return x + self.leave((real * weight) @ cos_x - (imaginary * weight) @ sin_x)


def _waves(count: int, length: int) -> tuple[Tensor, Tensor]:
    """Return cosines and sines of `count` waves over `length` pixels, (count, length) each."""
    periods = torch.arange(count)[:, None] * torch.arange(length)[None]
    size = _number(length)
    angle = torch.remainder(periods, size).float() * (2 * math.pi / size.float())
    return angle.cos(), angle.sin()


def _number(length: int) -> Tensor:
    """Make a tensor of a side's length, (1,), that stays open when the side is."""
    return torch.full((1,), length, dtype=torch.int64)


def _clamped(length: int, stride: int) -> Tensor:
    """Return the numbers of a side's pixels, the last again until a stride divides them."""
    return torch.arange((length + stride - 1) // stride * stride).clamp(max=length - 1)


def _inside(numbers: Tensor) -> Tensor:
    """Tell which of `_clamped` numbers are the first of their kind."""
    return torch.arange(numbers.shape[0]) == numbers


def _taken(planes: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    return planes.index_select(2, rows).index_select(3, columns)
