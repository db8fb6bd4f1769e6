"""Conditions on a crop's figures, as written on the command line."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stemgan.errors import InputError

FIGURES = ("noise_fraction", "saturation", "constant", "sharpness", "pixel_size")

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FORM = re.compile(r"\s*([a-z_]+)\s*(<=|>=|<|>)\s*([0-9.eE+-]+)\s*")


@dataclass(frozen=True)
class Condition:
    """A bound on one figure; a crop whose figure is not known does not meet it."""

    figure: str
    relation: str
    bound: float

    def refusal(self, figures: Mapping[str, float | None]) -> str | None:
        """Say why a crop is left out, if it is."""
        value = figures.get(self.figure)
        if value is None:
            return f"its {self.figure} is not known"
        if _COMPARE[self.relation](value, self.bound):
            return None
        return f"its {self.figure} {value:.4g} is not {self.relation} {self.bound:g}"


def parse_conditions(text: str) -> tuple[Condition, ...]:
    """Read "noise_fraction<0.5 and saturation<=0.1".

    Raises
    ------
    InputError : it is not that form, or names an unknown figure.

    Examples
    --------
    >>> parse_conditions("noise_fraction<0.5")
    (Condition(figure='noise_fraction', relation='<', bound=0.5),)
    """
    return tuple(_condition(part) for part in re.split(r"\band\b|,", text))


def _condition(text: str) -> Condition:
    match = _FORM.fullmatch(text)
    try:
        figure, relation, bound = match.groups() if match else ("", "", "")
        if figure in FIGURES:
            return Condition(figure, relation, float(bound))
    except ValueError:
        pass
    raise InputError(
        f"--where {text.strip()} is not a condition: write e.g. noise_fraction<0.5, of "
        f"{', '.join(FIGURES)}"
    )
