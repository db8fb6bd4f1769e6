"""What a chart is, apart from who draws it: the page by plotly, the paper by matplotlib."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Number = float | None


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
    zero : whether the ordinate begins at 0; None: as the chart says.
    """

    keys: dict[str, str]
    lines: tuple[Line, ...]
    x_title: str = ""
    y_title: str = ""
    zero: bool | None = None


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
    """

    name: str
    title: str
    caption: str
    x: Axis
    y: Axis
    views: tuple[View, ...]
    paper: dict[str, str] = field(default_factory=dict)

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
        return list(dict.fromkeys(line.name for view in self.views for line in view.lines))


COLOURS = (
    "#0060a8",
    "#c44601",
    "#00795a",
    "#a8327e",
    "#7a5c00",
    "#5b4bc4",
    "#1c1c1c",
    "#8a3324",
    "#2f7ea6",
    "#586b00",
)
"""Colours of lines: all have a contrast of 4.5 or more to white, and differ in brightness for
those who see few colours; marks differ too."""


def look_of(name: str, names: Sequence[str]) -> tuple[str, int]:
    """Return a line's colour and the number of its mark: the same wherever it appears."""
    i = list(names).index(name)
    return COLOURS[i % len(COLOURS)], (i + i // len(COLOURS)) % 8


def log_ticks(values: Iterable[float]) -> tuple[tuple[float, str], ...]:
    """Mark 1, 2 and 5 of every decade, or 1 alone where there are many."""
    known = [value for value in values if value > 0]
    if not known:
        return ()
    low, high = math.floor(math.log10(min(known))), math.ceil(math.log10(max(known)))
    steps = (1, 2, 5) if high - low <= 2 else (1,)
    marks = [step * 10.0**power for power in range(low, high + 1) for step in steps]
    return tuple((mark, f"{mark:g}") for mark in marks)
