"""The two-stage generator of Ede & Beanland, Scientific Reports 10, 8332 (2020).

As the published code of its 1/17.9 to 1/87 spirals has it: nearest infill as the only channel,
leaky rectifiers, weight normalisation and mean-only batch normalisation, no skips. The inner
stage sees every second row and column; the outer adds its features to the whole image's.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from torch import Tensor, nn

from stemgan.errors import InputError
from stemgan.networks.ede2020.layers import Block, Conv, TransposedConv

_TINY = 1e-6


class Ede2020Completion(NamedTuple):
    """What the generator returns.

    image : completion, about [-1, 1], (B, 1, H, W).
    half : the auxiliary head's completion of every second row and column,
        (B, 1, H // 2, W // 2); None unless training, or asked for.
    """

    image: Tensor
    half: Tensor | None


@dataclass(frozen=True)
class Ede2020Config:
    """Sizes of the generator; the defaults are the published ones.

    inner : channels of the inner stage at 1/2, 1/4, 1/8, 1/16 and 1/32 of the image's size.
    blocks : residual blocks at the last of these.
    outer : channels of the outer stage at full and half size; the second must be the first of
        `inner`.
    outer_blocks : residual blocks at half size.

    Raises
    ------
    InputError : these do not fit together.
    """

    inner: tuple[int, ...] = (64, 128, 256, 512, 768)
    blocks: int = 6
    outer: tuple[int, int] = (32, 64)
    outer_blocks: int = 3

    def __post_init__(self) -> None:
        if len(self.inner) != 5 or len(self.outer) != 2 or self.inner[0] != self.outer[1]:
            raise InputError(
                f"ede2020 sizes inner {self.inner} and outer {self.outer} do not fit: "
                "give 5 and 2 widths, the second outer equal to the first inner"
            )

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Ede2020Config":
        """Make a config from what `to_dict` gave (lists for tuples, as JSON has it)."""
        sizes: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.items()
        }
        return cls(**sizes)

    def to_dict(self) -> dict[str, Any]:
        """Return the sizes by name."""
        return asdict(self)


class Ede2020Generator(nn.Module):
    """Complete a partial scan whose nearest infill is in [0, 1].

    Height and width must be multiples of STRIDE.
    """

    STRIDE = 32

    def __init__(self, config: Ede2020Config = Ede2020Config()) -> None:
        super().__init__()
        self.config = config
        self.inner = inner_stage(config)
        self.outer = OuterStage(config)
        self.auxiliary = auxiliary_head(config)

    def forward(self, scan: Tensor, auxiliary: bool = False) -> Ede2020Completion:
        """Complete.

        Parameters
        ----------
        scan : nearest infill in [0, 1] as `ede2020_input` makes it, (B, 1, H, W).
        auxiliary : run the auxiliary head; it always is in training.
        """
        features = self.inner(decimated(scan))
        half = self.auxiliary(features).float() if auxiliary or self.training else None
        return Ede2020Completion(self.outer(scan, features).float(), half)


def inner_stage(config: Ede2020Config) -> nn.Sequential:
    """Make the inner stage: (B, 1, H, W) to features (B, inner[0], H, W)."""
    widths = config.inner
    steps = list(pairwise(widths))
    return nn.Sequential(
        Conv(1, widths[0], 5, slope=0.1, centred=True),
        *(Conv(before, after, stride=2) for before, after in steps),
        *(Block(widths[-1]) for _ in range(config.blocks)),
        *(TransposedConv(before, after) for after, before in reversed(steps)),
    )


def auxiliary_head(config: Ede2020Config) -> nn.Sequential:
    """Make the head that trains the inner stage: its features to a half-size completion."""
    width = config.inner[0]
    return nn.Sequential(Conv(width, width), Conv(width, 1, slope=1))


class OuterStage(nn.Module):
    """The whole image's detail, with the inner stage's features added at half size."""

    def __init__(self, config: Ede2020Config) -> None:
        super().__init__()
        full, half = config.outer
        self.enter = Conv(1, full, 5, slope=0.1, centred=True)
        self.down = Conv(full, half, stride=2, slope=0.1)
        self.blocks = nn.Sequential(*(Block(half) for _ in range(config.outer_blocks)))
        self.leave = nn.Sequential(
            TransposedConv(half, full), Conv(full, full), Conv(full, 1, slope=1)
        )

    def forward(self, scan: Tensor, features: Tensor) -> Tensor:
        """Return the completion (B, 1, H, W) of scan (B, 1, H, W)."""
        return self.leave(self.blocks(self.down(self.enter(scan)) + features))


def decimated(image: Tensor) -> Tensor:
    """Take every second row and column: what TensorFlow 1's bilinear halving comes to."""
    return image[..., ::2, ::2]


def ede2020_input(infill: Tensor, dwell: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """Scale a nearest infill to [0, 1] as the published code does.

    There, unmeasured pixels are -1 while the scan is scaled to [0, 1] by its own extremes, so
    that -1 always goes to 0 and the largest measured value to 1.

    Parameters
    ----------
    infill : nearest infill in any affine scale whose background is -1, (B, 1, H, W).
    dwell : dwell map, 0 where unmeasured, (B, 1, H, W).

    Returns
    -------
    scan, unscale : the generator's input, and what takes a completion from the scale in which
        the measured values fill [-1, 1] to that of `infill`. A generator trained against
        targets in the scale of `infill` itself answers in that scale, and needs none.
    """
    lowest = infill.amin(dim=(1, 2, 3), keepdim=True)
    measured = infill.where(dwell > 0, lowest)
    span = (measured.amax(dim=(1, 2, 3), keepdim=True) + 1).clamp_min(_TINY)
    return (infill + 1) / span, lambda image: (image + 1) * (span / 2) - 1
