"""Conditions on a crop's figures and on what tables say of it, as on the command line."""

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from stemgan.errors import InputError

FIGURES = ("noise_fraction", "saturation", "constant", "sharpness", "pixel_size")

_ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_LISTED = 20
_RELATION = r"(?:<=|>=|!=|==|=|<|>)"
_NAME = r"""(?:"[^"]+"|'[^']+'|[^\s<>=!"',]+)"""
_FORM = re.compile(rf"\s*({_NAME}|[^<>=!\"',]+?)\s*({_RELATION})\s*(.+?)\s*", re.DOTALL)
_BETWEEN = re.compile(rf"(?:\s+and\s+|\s*,\s*)(?={_NAME}\s*{_RELATION})")
"""A class may be called "Films and coated surfaces": and parts where a relation follows."""


@dataclass(frozen=True)
class Condition:
    """A bound on a measured figure, or on a column of a manifest or table.

    What is not known does not meet it, whatever the relation.

    Attributes
    ----------
    figure : one of `FIGURES`, or a column.
    relation : <, <=, >, >= of numbers; = and != of numbers, or of text as it is written.
    bound : what the value is compared with.
    """

    figure: str
    relation: str
    bound: float | str

    @property
    def of_column(self) -> bool:
        """Whether it is of a column, so that it can be judged before an image is read."""
        return self.figure not in FIGURES

    def refusal(self, values: Mapping[str, float | str | None]) -> str | None:
        """Say why a crop is left out, if it is."""
        value = values.get(self.figure)
        if value is None or value == "":
            return f"its {self.figure} is not known"
        number = _number(value)
        if self.relation in ("=", "!="):
            same = value == self.bound if isinstance(self.bound, str) else number == self.bound
            if same == (self.relation == "="):
                return None
        elif number is None:
            return f"its {self.figure} {value} is no number such as 0.5"
        elif _ORDER[self.relation](number, float(self.bound)):
            return None
        said = f"{value:.4g}" if isinstance(value, float) else value
        if self.relation == "!=":
            return f"its {self.figure} is {said}"
        wanted = self.bound if isinstance(self.bound, str) else f"{self.bound:g}"
        relation = "" if self.relation == "=" else f"{self.relation} "
        return f"its {self.figure} {said} is not {relation}{wanted}"


def refused(
    conditions: Iterable[Condition], values: Mapping[str, float | str | None]
) -> str | None:
    """Say why the first condition that is not met is not, if any is not."""
    return next(filter(None, (one.refusal(values) for one in conditions)), None)


def check_columns(conditions: Iterable[Condition], columns: Iterable[str]) -> None:
    """Refuse conditions on what is neither measured nor a column of a manifest or table.

    Raises
    ------
    InputError : with what is known.
    """
    known = set(columns)
    for one in conditions:
        if one.of_column and one.figure not in known:
            named = ", ".join(sorted(known)) or "none: give a table with --table"
            raise InputError(
                f"--where {one.figure}: that is not measured, and no table that names these "
                f"images has that column; measured are {', '.join(FIGURES)}; the columns are: "
                f"{named}"
            )


def check_values(conditions: Iterable[Condition], rows: Sequence[Mapping[str, str]]) -> None:
    """Refuse a condition of equality that nothing which is said of any image meets.

    Raises
    ------
    InputError : with the values that the column has, and the nearest of them.
    """
    for one in conditions:
        if not (rows and one.of_column and one.relation == "=" and all(map(one.refusal, rows))):
            continue
        values = sorted({row[one.figure] for row in rows if row.get(one.figure)})
        plain = {value.casefold(): value for value in values}
        near = get_close_matches(str(one.bound).casefold(), plain, n=1)
        hint = f"did you mean {plain[near[0]]!r}? " if near else ""
        more = f" and {len(values) - _LISTED} more" if len(values) > _LISTED else ""
        raise InputError(
            f"--where {one.figure}={one.bound}: no image has that; {hint}it is one of: "
            f"{', '.join(values[:_LISTED]) or 'nothing'}{more}"
        )


def parse_conditions(text: str) -> tuple[Condition, ...]:
    """Read "noise_fraction<0.5 and class=Powder".

    Raises
    ------
    InputError : it is not that form.

    Examples
    --------
    >>> parse_conditions("noise_fraction<0.5")
    (Condition(figure='noise_fraction', relation='<', bound=0.5),)
    >>> [one.bound for one in parse_conditions("class=Films and coated surfaces and x>=0.8")]
    ['Films and coated surfaces', 0.8]
    """
    return tuple(_condition(part) for part in _BETWEEN.split(text))


def _condition(text: str) -> Condition:
    match = _FORM.fullmatch(text)
    name, relation, wanted = match.groups() if match else ("", "", "")
    name, relation = _unquoted(name), "=" if relation == "==" else relation
    number = None if wanted != _unquoted(wanted) else _number(wanted)
    equal = relation in ("=", "!=")
    if not match or (number is None and not equal) or (equal and name in FIGURES):
        raise InputError(
            f"--where {text.strip()} is not a condition: write e.g. noise_fraction<0.5, of "
            f"{', '.join(FIGURES)}, or class=Powder, of a column of a manifest or --table"
        )
    return Condition(name, relation, _unquoted(wanted) if number is None else number)


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if quoted else text


def _number(value: float | str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return None if math.isnan(number) else number
