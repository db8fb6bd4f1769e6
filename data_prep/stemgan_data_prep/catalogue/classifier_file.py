"""A trained classifier in one file: safetensors, whose header holds all that using it needs."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stemgan.errors import InputError
from stemgan.weights.tensors import read_tensors, write_tensors
from stemgan_data_prep.catalogue.backbones import Network, make_network

FORMAT = "stemgan-classifier-1"
FILE_NAME = "classifier.safetensors"
"""What a run's folder calls it."""
_HINT = "give one that stemgan catalogue train wrote"


@dataclass(frozen=True)
class Info:
    """What a classifier's file says besides its weights.

    Parameters
    ----------
    classes : their names, in the order of the logits.
    backbone : its name.
    side : of the pictures that it was last trained on [px].
    temperature : by which logits are divided before the softmax (Guo et al., ICML 2017).
    training : what the run says of itself, as JSON holds it.

    Raises
    ------
    InputError : fewer than one class, a class twice, a side below 1 or a temperature of 0 or
        less.
    """

    classes: tuple[str, ...]
    backbone: str
    side: int
    temperature: float = 1.0
    training: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.classes or len(set(self.classes)) < len(self.classes):
            raise InputError(f"classes {', '.join(self.classes)}: give each of them once")
        if self.side < 1 or not 0 < self.temperature < float("inf"):
            raise InputError(
                f"side {self.side} and temperature {self.temperature}: give a side of 1 px or "
                "more and a temperature above 0"
            )


def save_classifier(path: Path, network: Network, info: Info, *, half: bool = False) -> None:
    """Write a classifier.

    Parameters
    ----------
    path : the file, replaced where it exists.
    network : as it is; where it is on a GPU, the file does not say so.
    info : of as many classes as the network has, and of its backbone.
    half : kernels and matrices in float16, which halves the file; what normalises stays in
        float32, because small variances would be lost.

    Raises
    ------
    InputError : network and info differ, a weight is not finite, or the file cannot be written.
    """
    if (len(info.classes), info.backbone) != (network.classes, network.name):
        raise InputError(
            f"{path} would say {info.backbone} with {len(info.classes)} classes of a "
            f"{network.name} with {network.classes}: give the info of this network"
        )
    tensors = {
        name: value.half() if half and _shrinks(value) else value
        for name, value in network.state_dict().items()
    }
    header = {
        "format": FORMAT,
        "backbone": info.backbone,
        "classifier": json.dumps(asdict(info)),
    }
    write_tensors(path, tensors, header, "use an earlier checkpoint")


def load_classifier(path: str | Path) -> tuple[Network, Info]:
    """Load a classifier, on the CPU, float32, in evaluation mode.

    Parameters
    ----------
    path : its file, or the folder of the run that wrote it.

    Raises
    ------
    InputError : there is none, it cannot be read, or it is of another format.
    """
    file = find_classifier(path)
    tensors, header = read_tensors(file, _HINT)
    if header.get("format") != FORMAT:
        raise InputError(f"{file} holds no classifier of this version: {_HINT}")
    try:
        words = json.loads(header["classifier"])
        info = Info(**{**words, "classes": tuple(words["classes"])})
        with torch.random.fork_rng(devices=[]):  # its random weights are replaced
            network = make_network(info.backbone, len(info.classes))
        network.load_state_dict(tensors)
    except InputError:
        raise
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{file} is not a whole classifier ({reason}): {_HINT}") from error
    network.origin = str(file)
    return network.eval(), info


def find_classifier(path: str | Path) -> Path:
    """Return the file that a file's or a run's path stands for.

    Raises
    ------
    InputError : there is none.
    """
    given = Path(path)
    file = given / FILE_NAME if given.is_dir() else given
    if not file.is_file():
        raise InputError(f"there is no classifier {file}: {_HINT}, or the folder of its run")
    return file


def _shrinks(value: Tensor) -> bool:
    return value.is_floating_point() and value.ndim in (2, 4)  # not `mean`, (3, 1, 1)
