"""Backbones of timm, where the user has installed it beside a torchvision that fits torch."""

from importlib import import_module
from types import ModuleType
from typing import Any

from torch import Tensor

from stemgan.errors import InputError
from stemgan_data_prep.catalogue.backbones.body import PHOTOGRAPHS, Body

PREFIX = "timm:"
SMALLEST = 32


class Timm(Body):
    """A model of timm by its name there, with random weights; features are pooled as it does.

    Raises
    ------
    InputError : timm does not import, or has no such model.
    """

    def __init__(self, name: str) -> None:
        timm = _timm()
        try:
            net: Any = timm.create_model(name, pretrained=False, num_classes=0)
        except (RuntimeError, TypeError, ValueError) as error:
            raise InputError(f"timm cannot make {name!r} ({_reason(error)})") from error
        known = getattr(net, "pretrained_cfg", None) or {}
        mean, deviation = PHOTOGRAPHS
        scale = (tuple(known.get("mean", mean)), tuple(known.get("std", deviation)))
        super().__init__(net, net.num_features, (), SMALLEST, scale)

    def forward(self, pictures: Tensor, stage: str = "") -> Tensor:
        """See `Body.forward`."""
        return self.net(pictures)[:, :, None, None]


def _timm() -> ModuleType:
    try:
        return import_module("timm")
    except (ImportError, OSError, RuntimeError) as error:
        raise InputError(
            f"backbones of timm need it and a torchvision that fits your torch "
            f"({_reason(error)}): install both, or choose another backbone"
        ) from error


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
