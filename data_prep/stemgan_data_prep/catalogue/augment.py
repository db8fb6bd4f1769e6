"""Pictures as a network is shown them: shrunk, and in training turned, moved and changed.

What happens to a picture follows from its key, the seed and the epoch alone, so that a batch is
the same however it is shared out over processes.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from stemgan.errors import check_number

_STREAMS = 100
"""From which numbers are drawn, apart from those of other uses of the same keys."""


@dataclass(frozen=True)
class Augmentation:
    """How pictures are changed in training; 0 and False leave a thing as it is.

    Attributes
    ----------
    flips : whether half of the pictures are mirrored.
    quarter_turns : whether they are turned by 0, 90, 180 or 270 degrees alike.
    rotation : up to so much, either way [degrees].
    scale : up to so much larger or smaller, as a share: 0.15 for 1/1.15 to 1.15.
    shift : up to so far along each axis, as a share of the side.
    brightness : up to so much brighter or darker, of the range.
    contrast : up to so much more or less, as a share, about the picture's mean.
    gamma : exponent up to 1 + gamma, or down to its inverse.
    blur : standard deviation of a Gaussian up to so much [px] of the result.
    noise : standard deviation of white noise up to so much of the range.
    """

    flips: bool = True
    quarter_turns: bool = True
    rotation: float = 15.0
    scale: float = 0.15
    shift: float = 0.08
    brightness: float = 0.1
    contrast: float = 0.2
    gamma: float = 0.2
    blur: float = 0.7
    noise: float = 0.05

    def __post_init__(self) -> None:
        check_number("rotation", self.rotation, 0, 180)
        for name in ("scale", "gamma", "blur", "noise"):
            check_number(name, getattr(self, name), 0, 10)
        for name in ("shift", "brightness", "contrast"):
            check_number(name, getattr(self, name), 0, 1)


def plain(batch: Tensor, side: int) -> Tensor:
    """Shrink pictures, antialiased, as they are evaluated.

    Parameters
    ----------
    batch : (B, S0, S0) uint8, on any device.
    side : of the result [px].

    Returns
    -------
    (B, 1, side, side) float32 in [0, 1].
    """
    images = batch[:, None].float() / 255
    if images.shape[-1] == side:
        return images
    resized = F.interpolate(images, (side, side), mode="bicubic", antialias=True)
    return resized.clamp(0, 1)


@torch.no_grad()
def augmented(
    batch: Tensor,
    side: int,
    keys: Tensor,
    settings: Augmentation | None = None,
    *,
    seed: int = 0,
    epoch: int = 0,
) -> Tensor:
    """Shrink pictures and change them at random, each in its own way.

    Parameters
    ----------
    batch : (B, S0, S0) uint8, on any device.
    side : of the result [px].
    keys : one for each picture, (B,) int64, on the same device.
    settings : how much.
    seed, epoch : other ones, other changes of the same picture.

    Returns
    -------
    (B, 1, side, side) float32 in [0, 1].
    """
    settings = settings or Augmentation()
    draws = _Draws(keys, seed, epoch)
    with torch.autocast(batch.device.type, enabled=False):
        images = _moved(plain(batch, side), draws, settings)
        images = _relit(images, draws, settings)
        if settings.blur:
            images = _blurred(images, settings.blur * draws.shares(), settings.blur)
        if settings.noise:
            amount = settings.noise * draws.shares().view(-1, 1, 1, 1)
            images = images + amount * draws.normal(images.shape[1:])
        return images.clamp(0, 1)


class _Draws:
    """Random numbers of each picture, another stream at every call."""

    def __init__(self, keys: Tensor, seed: int, epoch: int) -> None:
        mixed = np.random.SeedSequence((seed, epoch)).generate_state(1, np.uint64)
        self.keys, self.stream = keys + int(mixed.astype(np.int64)[0]), _STREAMS

    def shares(self) -> Tensor:
        """Draw from [0, 1), (B,)."""
        from stemgan.training.randomness import uniform  # brings the training framework

        self.stream += 1
        return uniform(self.keys, (1,), self.stream)[:, 0]

    def signed(self) -> Tensor:
        """Draw from [-1, 1), (B,)."""
        return 2 * self.shares() - 1

    def normal(self, shape: torch.Size) -> Tensor:
        """Draw standard normal numbers, (B, *shape)."""
        from stemgan.training.randomness import normal

        self.stream += 1
        return normal(self.keys, shape, self.stream)


def _moved(images: Tensor, draws: _Draws, settings: Augmentation) -> Tensor:
    """Mirror, turn, scale and shift at one go, so that pixels are interpolated once."""
    turns = (4 * draws.shares()).floor() if settings.quarter_turns else 0 * draws.shares()
    angle = turns * (math.pi / 2) + draws.signed() * math.radians(settings.rotation)
    zoom = (draws.signed() * math.log1p(settings.scale)).exp()
    mirror = torch.where(draws.shares() < 0.5, -1.0, 1.0) if settings.flips else 1.0
    across, down = 2 * settings.shift * draws.signed(), 2 * settings.shift * draws.signed()
    cosine, sine = angle.cos() * zoom, angle.sin() * zoom
    rows = [cosine * mirror, -sine, across, sine * mirror, cosine, down]
    matrices = torch.stack(rows, dim=1).reshape(-1, 2, 3)
    places = F.affine_grid(matrices, list(images.shape), align_corners=False)
    return F.grid_sample(
        images, places, mode="bicubic", padding_mode="reflection", align_corners=False
    ).clamp(0, 1)


def _relit(images: Tensor, draws: _Draws, settings: Augmentation) -> Tensor:
    def each(values: Tensor) -> Tensor:
        return values.view(-1, 1, 1, 1)

    images = images ** each((draws.signed() * math.log1p(settings.gamma)).exp())
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    images = mean + (images - mean) * each(1 + settings.contrast * draws.signed())
    return (images + each(settings.brightness * draws.signed())).clamp(0, 1)


def _blurred(images: Tensor, widths: Tensor, most: float) -> Tensor:
    """Convolve each picture with its own Gaussian, first along rows, then along columns."""
    count, _, height, width = images.shape
    radius = min(math.ceil(3 * most), height - 1)
    offsets = torch.arange(-radius, radius + 1, device=images.device)
    kernels = (-0.5 * (offsets / widths.clamp(min=1e-3)[:, None]) ** 2).exp()
    kernels = kernels / kernels.sum(dim=1, keepdim=True)
    padded = F.pad(images, [radius] * 4, mode="reflect")
    planes = padded.view(1, count, height + 2 * radius, width + 2 * radius)
    planes = F.conv2d(planes, kernels.view(count, 1, 1, -1), groups=count)
    planes = F.conv2d(planes, kernels.view(count, 1, -1, 1), groups=count)
    return planes.view(count, 1, height, width)
