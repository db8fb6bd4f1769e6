"""Discriminators of random crops at several scales (Ede & Beanland, Sci. Rep. 10, 8332, 2020).

One network for each scale judges a crop of the reflect-padded image, brought to a small side.
The score is the sum of the last layer: no dense layer, no normalisation of features.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stemgan.errors import InputError
from stemgan.networks.crops import random_crop

_SIDE = 4
_STRIDE = 2
_SLOPE = 0.2
_FIRST_GUESS = 0.03
_TINY = 1e-12


@dataclass(frozen=True)
class DiscriminatorConfig:
    """What the discriminators see, and their sizes; the defaults are the published ones.

    scales : sides of the crops [px], whole multiples of `side`.
    side : side that each crop is brought to [px].
    channels : of the images.
    widths : channels of the convolutions, each of which halves the side.
    spectral_norm : divide every kernel by its largest singular value.
    resize : "decimate" (every n-th row and column, as published) or "average".
    padding : what is reflected at every edge [px], at most what the image has.

    Raises
    ------
    InputError : a scale is no multiple of the side, or the side too small for the layers.
    """

    scales: tuple[int, ...] = (70, 140, 280)
    side: int = 70
    channels: int = 1
    widths: tuple[int, ...] = (64, 128, 256, 512)
    spectral_norm: bool = True
    resize: Literal["decimate", "average"] = "decimate"
    padding: int = 140

    def __post_init__(self) -> None:
        # Lists, as configurations have them, become tuples.
        object.__setattr__(self, "scales", tuple(self.scales))
        object.__setattr__(self, "widths", tuple(self.widths))
        wrong = [scale for scale in self.scales if scale < self.side or scale % self.side]
        if wrong or not self.scales:
            raise InputError(
                f"discriminator scales {self.scales}: give whole multiples of its side, "
                f"{self.side} px"
            )
        if self.resize not in ("decimate", "average"):
            raise InputError(f"discriminator resize {self.resize!r}: say decimate or average")
        left = self.side
        for _ in self.widths:
            left = (left - _SIDE) // _STRIDE + 1
        if left < 1 or not self.widths:
            raise InputError(
                f"discriminator side {self.side} px: too small for {len(self.widths)} widths, "
                "give a larger one or fewer of them"
            )

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "DiscriminatorConfig":
        """Make a config from what `to_dict` gave (lists for tuples, as JSON has it)."""
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return the sizes by name."""
        return asdict(self)

    def reflected(self, length: int) -> int:
        """Return what is reflected at each edge of images of `length` px."""
        return min(self.padding, length - 1)

    def check(self, length: int) -> None:
        """Refuse images of `length` px that a scale does not fit into.

        Raises
        ------
        InputError : the padded images are smaller than the largest scale.
        """
        scale = max(self.scales)
        if length + 2 * self.reflected(length) < scale:
            raise InputError(
                f"discriminator scale {scale} px does not fit into images of {length} px: "
                "give larger images or smaller scales"
            )


class Discriminators(nn.Module):
    """A discriminator for each scale; they share no weights."""

    def __init__(self, config: DiscriminatorConfig = DiscriminatorConfig()) -> None:
        super().__init__()
        self.config = config
        self.nets = nn.ModuleList(_discriminator(config) for _ in config.scales)

    def forward(self, images: Tensor, places: Tensor) -> Tensor:
        """Score one random crop of each image at each scale.

        Parameters
        ----------
        images : (B, channels, H, W).
        places : where the crops are: shares of the free room (y, x), in [0, 1),
            (B, scales, 2). The same places give the same crops of other images.

        Returns
        -------
        (B, scales) float32, unbounded; in training, each call is one power iteration.

        Raises
        ------
        InputError : the padded images are smaller than the largest scale.
        """
        crops = self.crops(images, places)
        return torch.stack([net(crop) for net, crop in zip(self.nets, crops, strict=True)], 1)

    def crops(self, images: Tensor, places: Tensor) -> list[Tensor]:
        """Return what each discriminator sees: (B, channels, side, side) for each scale."""
        return [
            random_crop(images, scale, places[:, which], self.config)
            for which, scale in enumerate(self.config.scales)
        ]


class SpectralConv(nn.Module):
    """Convolution 4 x 4 of stride 2 without padding, then a leaky rectifier of 0.2.

    The kernel W is divided by its largest singular value, v^T W u, found by power iteration
    (Miyato et al., ICLR 2018), one step for each call; in evaluation u is not kept.
    """

    def __init__(self, before: int, after: int, *, spectral_norm: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(after, before, _SIDE, _SIDE))
        self.bias = nn.Parameter(torch.zeros(after))
        nn.init.xavier_uniform_(self.weight)
        self.u: Tensor | None
        guess = _FIRST_GUESS * torch.randn(after) if spectral_norm else None
        self.register_buffer("u", guess)

    def kernel(self) -> Tensor:
        """Return the kernel that convolves, (after, before, 4, 4)."""
        if self.u is None:
            return self.weight
        matrix = self.weight.flatten(1)
        with torch.autocast(matrix.device.type, enabled=False):  # it must not be rounded
            with torch.no_grad():
                v = _unit(matrix.T @ self.u)
                u = _unit(matrix @ v)
                if self.training:
                    self.u.copy_(u)
            return self.weight / (u @ (matrix @ v))

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (B, before, H, W) to (B, after, H // 2 - 1, W // 2 - 1) or so."""
        x = F.conv2d(x, self.kernel(), self.bias, stride=_STRIDE)
        return F.leaky_relu(x, _SLOPE)


class _Sum(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        """Sum (B, C, H, W) to (B,), in float32."""
        return x.float().sum(dim=(1, 2, 3))


def _discriminator(config: DiscriminatorConfig) -> nn.Sequential:
    steps = zip((config.channels, *config.widths), config.widths, strict=False)
    normed = config.spectral_norm
    layers = (SpectralConv(a, b, spectral_norm=normed) for a, b in steps)
    return nn.Sequential(*layers, _Sum())


def _unit(vector: Tensor) -> Tensor:
    return vector / vector.square().sum().clamp_min(_TINY).sqrt()
