"""What a training starts from and aims at: what each class counts, which weights are best."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from stemgan.errors import InputError

MONITORED = {"loss": "val/loss", "macro_f1": "val/macro_f1"}
"""What may say which weights are best: the least loss, or the largest macro F1."""


def monitored(name: str) -> str:
    """Return the logged figure that says which weights are best.

    Raises
    ------
    InputError : there is no such choice.
    """
    if name not in MONITORED:
        raise InputError(f"monitor={name}: choose {' or '.join(MONITORED)}")
    return MONITORED[name]


def weights_of(choice: str, counts: Sequence[int]) -> Tensor:
    """Return a weight for each class, (classes,), whose mean over pictures is 1.

    Parameters
    ----------
    choice : "balanced", or "none" for weights of 1.
    counts : pictures of each class, 1 or more.

    Raises
    ------
    InputError : there is no such choice.

    Examples
    --------
    >>> weights_of("balanced", [1, 3])
    tensor([2.0000, 0.6667])
    """
    if choice not in ("balanced", "none"):
        raise InputError(f"class_weights={choice}: choose balanced or none")
    pictures = torch.tensor(counts, dtype=torch.float32)
    if choice == "none":
        return torch.ones_like(pictures)
    return pictures.sum() / (len(pictures) * pictures)


def check_start(start: str, pretrained: str | Path | None) -> None:
    """Refuse a start that contradicts whether there are weights to start from.

    Raises
    ------
    InputError : it needs weights and there are none, or the other way round.
    """
    if start != "scratch" and pretrained is None:
        raise InputError(
            f"start={start} needs a trained backbone: give pretrained=FILE (or a run of "
            "stemgan catalogue train), or start=scratch"
        )
    if start == "scratch" and pretrained is not None:
        raise InputError(
            "start=scratch takes no weights: leave pretrained out, or choose start=features, "
            "fine-tune or features-then-fine-tune"
        )
