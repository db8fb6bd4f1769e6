"""The head that weights were trained with: what they tell of the classes of others."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from stemgan.errors import InputError

_NAMES = ("head.1", "classifier.1", "classifier", "fc", "head.fc", "head")
"""What ours, those of transformers, torchvision's and timm's are called."""


def find_head(path: Path, tensors: Mapping[str, Tensor], width: int) -> tuple[Tensor, Tensor]:
    """Return the last linear layer of a file's network: weight, (K, width), and bias, (K,).

    Parameters
    ----------
    path : the file, for messages.
    tensors : its state dict.
    width : features that the backbone gives.

    Raises
    ------
    InputError : there is none that takes so many features.
    """
    for name in sorted(tensors, key=len):  # an auxiliary head has a longer name
        part = name.removesuffix(".weight")
        weight, bias = tensors[name], tensors.get(f"{part}.bias")
        if part == name or not any(part == one or part.endswith(f".{one}") for one in _NAMES):
            continue
        if bias is not None and weight.shape[1:] == (width,) and bias.shape == weight.shape[:1]:
            return weight.float(), bias.float()
    raise InputError(
        f"{path} has no head on {width} features, so that it gives no logits: choose another "
        "layer, or a file with its head"
    )
