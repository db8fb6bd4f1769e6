"""The two-stage generator: an inner stage at half size, an outer one at full size.

It completes the blurred and the raw truth, each by a mix of infills (`mix.py`) that begins at
kriging with the scan's own spectrum, blurred or as it is, so that training only has to learn
what no stationary linear method knows: edges, particles, borders (Ede & Beanland 2020 for the
two stages and the auxiliary head; the mix replaces their single nearest infill). Trained
against discriminators it may also be given white noise, scaled by the local misfit, out of
which it makes the texture that no scan can tell.
"""

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from stemgan.networks.config import DEFAULT, GeneratorConfig
from stemgan.networks.features import MISFIT, FeatureMaker, Features
from stemgan.networks.stages import InnerStage, OuterStage


class Completion(NamedTuple):
    """What a generator returns.

    image : completion of the blurred truth in the input's scale, (B, 1, H, W); with texture,
        that of the raw truth.
    raw : completion of the raw truth, as sharp as the scan tells, (B, 1, H, W): `image` itself
        where that is one.
    log_std, raw_log_std : logarithms of the standard deviations of their errors against these
        truths; None where the architecture does not estimate them.
    half : the auxiliary head's completion at half size, (B, 1, H // 2, W // 2); None where it
        did not run.
    """

    image: Tensor
    raw: Tensor
    log_std: Tensor | None
    raw_log_std: Tensor | None
    half: Tensor | None


class Generator(nn.Module):
    """Complete a partial scan of any path and coverage."""

    STRIDE = 16

    def __init__(self, config: GeneratorConfig = DEFAULT) -> None:
        super().__init__()
        self.config = config
        self.features = FeatureMaker()
        self.inner = InnerStage(config)
        self.outer = OuterStage(config)

    def forward(
        self,
        infill: Tensor,
        dwell: Tensor,
        distance: Tensor,
        kriged: Tensor,
        noise: Tensor | None = None,
    ) -> Completion:
        """Complete.

        Parameters
        ----------
        infill : nearest infill of the measured values, scaled to about [-1, 1], (B, 1, H, W).
        dwell : dwell map, 0 where unmeasured, (B, 1, H, W).
        distance : distance to the nearest measured pixel [px], (B, 1, H, W).
        kriged : completion by a Gaussian process (`stemgan.baselines.gaussian_process`), scaled
            like `infill`, (B, 1, H, W).
        noise : standard normal numbers, (B, noise, H, W); None for none. Ignored by a generator
            of no noise channels.

        Returns
        -------
        Completion; H and W are any of at least 8 px.
        """
        height, width = infill.shape[2:]
        features = self._padded(self.features(infill, dwell, distance, kriged))
        texture = self._texture(features, noise)
        inner, half = self.inner(features, texture)
        made = self.outer(features, inner, texture)
        image, raw, std, raw_std = (each[..., :height, :width] for each in made)
        return Completion(
            image,
            image if made.raw is made.image else raw,
            std,
            raw_std,
            half[..., : height // 2, : width // 2],
        )

    def _texture(self, features: Features, noise: Tensor | None) -> Tensor | None:
        """Scale noise by the local misfit, so that a clean scan gets none."""
        if noise is None or not self.config.noise:
            return None
        height, width = features.channels.shape[2:]
        pad = (0, width - noise.shape[3], 0, height - noise.shape[2])
        return F.pad(noise, pad) * features.channels[:, MISFIT : MISFIT + 1]

    def _padded(self, features: Features) -> Features:
        height, width = features.infills.shape[2:]
        pad = (0, -width % self.STRIDE, 0, -height % self.STRIDE)
        if not any(pad):
            return features
        return Features(
            F.pad(features.infills, pad, mode="replicate"),
            F.pad(features.channels, pad, mode="replicate"),
            features.statistics,
        )
