"""Weights for a backbone from a file, a folder or the user's own cache; nothing is fetched."""

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor

from stemgan.amounts import amount
from stemgan.errors import InputError
from stemgan.weights.tensors import read_tensors
from stemgan_data_prep.catalogue.backbones.heads import find_head
from stemgan_data_prep.catalogue.backbones.network import Network
from stemgan_data_prep.catalogue.backbones.residual import from_torchvision
from stemgan_data_prep.catalogue.extras import needed

_FILES = ("classifier.safetensors", "model.safetensors", "pytorch_model.bin")
"""What a folder may hold; the first is ours, in the folder of a run."""
_UNREADABLE = (
    UnpicklingError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
)
"""What reading raises for the many kinds of files that are no state dicts."""
_COUNTER = "num_batches_tracked"  # old files have none, and nothing depends on it


def load_pretrained(network: Network, source: str | Path, *, head: bool = False) -> None:
    """Give a network's backbone the weights of a file; `origin` says what came.

    Parameters
    ----------
    network : changed in place.
    source : a classifier's file or run of ours (of any classes), a .safetensors or .pth state
        dict with the names of transformers, or of torchvision for ResNets and Inception-v3, a
        folder that holds one, or the name of a model in the user's Hugging Face cache.
    head : whether the network takes its head, too, and with it its classes.

    Raises
    ------
    InputError : nothing is there, it cannot be read, it is of another backbone, or a tensor is
        missing or of another shape; the network is as it was.
    """
    path = find_file(source)
    tensors, header = _read(path)
    made = header.get("backbone", network.name)
    if made != network.name:
        raise InputError(
            f"{path} holds a {made}, not a {network.name}: choose backbone={made}, or other "
            "weights"
        )
    net = network.backbone.net
    found = _checked(path, network.name, tensors, net.state_dict())
    if head:
        network.take_head(*find_head(path, tensors, network.backbone.width))
    net.load_state_dict(found, strict=False)  # but for counters nothing is missing
    if "backbone" in header:
        network.mean.copy_(tensors["mean"])
        network.deviation.copy_(tensors["deviation"])
    network.origin = f"{amount(len(found), 'tensor')} of {path}"


def find_file(source: str | Path) -> Path:
    """Return the file that a path, a folder or a name in the Hugging Face cache stands for.

    Raises
    ------
    InputError : there is none.
    """
    path = Path(source)
    if path.is_file():
        return path
    if path.is_dir():
        for name in _FILES:
            if (path / name).is_file():
                return path / name
        raise InputError(f"{path} holds no weights: it needs {' or '.join(_FILES)}")
    return _cached(str(source))


def _cached(name: str) -> Path:
    """Look a model up in the user's cache; the library only looks at folders for that."""
    hub = needed("huggingface_hub")
    for file in _FILES[1:]:
        try:
            found = hub.try_to_load_from_cache(name, file)
        except ValueError:  # no name that a model can have
            break
        if isinstance(found, str):
            return Path(found)
    raise InputError(
        f"{name!r} is no file, no folder and no model in the Hugging Face cache: give a file, "
        "or download the model once by the program hf; nothing is fetched here"
    )


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return a file's tensors and, where it is safetensors, its header."""
    if path.suffix == ".safetensors":
        return read_tensors(path, "give a whole .safetensors, or a .pth")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        raise InputError(
            f"{path} is no state dict that can be read without running code: give a "
            ".safetensors, or a .pth that holds tensors alone"
        ) from error
    while isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping):
        raise InputError(f"{path} holds no state dict: give one of a backbone")
    return {str(key): value for key, value in content.items() if isinstance(value, Tensor)}, {}


def _checked(
    path: Path, backbone: str, tensors: dict[str, Tensor], wanted: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Return a backbone's tensors by its own names, all of them.

    Raises
    ------
    InputError : one is missing, or of another shape.
    """
    named = _named(tensors, wanted)
    names = [name for name in wanted if not name.endswith(_COUNTER)]
    missing = [name for name in names if name not in named]
    if missing:
        raise InputError(
            f"{path} has {len(names) - len(missing)} of the {len(names)} tensors of {backbone} "
            f"({missing[0]} is missing): give weights of that backbone"
        )
    for name in names:
        if named[name].shape != wanted[name].shape:
            raise InputError(
                f"{path} has {name} {tuple(named[name].shape)} where {backbone} has "
                f"{tuple(wanted[name].shape)}: give weights of that backbone"
            )
    return {name: named[name] for name in wanted if name in named}


def _named(tensors: dict[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename a file's tensors as the backbone does: without a prefix, or from torchvision."""
    first = next(iter(wanted))
    for renamed in (tensors, {from_torchvision(key): tensors[key] for key in tensors}):
        prefixes = [
            key.removesuffix(first)
            for key in renamed
            if key == first or key.endswith(f".{first}")
        ]
        if prefixes:
            prefix = min(prefixes, key=len)
            return {
                key.removeprefix(prefix): value
                for key, value in renamed.items()
                if key.startswith(prefix)
            }
    return {}
