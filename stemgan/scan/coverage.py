"""Coverages: read, checked, written as they are said, and compared with what was asked."""

import math

from stemgan.errors import InputError

NEAR_ENOUGH = 0.01
"""Relative error of a coverage that goes without saying."""


def check_coverage(coverage: float) -> float:
    """Return the coverage, or raise InputError if it is not in (0, 1]."""
    if not (math.isfinite(coverage) and 0 < coverage <= 1):
        raise InputError(f"a coverage is above 0 and at most 1, not {coverage:g}: say 1/20")
    return coverage


def parse_coverage(text: str) -> float:
    """Read a coverage such as "1/17.9" or "0.056".

    Raises
    ------
    InputError : not a number, or outside (0, 1].

    Examples
    --------
    >>> parse_coverage("1/20")
    0.05
    """
    try:
        over, _, under = text.partition("/")
        value = float(over) / float(under) if under else float(text)
    except (ValueError, ZeroDivisionError):
        raise InputError(f"{text!r} is not a coverage: write it as 1/20 or 0.05") from None
    return check_coverage(value)


def format_coverage(coverage: float) -> str:
    """Write a coverage as it is said: 0.05 is "1/20"."""
    return f"1/{1 / coverage:.3g}"


def coverage_note(wanted: float, achieved: float, family: str | None = None) -> str | None:
    """Say that a coverage is only near the wanted one; None where it is within 1 %.

    Parameters
    ----------
    wanted, achieved : shares of measured pixels.
    family : the scan's family, which knows what its coverage comes in.

    Examples
    --------
    >>> coverage_note(1 / 13, 1 / 12.8, "serpentine")
    '1/12.8 is the nearest coverage that whole lines reach (wanted 1/13)'
    """
    from stemgan.scan.families import REGISTRY

    if abs(achieved / wanted - 1) <= NEAR_ENOUGH:
        return None
    steps = REGISTRY[family].steps if family in REGISTRY else ""
    reach = f"that {steps} reach" if steps else "within reach"
    said = format_coverage(wanted), format_coverage(achieved)
    if said[0] == said[1]:
        said = f"{wanted:.5g}", f"{achieved:.5g}"
    return f"{said[1]} is the nearest coverage {reach} (wanted {said[0]})"
