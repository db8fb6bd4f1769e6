"""What a user's mistake raises, what ends a run early, and checks of what users give."""

import signal


class InputError(ValueError):
    """The input or the arguments are wrong.

    The message is one sentence: what is wrong, where, and what to do. The command line prints
    it on stderr and exits with code 2; every other exception is a bug and exits with code 1,
    but for `Ended`.
    """


class Ended(RuntimeError):
    """A run has ended early, and in good order; the message is one sentence.

    code : with which the command line exits.
    """

    code = 1


class Stopped(Ended):
    """A signal has stopped a run.

    Parameters
    ----------
    number : the signal's.
    how : how to go on.
    """

    def __init__(self, number: int, how: str) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}: {how}")
        self.number, self.code = number, 128 + number


def check_whole(name: str, value: object, least: int) -> None:
    """Refuse what is no whole number of at least `least`.

    Raises
    ------
    InputError : with the name.

    Examples
    --------
    >>> check_whole("batch_size", 4, 1)
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InputError(f"{name}={value}: give a whole number, {least} or more")


def check_number(
    name: str, value: object, least: float, most: float = float("inf"), *, above: bool = False
) -> None:
    """Refuse what is no number from `least` to `most`; above: not `least` itself.

    Raises
    ------
    InputError : with the name.

    Examples
    --------
    >>> check_number("noisy_scans", 0.3, 0, 1)
    """
    if (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and least <= value <= most
        and not (above and value == least)
    ):
        return
    first = f"a number above {least:g}" if above else f"a number, {least:g} or more"
    last = f", up to {most:g}" if most < float("inf") else ""
    raise InputError(f"{name}={value}: give {first}{last}")
