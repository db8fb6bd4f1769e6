"""EfficientNets (Tan & Le, ICML 2019), by transformers, started as the paper's code does."""

from itertools import accumulate
from math import ceil, sqrt
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from stemgan_data_prep.catalogue.backbones.body import Body
from stemgan_data_prep.catalogue.extras import needed

SIZES: dict[str, dict[str, Any]] = {
    "efficientnet-b0": {"width": 1.0, "depth": 1.0, "last": 1280, "odd": ()},
    "efficientnet-b1": {"width": 1.0, "depth": 1.1, "last": 1280, "odd": (16,)},
    "efficientnet-b2": {"width": 1.1, "depth": 1.2, "last": 1408, "odd": (5, 8, 16)},
    "efficientnet-b3": {"width": 1.2, "depth": 1.4, "last": 1536, "odd": (5, 18)},
}
"""Scales of channels and blocks, channels of the last map, and the blocks that see maps of odd
size in the pictures that published weights were trained on (240, 260 and 300 px)."""
SMALLEST = 32
_SKIPPED = 0.2


class Efficient(Body):
    """An EfficientNet with random weights, its last map a 32nd of the picture's size."""

    def __init__(self, name: str) -> None:
        transformers, size = needed("transformers"), SIZES[name]
        config = transformers.EfficientNetConfig(
            width_coefficient=size["width"],
            depth_coefficient=size["depth"],
            hidden_dim=size["last"],
            depthwise_padding=list(size["odd"]),
            drop_connect_rate=_SKIPPED,
            # The library hands Keras's 0.99 to torch, which means the opposite by it: its
            # running means would be those of the last batch.
            batch_norm_momentum=0.1,
        )
        net = transformers.EfficientNetModel(config)
        repeats = [ceil(size["depth"] * count) for count in config.num_block_repeats]
        self.last_blocks = tuple(accumulate(repeats))
        stages = tuple(f"stage{number}" for number in range(1, len(repeats) + 1))
        super().__init__(_started(net), size["last"], stages, SMALLEST)

    def forward(self, pictures: Tensor, stage: str = "") -> Tensor:
        """See `Body.forward`."""
        if not stage:
            return self.net(pictures).last_hidden_state
        maps = self.net(pictures, output_hidden_states=True).hidden_states
        return maps[self.last_blocks[self.stages.index(stage)]]  # the first is the stem's


class Skipping(nn.Module):
    """Leave a block out for some samples of a batch (Huang et al., "stochastic depth", 2016).

    Parameters
    ----------
    rate : share of samples, 0 to 1.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Return a block's values, zero for some samples, (B, C, h, w)."""
        kept = functional.dropout(torch.ones_like(x[:, :1, :1, :1]), self.rate, self.training)
        return x * kept


def _started(net: nn.Module) -> nn.Module:
    """Give a new network the paper's start, and skipping blocks where the library drops values.

    The library would start every weight, normalisations' too, at about 0.02, which hides the
    picture behind dozens of near-zero gains.
    """
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            fan = module.out_channels // module.groups * module.kernel_size[0] ** 2
            nn.init.normal_(module.weight, std=sqrt(2 / fan))
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
        for name, child in module.named_children():
            if isinstance(child, nn.Dropout):
                setattr(module, name, Skipping(child.p))
    return net
