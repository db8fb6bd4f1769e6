"""A step that is not finite: what is kept of it, and how training ends."""

from pathlib import Path

import torch
from torch import Tensor

from stemgan.errors import Ended


class Diverged(Ended):
    """A loss or a gradient is not finite; the message says at which step."""


def keep_step(folder: Path, step: int, rank: int, **of_it: object) -> Path:
    """Save what led to a step, to be looked at, and return where.

    Parameters
    ----------
    folder : the run's.
    step, rank : which step, on which process.
    of_it : tensors, and dictionaries of them, by name.
    """
    name = f"diverged_step_{step}" + (f"_rank_{rank}" if rank else "")
    path = folder / f"{name}.pt"
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"step": step, **of_it}, path)
    return path


def diverged(step: int, path: Path, **values: Tensor) -> Diverged:
    """Say which step is not finite, by its values, and where it was kept."""
    said = ", ".join(f"{name} {value.item():g}" for name, value in values.items())
    return Diverged(
        f"step {step} is not finite ({said}): look at its batch in {path}, and go on from "
        "last.ckpt with a smaller learning rate"
    )
