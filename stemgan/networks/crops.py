"""Random crops of reflect-padded images, brought to a small side: what discriminators judge."""

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:
    from stemgan.networks.discriminator import DiscriminatorConfig


def random_crop(
    images: Tensor, scale: int, place: Tensor, config: "DiscriminatorConfig"
) -> Tensor:
    """Cut squares of `scale` out of reflect-padded images, and bring them to the side.

    By two products with matrices that select or average rows and columns: this is exact, its
    gradient is summed in the same order every time, and no position leaves the device.

    Parameters
    ----------
    images : (B, C, H, W).
    scale : side of the crops [px].
    place : shares of the free room (y, x), (B, 2).
    """
    rows, columns = (
        _selection(images.shape[2 + axis], scale, place[:, axis], config) for axis in (0, 1)
    )
    with torch.autocast(images.device.type, enabled=False):
        return rows[:, None] @ images.float() @ columns[:, None].transpose(2, 3)


def _selection(length: int, scale: int, place: Tensor, config: "DiscriminatorConfig") -> Tensor:
    """Return matrices (B, side, length) whose rows average some pixels of an axis."""
    config.check(length)
    padding = config.reflected(length)
    room = length + 2 * padding - scale
    step = scale // config.side
    corner = (place.float() * (room + 1)).long().clamp_max(room)
    offsets = torch.arange(config.side, device=place.device) * step
    taken = 1 if config.resize == "decimate" else step
    offsets = offsets[:, None] + torch.arange(taken, device=place.device)
    at = (corner[:, None, None] + offsets - padding).abs()
    at = length - 1 - (length - 1 - at).abs()
    return F.one_hot(at, length).sum(dim=2).float() / taken
