"""What arms put in place of parts of the shipped generator."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from stemgan.infill import gap_length, smooth
from stemgan.networks import Completion, Generator
from stemgan.networks.features import (
    BEST,
    BLURRED,
    CHANNELS,
    INFILLS,
    KRIGED,
    MISFIT,
    SMOOTHED,
    FeatureMaker,
    Features,
)
from stemgan.networks.mix import Mix

_SURE = 50.0
"""As a logit of the preferred infill, it leaves a softmax nothing but that."""

MASK = MISFIT + 1
MISSED = (MASK + 1, MASK + 2)
DISTANCES = (MASK + 3, MASK + 4, MASK + 5)
PLANES = (CHANNELS - 2, CHANNELS - 1)
MISFITS = (MISFIT - 1, MISFIT)


class WithoutKriging(FeatureMaker):
    """Take the best smoothed infill for the kriged one, in its misfit too."""

    def forward(
        self, infill: Tensor, dwell: Tensor, distance: Tensor, kriged: Tensor
    ) -> Features:
        """Return features without the kriged infill."""
        best = smooth(infill, SMOOTHED[BEST] * gap_length(distance))
        return super().forward(infill, dwell, distance, best)


class Blind(FeatureMaker):
    """Tell the convolutions and the gates nothing of some channels."""

    def __init__(self, *hidden: int) -> None:
        super().__init__()
        self.hidden = list(hidden)

    def forward(
        self, infill: Tensor, dwell: Tensor, distance: Tensor, kriged: Tensor
    ) -> Features:
        """Return features without the hidden ones."""
        features = super().forward(infill, dwell, distance, kriged)
        features.channels[:, self.hidden] = 0
        features.statistics[:, self.hidden] = 0
        return features


class Kept(nn.Module):
    """A head whose other channels stay zero."""

    keep: Tensor

    def __init__(self, head: nn.Conv2d, channels: list[int]) -> None:
        super().__init__()
        self.head = head
        keep = torch.zeros(1, head.out_channels, 1, 1)
        keep[:, channels] = 1
        self.register_buffer("keep", keep)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C, H, W)."""
        return self.keep * self.head(x)


class Unblurred(FeatureMaker):
    """Take the kriged infill itself for the blurred one."""

    def _features(
        self, infill: Tensor, dwell: Tensor, distance: Tensor, kriged: Tensor
    ) -> Features:
        features = super()._features(infill, dwell, distance, kriged)
        for planes in (features.infills, features.channels):
            planes[:, BLURRED] = planes[:, KRIGED]
        features.statistics[:, BLURRED] = features.statistics[:, KRIGED]
        return features


class SameLogits(nn.Module):
    """A gate that has learned nothing, or trusts one infill alone."""

    def __init__(self, trusted: int | None = None) -> None:
        super().__init__()
        self.trusted = trusted

    def forward(self, statistics: Tensor) -> Tensor:
        """Return logits, (B, INFILLS)."""
        logits = statistics.new_zeros(len(statistics), INFILLS)
        if self.trusted is not None:
            logits[:, self.trusted] = _SURE
        return logits


class Nothing(nn.Module):
    """Zero, of whatever shape."""

    def forward(self, x: Tensor) -> Tensor:
        """Return zeros."""
        return torch.zeros_like(x)


class Consistent(Generator):
    """x + m s^2 / (s^2 + e^2) (y - x): drawn to the measured values y, by their noise.

    m is the mask, s the deviation that the network itself predicts, e the local misfit of the
    kriged infill: the update of independent Gaussians, as A = diag(m).
    """

    def forward(
        self,
        infill: Tensor,
        dwell: Tensor,
        distance: Tensor,
        kriged: Tensor,
        noise: Tensor | None = None,
    ) -> Completion:
        """Complete; see `Generator`."""
        out = super().forward(infill, dwell, distance, kriged, noise)
        assert out.log_std is not None
        features = self.features(infill, dwell, distance, kriged)
        variance = (2 * out.log_std.detach()).exp()
        misfit = features.channels[:, MISFIT : MISFIT + 1].square()
        share = (dwell > 0) * variance / (variance + misfit + 1e-8)
        image, raw = (x + share * (infill - x) for x in (out.image, out.raw))
        return out._replace(image=image, raw=raw)


class Cascade(Generator):
    """Complete twice with the same weights: the first completion for the kriged infill.

    In training the second half of each batch is shown its own first completion, so that the
    weights learn both passes.
    """

    def forward(
        self,
        infill: Tensor,
        dwell: Tensor,
        distance: Tensor,
        kriged: Tensor,
        noise: Tensor | None = None,
    ) -> Completion:
        """Complete; see `Generator`."""
        once = len(kriged) // 2 if self.training else 0
        with torch.no_grad():
            again = [plane[once:] for plane in (infill, dwell, distance, kriged)]
            first = super().forward(*again).raw
        started = torch.cat([kriged[:once], first])
        return super().forward(infill, dwell, distance, started, noise)


def without_residual(generator: Generator) -> None:
    """Leave the mix of infills alone."""
    for mix in _mixes(generator):
        mix.head = _kept(mix.head, [*range(INFILLS)])


def without_mix(generator: Generator) -> None:
    """Leave the residual on the kriged infill, or the blurred one, alone."""
    for mix in _mixes(generator):
        mix.head = _kept(mix.head, [INFILLS])
        mix.gate = SameLogits(mix.preferred)  # type: ignore[assignment]


def without_gates(generator: Generator) -> None:
    """Mix by the preference and what the convolutions say."""
    for mix in _mixes(generator):
        mix.gate = SameLogits()  # type: ignore[assignment]


def without_spectral(generator: Generator) -> None:
    """Leave convolutions alone: no receptive field is global."""
    inner = generator.inner
    inner.spectral_b = inner.spectral_c = nn.Identity()  # type: ignore[assignment]


def without_lowest(generator: Generator) -> None:
    """Leave out what the inner stage does at 1/16 of the size."""
    inner = generator.inner
    inner.down_c = inner.spectral_c = nn.Identity()  # type: ignore[assignment]
    inner.blocks_c, inner.up_b = nn.Sequential(), Nothing()  # type: ignore[assignment]


def without_inner(generator: Generator) -> None:
    """Tell the outer stage nothing of the inner one's features."""
    generator.outer.inner = nn.Sequential(Nothing(), generator.outer.inner)  # type: ignore[assignment]


def periodic(generator: Generator) -> None:
    """Pad convolutions by what is at the opposite edge."""
    for module in generator.modules():
        if isinstance(module, nn.Conv2d):
            module.padding_mode = "circular"


def becoming(kind: type[Generator]) -> Callable[[Generator], None]:
    """Complete another way, with the same weights."""

    def change(generator: Generator) -> None:
        generator.__class__ = kind

    return change


def with_features(maker: Callable[[], FeatureMaker]) -> Callable[[Generator], None]:
    """Tell the generator something else."""

    def change(generator: Generator) -> None:
        generator.features = maker()

    return change


def _mixes(generator: Generator) -> list[Mix]:
    return [module for module in generator.modules() if isinstance(module, Mix)]


def _kept(head: nn.Module, channels: list[int]) -> nn.Conv2d:
    assert isinstance(head, nn.Conv2d)
    return Kept(head, channels)  # type: ignore[return-value]
