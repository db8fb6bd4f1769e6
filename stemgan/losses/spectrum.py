"""Radial power spectra of images, and how far two are apart.

The image less its mean, times a Hann window (an image's edges would otherwise leak into high
frequencies), is Fourier transformed; its power is averaged over rings of frequency. Ring k
holds |f| from (k - 1/2) / n to (k + 1/2) / n [cycles/px], n the shorter side; from ring 1 to
the Nyquist frequency of 1/2.
"""

from functools import lru_cache

import torch
from torch import Tensor

_FLOOR = 1e-10
"""Power below this share of the truth's mean power is rounding."""
_ROUNDING = 1e-12
"""Power below this is rounding too, on a scale of about 1: an empty field has no more."""


def log_spectrum(image: Tensor, target: Tensor, *, above: float = 0.0) -> Tensor:
    """Mean over rings of |ln P_x - ln P_t| for each sample, (B,).

    Parameters
    ----------
    image, target : x and t, (B, 1, H, W), on the same scale; sides of 8 px or more.
    above : rings are counted from this share of the Nyquist frequency on; the metric of how
        much texture is there counts from 0.5.

    Returns
    -------
    The mean, (B,) float32; 0 for an image whose power is right at every frequency, 1.4 for one
    with half of the truth's amplitude.
    """
    truth = radial_power(target)
    floor = _FLOOR * truth.mean(1, keepdim=True) + _ROUNDING
    ratio = (radial_power(image) + floor).log() - (truth + floor).log()
    rings = torch.arange(1, ratio.shape[1] + 1, device=ratio.device)
    return ratio[:, rings > above * ratio.shape[1]].abs().mean(1)


def radial_power(image: Tensor) -> Tensor:
    """Mean power in rings of frequency, (B, rings), of images (B, 1, H, W); float32."""
    height, width = image.shape[-2:]
    with torch.autocast(image.device.type, enabled=False):
        image = image[:, 0].float()
        windowed = (image - image.mean(dim=(1, 2), keepdim=True)) * _window(
            height, width, image.device
        )
        power = torch.fft.rfft2(windowed, norm="ortho").abs().square().flatten(1)
        ring, weight, total = _rings(height, width, image.device)
        sums = power.new_zeros(len(image), len(total)).index_add(1, ring, power * weight)
        return (sums / total)[:, 1:-1]


def _window(height: int, width: int, device: torch.device) -> Tensor:
    rows, columns = (torch.hann_window(n, device=device) for n in (height, width))
    return rows[:, None] * columns


@lru_cache(maxsize=8)
@torch.inference_mode(mode=False)  # what validation makes, training may use
def _rings(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Give ring and multiplicity of each value of a real transform, and the rings' sizes.

    The last ring gathers the corners beyond the Nyquist frequency.
    """
    rows, columns = torch.fft.fftfreq(height), torch.fft.rfftfreq(width)
    side = min(height, width)
    ring = (torch.hypot(rows[:, None], columns) * side).round().long()
    ring = ring.clamp_max(side // 2 + 1).flatten()
    weight = torch.full((height, width // 2 + 1), 2.0)
    weight[:, 0] = 1
    if width % 2 == 0:
        weight[:, -1] = 1
    weight = weight.flatten()
    total = torch.zeros(side // 2 + 2).index_add(0, ring, weight)
    return ring.to(device), weight.to(device), total.to(device)
