"""From which weights a training may start, and which of them it changes."""

from collections.abc import Sequence

from torch import nn

from stemgan.errors import InputError


def learn_only(network: nn.Module, parts: Sequence[str] | None) -> None:
    """Let some parts of a network learn, and keep the rest as it is.

    Parameters
    ----------
    parts : names of modules or parameters, such as outer.deviation; None: all learn.

    Raises
    ------
    InputError : there is no such part.
    """
    if parts is None:
        return
    network.requires_grad_(False)
    for part in parts:
        found = [
            p for name, p in network.named_parameters() if f"{name}.".startswith(f"{part}.")
        ]
        if not found:
            names = ", ".join(name for name, _ in network.named_children())
            raise InputError(f"the generator has no part {part!r}: name one within {names}")
        for parameter in found:
            parameter.requires_grad_(True)


def check_sizes(taken: object, own: object) -> None:
    """Refuse starting weights of other sizes, or of another architecture.

    Raises
    ------
    InputError : the sizes (`GeneratorConfig`, `Ede2020Config`) differ.
    """
    if taken != own:
        raise InputError(
            f"the starting weights have sizes {taken}, the model {own}: "
            "choose the model of the weights"
        )
