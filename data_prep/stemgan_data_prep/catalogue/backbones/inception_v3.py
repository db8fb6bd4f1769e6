"""Inception-v3 (Szegedy et al., "Rethinking the Inception Architecture", CVPR 2016, Table 1).

Its parts have the names that torchvision's files give them, so that such a file loads. Without
the auxiliary classifier, which the paper found to regularise only.
"""

from torch import Tensor, nn
from torch.nn import functional

from stemgan_data_prep.catalogue.backbones.body import Body
from stemgan_data_prep.catalogue.backbones.inception_blocks import (
    Convolution,
    Mixed,
    Part,
    grid8,
    grid17,
    grid35,
    halving17,
    halving35,
)

SMALLEST = 75
_HALVES = ((0.5,) * 3, (0.5,) * 3)  # published weights expect pictures from -1 to 1
_STEM = (
    Part("Conv2d_1a_3x3", 32, (3, 3), 2),
    Part("Conv2d_2a_3x3", 32, (3, 3), pads=False),
    Part("Conv2d_2b_3x3", 64, (3, 3)),
    "max",
    Part("Conv2d_3b_1x1", 80),
    Part("Conv2d_4a_3x3", 192, (3, 3), pads=False),
    "max",
)
_GRIDS = {
    "Mixed_5b": grid35(32),
    "Mixed_5c": grid35(64),
    "Mixed_5d": grid35(64),
    "Mixed_6a": halving35(),
    "Mixed_6b": grid17(128),
    "Mixed_6c": grid17(160),
    "Mixed_6d": grid17(160),
    "Mixed_6e": grid17(192),
    "Mixed_7a": halving17(),
    "Mixed_7b": grid8(),
    "Mixed_7c": grid8(),
}
_ENDS = {"Mixed_5d": "stage2", "Mixed_6e": "stage3", "Mixed_7c": "stage4"}


class InceptionV3(nn.Module):
    """Pictures, (B, 3, H, W) from -1 to 1 and of 75 px or more, to maps.

    `channels`: of the last map.
    """

    def __init__(self) -> None:
        super().__init__()
        channels = 3
        for part in _STEM:
            if isinstance(part, Part):
                self.add_module(part.name, Convolution(channels, part))
                channels = part.channels
        for name, branches in _GRIDS.items():
            block = Mixed(channels, branches)
            self.add_module(name, block)
            channels = block.channels
        self.channels = channels

    def forward(self, x: Tensor, stage: str = "stage4") -> Tensor:
        """Return the map after the stem, or after the grid of 35, 17 or 8 px (of 299)."""
        for part in _STEM:
            if isinstance(part, Part):
                x = self.get_submodule(part.name)(x)
            else:
                x = functional.max_pool2d(x, 3, 2)
        if stage == "stage1":
            return x
        for name in _GRIDS:
            x = self.get_submodule(name)(x)
            if _ENDS.get(name) == stage:
                break
        return x


class Inception(Body):
    """Inception-v3 as a backbone."""

    def __init__(self) -> None:
        net = InceptionV3()
        stages = ("stage1", *_ENDS.values())
        super().__init__(net, net.channels, stages, SMALLEST, _HALVES)

    def forward(self, pictures: Tensor, stage: str = "") -> Tensor:
        """See `Body.forward`."""
        return self.net(pictures, stage or self.stages[-1])
