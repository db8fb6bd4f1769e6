"""Learning rates over the steps of a phase, as shares of the first one."""

import math

_PLATEAUS = 8
_LEAST = 0.02


def cosine(step: int, steps: int, warmup: int) -> float:
    """Rise from 0 over a warm-up, and fall to a fiftieth as a cosine.

    Parameters
    ----------
    step, steps : how many are done, of how many.
    warmup : steps over which the rate rises.

    Examples
    --------
    >>> [round(cosine(step, 100, 10), 3) for step in (0, 9, 50, 100)]
    [0.1, 0.981, 0.51, 0.02]
    """
    warm = min(1.0, (step + 1) / max(1, warmup))
    share = min(1.0, step / max(1, steps))
    return warm * (_LEAST + (1 - _LEAST) * 0.5 * (1 + math.cos(math.pi * share)))


def plateau(share: float) -> float:
    """Stay for half of a phase, and fall in eight plateaus (Ede & Beanland, 2020).

    Parameters
    ----------
    share : of the phase's steps that are done.

    Examples
    --------
    >>> [plateau(share) for share in (0, 0.49, 0.5, 0.75, 0.99, 1)]
    [1.0, 1.0, 1.0, 0.5, 0.125, 0.125]
    """
    return 1 - max(0, min(_PLATEAUS - 1, int((2 * share - 1) * _PLATEAUS))) / _PLATEAUS
