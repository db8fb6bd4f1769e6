"""What every backbone offers: maps of features from pictures of three channels."""

from torch import Tensor, nn

PHOTOGRAPHS = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Mean and standard deviation of ImageNet's channels, for which most weights were trained."""


class Body(nn.Module):
    """A network without its head.

    Parameters
    ----------
    net : the network; the names of its state dict are those of published weights.
    width : channels of the last map.
    stages : names of the maps that `forward` can return, first to last.
    smallest : shorter side of the smallest picture that it takes [px].
    scale : mean and standard deviation per channel of the pictures that it expects.
    """

    def __init__(
        self,
        net: nn.Module,
        width: int,
        stages: tuple[str, ...],
        smallest: int,
        scale: tuple[tuple[float, ...], tuple[float, ...]] = PHOTOGRAPHS,
    ) -> None:
        super().__init__()
        self.net = net
        self.width, self.stages, self.smallest, self.scale = width, stages, smallest, scale

    def forward(self, pictures: Tensor, stage: str = "") -> Tensor:
        """Return the map of a stage, or the last one, (B, C, h, w).

        Parameters
        ----------
        pictures : normalised, (B, 3, H, W).
        stage : one of `stages`; "" = what the head is given.
        """
        raise NotImplementedError
