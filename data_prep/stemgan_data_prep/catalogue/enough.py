"""Whether there are enough pictures to train a classifier and to validate it."""

from collections.abc import Sequence

from stemgan.errors import InputError


def check_enough(
    classes: tuple[str, ...],
    counts: tuple[int, ...],
    validating: int,
    left_out: Sequence[tuple[str, str]],
) -> None:
    """Refuse pictures that cannot train and judge a classifier.

    Parameters
    ----------
    classes, counts : of all pictures, and how many of each train.
    validating : how many pictures validate.
    left_out : (key, reason) of what is not used.

    Raises
    ------
    InputError : fewer than two classes, one that no picture trains, or nothing to validate on.
    """
    if len(classes) < 2:
        only = ", ".join(classes)
        odd = f" ({len(left_out)} are left out: {': '.join(left_out[0])})" if left_out else ""
        raise InputError(
            f"all pictures are of the class {only}{odd}: give those of two or more"
        )
    missing = [name for name, count in zip(classes, counts, strict=True) if not count]
    if missing:
        raise InputError(
            f"no picture of {', '.join(missing)} is left to train: give more of it, or choose "
            "another seed"
        )
    if not validating:
        raise InputError(
            "no picture is left to validate on: give more groups, or a larger second share in "
            "split"
        )
