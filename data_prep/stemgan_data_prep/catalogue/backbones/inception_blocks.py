"""The blocks of Inception-v3 (Szegedy et al., CVPR 2016, Figures 5 to 7 and 10).

Written from the paper. Their convolutions have the names that published weights give them.
Average pooling counts the padding, as those weights expect.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class Part(NamedTuple):
    """A convolution: its name, channels out, kernel [px], stride [px], and whether it pads.

    One of stride 2 never pads.
    """

    name: str
    channels: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    pads: bool = True


class Fork(NamedTuple):
    """Convolutions side by side at the end of a branch."""

    parts: tuple[Part, ...]


Step = Part | Fork | str
"""One step of a branch; the words are "average" (3×3, keeps the size) and "max" (halves it)."""
Branches = tuple[tuple[Step, ...], ...]


class Convolution(nn.Module):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, channels: int, part: Part) -> None:
        super().__init__()
        pads = part.pads and part.stride == 1
        padding = (part.kernel[0] // 2, part.kernel[1] // 2) if pads else (0, 0)
        self.conv = nn.Conv2d(
            channels, part.channels, part.kernel, part.stride, padding, bias=False
        )
        self.bn = nn.BatchNorm2d(part.channels, eps=1e-3)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Return the map, (B, C, h, w)."""
        return functional.relu(self.bn(self.conv(x)), inplace=True)


class Mixed(nn.Module):
    """Branches side by side, their maps stacked by channels."""

    def __init__(self, channels: int, branches: Branches) -> None:
        super().__init__()
        self.branches = branches
        self.channels = sum(self._add(channels, branch) for branch in branches)

    def _add(self, channels: int, branch: tuple[Step, ...]) -> int:
        """Make a branch's convolutions and return the channels that it gives."""
        for step in branch:
            parts = step.parts if isinstance(step, Fork) else (step,)
            made = [part for part in parts if isinstance(part, Part)]
            for part in made:
                self.add_module(part.name, Convolution(channels, part))
            channels = sum(part.channels for part in made) or channels
        return channels

    def forward(self, x: Tensor) -> Tensor:
        """Return the branches' maps as one, (B, C, h, w)."""
        return torch.cat([self._branch(x, branch) for branch in self.branches], 1)

    def _branch(self, x: Tensor, branch: tuple[Step, ...]) -> Tensor:
        for step in branch:
            if isinstance(step, Part):
                x = self.get_submodule(step.name)(x)
            elif isinstance(step, Fork):
                x = torch.cat([self.get_submodule(part.name)(x) for part in step.parts], 1)
            elif step == "max":
                x = functional.max_pool2d(x, 3, 2)
            else:
                x = functional.avg_pool2d(x, 3, 1, 1)
        return x


def grid35(pooled: int) -> Branches:
    """Figure 5: a 5×5 kernel as two of 3×3; `pooled`: channels of the pooling branch."""
    return (
        (Part("branch1x1", 64),),
        (Part("branch5x5_1", 48), Part("branch5x5_2", 64, (5, 5))),
        (
            Part("branch3x3dbl_1", 64),
            Part("branch3x3dbl_2", 96, (3, 3)),
            Part("branch3x3dbl_3", 96, (3, 3)),
        ),
        ("average", Part("branch_pool", pooled)),
    )


def grid17(inner: int) -> Branches:
    """Figure 6, n = 7: kernels as a row and a column; `inner`: channels between them."""
    row, column = (1, 7), (7, 1)
    return (
        (Part("branch1x1", 192),),
        (
            Part("branch7x7_1", inner),
            Part("branch7x7_2", inner, row),
            Part("branch7x7_3", 192, column),
        ),
        (
            Part("branch7x7dbl_1", inner),
            Part("branch7x7dbl_2", inner, column),
            Part("branch7x7dbl_3", inner, row),
            Part("branch7x7dbl_4", inner, column),
            Part("branch7x7dbl_5", 192, row),
        ),
        ("average", Part("branch_pool", 192)),
    )


def grid8() -> Branches:
    """Figure 7: branches that widen at their ends."""
    return (
        (Part("branch1x1", 320),),
        (
            Part("branch3x3_1", 384),
            Fork((Part("branch3x3_2a", 384, (1, 3)), Part("branch3x3_2b", 384, (3, 1)))),
        ),
        (
            Part("branch3x3dbl_1", 448),
            Part("branch3x3dbl_2", 384, (3, 3)),
            Fork((Part("branch3x3dbl_3a", 384, (1, 3)), Part("branch3x3dbl_3b", 384, (3, 1)))),
        ),
        ("average", Part("branch_pool", 192)),
    )


def halving35() -> Branches:
    """Figure 10: from 35 to 17 px without a bottleneck."""
    return (
        (Part("branch3x3", 384, (3, 3), 2),),
        (
            Part("branch3x3dbl_1", 64),
            Part("branch3x3dbl_2", 96, (3, 3)),
            Part("branch3x3dbl_3", 96, (3, 3), 2),
        ),
        ("max",),
    )


def halving17() -> Branches:
    """Figure 10: from 17 to 8 px without a bottleneck."""
    return (
        (Part("branch3x3_1", 192), Part("branch3x3_2", 320, (3, 3), 2)),
        (
            Part("branch7x7x3_1", 192),
            Part("branch7x7x3_2", 192, (1, 7)),
            Part("branch7x7x3_3", 192, (7, 1)),
            Part("branch7x7x3_4", 192, (3, 3), 2),
        ),
        ("max",),
    )
