"""Steps that go wrong: not finite, which ends training, or silent, which is said."""

from pathlib import Path

import torch
from torch import Tensor, nn

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


def silent_share(network: nn.Module) -> Tensor:
    """Return the share of the parameters that learn whose gradient is exactly zero.

    Some are by chance, as where an activation clips. Most are where a part of the network puts
    out zeros whatever it is given: it then learns no more, and the loss does not say so.
    """
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    if not gradients:
        return torch.zeros(())
    zeros = torch.stack([(gradient == 0).sum() for gradient in gradients]).sum()
    return zeros / sum(gradient.numel() for gradient in gradients)
