"""ResNets (He et al., CVPR 2016), by transformers, which needs no torchvision."""

from torch import Tensor

from stemgan_data_prep.catalogue.backbones.body import Body
from stemgan_data_prep.catalogue.extras import needed

SIZES = {
    "resnet18": ("basic", (64, 128, 256, 512), (2, 2, 2, 2)),
    "resnet34": ("basic", (64, 128, 256, 512), (3, 4, 6, 3)),
    "resnet50": ("bottleneck", (256, 512, 1024, 2048), (3, 4, 6, 3)),
    "resnet101": ("bottleneck", (256, 512, 1024, 2048), (3, 4, 23, 3)),
}
"""Kind of block, channels and blocks of each stage (their Table 1)."""
SMALLEST = 32


class Residual(Body):
    """A ResNet with random weights, its last map a 32nd of the picture's size."""

    def __init__(self, name: str) -> None:
        transformers = needed("transformers")
        kind, channels, blocks = SIZES[name]
        config = transformers.ResNetConfig(
            layer_type=kind, hidden_sizes=list(channels), depths=list(blocks)
        )
        stages = tuple(f"stage{number}" for number in range(1, len(blocks) + 1))
        super().__init__(transformers.ResNetModel(config), channels[-1], stages, SMALLEST)

    def forward(self, pictures: Tensor, stage: str = "") -> Tensor:
        """See `Body.forward`."""
        if not stage:
            return self.net(pictures).last_hidden_state
        maps = self.net(pictures, output_hidden_states=True).hidden_states
        return maps[1 + self.stages.index(stage)]  # the first is the stem's


def from_torchvision(name: str) -> str:
    """Return what transformers calls a tensor of a ResNet that torchvision or timm wrote.

    Examples
    --------
    >>> from_torchvision("layer2.0.conv1.weight")
    'encoder.stages.1.layers.0.layer.0.convolution.weight'
    >>> from_torchvision("layer2.0.downsample.1.bias")
    'encoder.stages.1.layers.0.shortcut.normalization.bias'
    """
    parts = name.split(".")
    if parts[0] in ("conv1", "bn1"):
        return f"embedder.embedder.{_kind(parts[0])}.{parts[-1]}"
    if not parts[0].startswith("layer") or len(parts) < 4:
        return name
    block = f"encoder.stages.{int(parts[0][5:]) - 1}.layers.{parts[1]}"
    if parts[2] == "downsample":
        return f"{block}.shortcut.{('convolution', 'normalization')[int(parts[3])]}.{parts[4]}"
    return f"{block}.layer.{int(parts[2][-1]) - 1}.{_kind(parts[2])}.{parts[3]}"


def _kind(part: str) -> str:
    return "convolution" if part.startswith("conv") else "normalization"
