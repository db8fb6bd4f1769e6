"""Scales shared out over bins, so that an archive can be sorted and split by them."""

import itertools
import math
from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from stemgan.errors import InputError

DECADES = "decades"
_UNITS = (("mm", 1e6), ("µm", 1e3), ("nm", 1.0), ("pm", 1e-3))


def edges(bins: str, sizes: Sequence[float]) -> list[float]:
    """Decide where bins begin and end.

    Parameters
    ----------
    bins : "decades"; a number of bins, which then hold as many pictures each as ties allow; or
        increasing edges [nm], separated by commas.
    sizes : of the pixels of pictures [nm].

    Returns
    -------
    Increasing edges [nm] between bins; below the first and above the last there is a bin too.

    Raises
    ------
    InputError : `bins` is none of these.

    Examples
    --------
    >>> edges("3", [1.0, 2.0, 10.0, 20.0, 300.0, 400.0])
    [6.0, 160.0]
    """
    if bins == DECADES:
        powers = {math.floor(math.log10(size)) for size in sizes}
        return (
            [10.0**power for power in range(min(powers) + 1, max(powers) + 1)] if powers else []
        )
    try:
        numbers = [float(word) for word in bins.rstrip(",").split(",")]
    except ValueError:
        numbers = [math.nan]
    if len(numbers) == 1 and "," not in bins and bins.strip().isdigit():
        return _quantiles(int(bins), sizes)
    rising = all(a < b for a, b in itertools.pairwise(numbers))
    if not (rising and all(0 < number < math.inf for number in numbers)):
        raise InputError(
            f"--bins {bins}: give a number of bins, or increasing pixel sizes in nm such as "
            "1,10,100 (one edge: 10,)"
        )
    return numbers


def bin_name(size: float, between: Sequence[float]) -> str:
    """Name the bin of a pixel size [nm], by its edges.

    Examples
    --------
    >>> bin_name(2.0, [1.0, 1000.0])
    '1 nm to 1 µm'
    """
    k = bisect_right(between, size)
    if not between:
        return "all"
    if k == 0:
        return f"below {_length(between[0])}"
    if k == len(between):
        return f"{_length(between[-1])} and more"
    return f"{_length(between[k - 1])} to {_length(between[k])}"


def _quantiles(count: int, sizes: Sequence[float]) -> list[float]:
    """Put edges where as many sizes lie on one side as bins ask for; two digits suffice."""
    if count < 1:
        raise InputError(f"--bins {count} must be 1 or more")
    if count == 1 or len(sizes) < 2:
        return []
    shares = np.arange(1, count) / count
    middle = np.quantile(np.asarray(sizes), shares)
    return sorted({float(f"{value:.2g}") for value in middle.tolist()})


def _length(nanometres: float) -> str:
    fits = ((unit, size) for unit, size in _UNITS if nanometres >= size * (1 - 1e-9))
    unit, size = next(fits, _UNITS[-1])
    return f"{nanometres / size:.3g} {unit}"
