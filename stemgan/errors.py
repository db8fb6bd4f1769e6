"""The one exception that a user's mistake raises."""


class InputError(ValueError):
    """The input or the arguments are wrong.

    The message is one sentence: what is wrong, where, and what to do. The command line prints
    it on stderr and exits with code 2; every other exception is a bug and exits with code 1.
    """
