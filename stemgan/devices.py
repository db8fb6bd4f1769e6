"""Names of what networks may run on, known without torch."""

from stemgan.errors import InputError

DEVICES = ("auto", "cpu", "cuda")


def check_device(device: str) -> None:
    """Refuse what is no name of a device.

    Raises
    ------
    InputError : an unknown name.

    Examples
    --------
    >>> check_device("auto")
    """
    if device not in DEVICES:
        raise InputError(f"device {device!r} is not known: choose one of {', '.join(DEVICES)}")
