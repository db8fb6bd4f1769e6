"""From which weights a training may start."""

from stemgan.errors import InputError


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
