"""Backbones behind one interface: `make_network` makes a `Network`, with or without weights."""

from stemgan_data_prep.catalogue.backbones.making import (
    BACKBONES,
    check_backbone,
    make_network,
)
from stemgan_data_prep.catalogue.backbones.network import Network

__all__ = ["BACKBONES", "Network", "check_backbone", "make_network"]
