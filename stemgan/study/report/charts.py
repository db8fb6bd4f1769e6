"""What a chart is, apart from who draws it: the page by plotly, the paper by matplotlib."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Number = float | None
Limits = tuple[float, float]

_ROOM = 0.07
"""Share of an axis that is left free at an end."""
_NARROWEST = 1.5
"""End of a logarithmic abscissa over its beginning, at least: 1/20 and 1/20.2 are near."""


@dataclass(frozen=True)
class Line:
    """One line or one set of marks.

    Parameters
    ----------
    name : in the legend.
    x, y : values; None is a gap.
    low, high : ends of the interval of each y; empty: none is known.
    hover : what is said of each point beside its numbers; may be empty.
    look : "line" (marks joined), "marks", "dashes" (a line to compare with) or "front" (steps).
    """

    name: str
    x: Sequence[Number]
    y: Sequence[Number]
    low: Sequence[Number] = ()
    high: Sequence[Number] = ()
    hover: Sequence[str] = ()
    look: str = "line"


@dataclass(frozen=True)
class View:
    """One panel of a chart: on the page, what is chosen above it.

    Parameters
    ----------
    keys : what this view is of, by the name of the choice: {"method": "linear", …}.
    lines : what is drawn.
    x_title, y_title : titles of the axes, where they differ from the chart's.
    x_ticks : marks of the abscissa, where they do.
    zero : whether the ordinate begins at 0; None: as the chart says.
    """

    keys: dict[str, str]
    lines: tuple[Line, ...]
    x_title: str = ""
    y_title: str = ""
    zero: bool | None = None
    x_ticks: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Axis:
    """An axis: title with unit, "linear" or "log", marks (value, text), whether it falls."""

    title: str
    scale: str = "linear"
    ticks: tuple[tuple[float, str], ...] = ()
    falling: bool = False
    zero: bool = False


@dataclass(frozen=True)
class Chart:
    """A chart with its views.

    Parameters
    ----------
    name : of its files, such as "error_against_coverage".
    title, caption : above and below it.
    x, y : axes.
    views : panels.
    paper : the choices that are drawn for papers, such as {"measure": "…"}; others are on the
        page and in the CSV only.
    order : names of lines that have the same looks in all charts, here or not.
    """

    name: str
    title: str
    caption: str
    x: Axis
    y: Axis
    views: tuple[View, ...]
    paper: dict[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()

    @property
    def panels(self) -> list[View]:
        """Views that are drawn for papers."""
        wanted = self.paper.items()
        return [v for v in self.views if all(v.keys.get(k, t) == t for k, t in wanted)]

    @property
    def choices(self) -> dict[str, list[str]]:
        """What can be chosen: every key's values in the order of their first appearance."""
        found: dict[str, dict[str, None]] = {}
        for view in self.views:
            for key, text in view.keys.items():
                found.setdefault(key, {})[text] = None
        return {key: list(texts) for key, texts in found.items()}

    @property
    def names(self) -> list[str]:
        """Names of all lines, each once, so that a line looks the same in every view."""
        here = (line.name for view in self.views for line in view.lines)
        return list(dict.fromkeys([*self.order, *here]))

    def limits(self, view: View) -> tuple[Limits | None, Limits | None]:
        """Return where a view's axes begin and end: marks and bars have room around them.

        None where the abscissa, which is linear, is left to who draws it.
        """
        zero = self.y.zero if view.zero is None else view.zero
        x = [v for line in view.lines for v in line.x if v is not None]
        y = [
            v
            for line in view.lines
            for v in (*line.y, *line.low, *line.high)
            if v is not None and math.isfinite(v)
        ]
        across = _log_limits(x, _NARROWEST) if self.x.scale == "log" else None
        if self.y.scale == "log":
            return across, _log_limits(y, 1.0)
        low, high = min([0.0] * zero + y, default=0.0), max(y, default=0.0)
        span = max(high - low, 0.1 * abs(high), 0.1 * abs(low))
        room = _ROOM * (span or 1.0)
        return across, (low if zero and low == 0 else low - room, high + room)


def _log_limits(values: Iterable[float], least: float) -> Limits | None:
    """Return ends of a logarithmic axis, the higher at least `least` times the lower."""
    known = [value for value in values if value > 0 and math.isfinite(value)]
    if not known:
        return None
    low, high = min(known), max(known)
    wider = max(1.0, math.sqrt(least * low / high))
    room = (wider * high / low * wider) ** _ROOM
    return low / wider / room, high * wider * room


def log_ticks(values: Iterable[float]) -> tuple[tuple[float, str], ...]:
    """Mark 1, 2 and 5 of every decade; 1 alone where there are many, more where few."""
    known = [value for value in values if value > 0]
    if not known:
        return ()
    low, high = min(known), max(known)
    steps = (1, 2, 5) if high / low <= 1000 else (1,)
    if high / low < 5:
        steps = (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    marks = [step * 10.0**power for power in powers for step in steps]
    below = max(mark for mark in marks if mark <= low * (1 + 1e-9))
    above = min(mark for mark in marks if mark >= high * (1 - 1e-9))
    return tuple((mark, f"{mark:g}") for mark in marks if below <= mark <= above)
