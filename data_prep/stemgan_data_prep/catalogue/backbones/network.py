"""A classifier as a network: grey pictures → normalised → backbone → features → logits."""

from difflib import get_close_matches
from typing import Self

import torch
from torch import Tensor, nn

from stemgan.errors import InputError
from stemgan_data_prep.catalogue.backbones.body import Body


class Network(nn.Module):
    """A backbone and a head of one linear layer.

    Parameters
    ----------
    name : the backbone's.
    body : the backbone.
    classes : how many there are.
    dropout : share of features that training leaves out, 0 to 1.

    Attributes
    ----------
    backbone, head : its two parts; `head[-1]` is the linear layer.
    layers : what `features` can return: the backbone's stages, "pooled" and "logits".
    smallest : shorter side of the smallest picture that it takes [px].
    origin : in words, where the backbone's weights come from.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, name: str, body: Body, classes: int, dropout: float) -> None:
        super().__init__()
        self.name, self.classes, self.dropout = name, classes, dropout
        self.backbone = body
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(body.width, classes))
        self.layers = (*body.stages, "pooled", "logits")
        self.smallest = body.smallest
        self.origin = "random"
        self.is_frozen = False
        self.set_scale(*body.scale)

    def set_scale(self, mean: tuple[float, ...], deviation: tuple[float, ...]) -> None:
        """Say the mean and standard deviation of the pictures that the backbone expects."""
        self.register_buffer("mean", torch.tensor(mean)[:, None, None])
        self.register_buffer("deviation", torch.tensor(deviation)[:, None, None])

    def take_head(self, weight: Tensor, bias: Tensor) -> None:
        """Take the linear layer of another network: (K, F) and (K,); K classes then."""
        self.classes, width = weight.shape
        linear = nn.Linear(width, self.classes)
        linear.load_state_dict({"weight": weight, "bias": bias})
        self.head[-1] = linear

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits, (B, K).

        Parameters
        ----------
        pictures : (B, 1, H, W), 0 to 1.

        Raises
        ------
        InputError : they are smaller than the backbone takes.
        """
        return self.head(self.features(pictures))

    def features(self, pictures: Tensor, layer: str = "pooled") -> Tensor:
        """Return what a layer makes of pictures, maps averaged over space, (B, F).

        Parameters
        ----------
        pictures : (B, 1, H, W), 0 to 1.
        layer : one of `layers`; "pooled" is what the head is given.

        Raises
        ------
        InputError : there is no such layer, or the pictures are too small.
        """
        if layer == "logits":
            return self(pictures)
        self.check_layer(layer)
        self.check_side(min(pictures.shape[-2:]))
        stage = "" if layer == "pooled" else layer
        normalised = (pictures - self.mean) / self.deviation  # one channel becomes three
        return self.backbone(normalised, stage).mean((-2, -1))

    def check_layer(self, layer: str) -> None:
        """Refuse a layer that the network has not.

        Raises
        ------
        InputError : with the nearest name.
        """
        if layer in self.layers:
            return
        near = get_close_matches(layer, self.layers, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose {', '.join(self.layers)}"
        raise InputError(f"{self.name} has no layer {layer!r}: {hint}")

    def check_side(self, side: int) -> None:
        """Refuse pictures that are too small for the backbone.

        Raises
        ------
        InputError : with the smallest side.
        """
        if side < self.smallest:
            raise InputError(
                f"pictures of {side} px are too small for {self.name}: give {self.smallest} px "
                "or more, or choose another backbone"
            )

    def frozen(self, frozen: bool = True) -> Self:
        """Freeze the backbone, the statistics of its normalisations too, or let it learn."""
        self.is_frozen = frozen
        self.backbone.requires_grad_(not frozen)
        return self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        """Train or evaluate; a frozen backbone stays in evaluation."""
        super().train(mode)
        if self.is_frozen:
            self.backbone.eval()
        return self
