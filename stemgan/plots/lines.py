"""Error against coverage and against distance: a panel a scan, a line a method."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.amounts import amount
from stemgan.plots.style import COLOURS, MARKS, folded, look_of, pyplot, save, unique
from stemgan.scan import parse_coverage

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = Mapping[str, Any]

_ERROR = "RMSE against the blurred truth\n[% of the truth's range]"
_DISTANCE = {
    "distance": "distance to the nearest measured pixel [px]",
    "pitch": "distance to the nearest measured pixel [pitch]",
}
_TICKS = {
    "distance": (1, (0, 1, 2, 5, 10, 20, 50, 100, 200)),
    "pitch": (0.1, (0, 0.05, 0.1, 0.2, 0.5, 1, 2)),
}
_ROOM = 0.12
"""Of an axis, that a coverage needs to be read."""


def error_against_coverage(path: Path, summary: Sequence[Row]) -> None:
    """Draw mean error against coverage: a panel a scan family and dose, a line a method."""
    panels = unique((row["scan"], row["electrons"]) for row in summary)
    figure, axes = _panels(len(panels))
    for axis, (scan, electrons) in zip(axes, panels, strict=True):
        members = [r for r in summary if (r["scan"], r["electrons"]) == (scan, electrons)]
        for method, look in _looks(summary):
            line = sorted(
                (parse_coverage(r["coverage"]), r["rmse_blurred"])
                for r in members
                if r["method"] == method
            )
            axis.plot(*zip(*line, strict=True), **look, label=method)
        _coverage_ticks(axis, [row["coverage"] for row in members])
        axis.set(title=_title(scan, electrons), xlabel="coverage")
    _finish(figure, axes, path)


def error_against_distance(path: Path, rings: Sequence[Row], unit: str = "distance") -> None:
    """Draw error against distance: a panel a scan, coverage and dose, a line a method.

    Rings with fewer pixels than 1 in 2,000 are left out: they are the far corners of a few
    images, and their means are chance.

    Parameters
    ----------
    path : PNG to write.
    rings : rows of an error by distance.
    unit : what the rings' edges count: "distance" [px], or "pitch".
    """
    panels = unique((row["scan"], row["coverage"], row["electrons"]) for row in rings)
    figure, axes = _panels(len(panels))
    for axis, panel in zip(axes, panels, strict=True):
        members = [r for r in rings if (r["scan"], r["coverage"], r["electrons"]) == panel]
        methods = unique(row["method"] for row in members)
        fewest = sum(row["pixels"] for row in members) / len(methods) / 2000
        members = [row for row in members if row["pixels"] >= fewest]
        for method, look in _looks(rings):
            line = [(_middle(r), r["rmse"]) for r in members if r["method"] == method]
            if line:
                axis.plot(*zip(*line, strict=True), **look, label=method)
        _distance_ticks(axis, max(_middle(row) for row in members), unit)
        axis.set(title=_title(f"{panel[0]} {panel[1]}", panel[2]), xlabel=_DISTANCE[unit])
    _finish(figure, axes, path)


def _columns(panels: int) -> int:
    return min(max(panels, 1), 3 if panels <= 9 else 5)


def _panels(count: int) -> "tuple[Figure, list[Axes]]":
    columns = _columns(count)
    lines = math.ceil(max(count, 1) / columns)
    plt = pyplot()
    size = (4.2 * columns + 0.6, 3.4 * lines + 0.8)
    figure, axes = plt.subplots(lines, columns, figsize=size, squeeze=False, sharey=True)
    for axis in axes.flat[count:]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel(_ERROR)
    return figure, list(axes.flat[:count])


def _looks(rows: Iterable[Row]) -> Iterable[tuple[str, dict[str, Any]]]:
    """Give each method its colour, line and mark, the same in every panel.

    Ten colours, then the same in other lines, so that no two of thirty methods look alike.
    """
    methods = unique(row["method"] for row in rows)
    size = 5 if len(methods) <= 8 else 3.5
    for i, method in enumerate(methods):
        colour, mark = look_of(method, methods)
        yield (
            method,
            {
                "color": colour,
                "linestyle": ("-", "--", ":")[i // len(COLOURS) % 3],
                "marker": MARKS[mark],
                "markersize": size,
                "linewidth": 1.5 if len(methods) <= 8 else 1.1,
            },
        )


def _coverage_ticks(axis: "Axes", coverages: Iterable[str]) -> None:
    texts = sorted(unique(coverages), key=parse_coverage)
    places = [parse_coverage(text) for text in texts]
    axis.set_xscale("log")
    axis.set_xticks(places, _readable(texts, places))
    axis.set_xticks([], minor=True)
    axis.invert_xaxis()


def _readable(texts: Sequence[str], places: Sequence[float]) -> list[str]:
    """Leave out the texts that would stand on the one before, on a logarithmic axis.

    Examples
    --------
    >>> _readable(["1/100", "1/50", "1/49", "1/16"], [1 / 100, 1 / 50, 1 / 49, 1 / 16])
    ['1/100', '1/50', '', '1/16']
    """
    room = _ROOM * math.log(places[-1] / places[0])
    shown, last = [], -math.inf
    for text, place in zip(texts, places, strict=True):
        fits = math.log(place) - last >= room
        shown.append(text if fits else "")
        last = math.log(place) if fits else last
    return shown


def _distance_ticks(axis: "Axes", largest: float, unit: str) -> None:
    least, marks = _TICKS[unit]
    marks = [d for d in marks if d <= max(largest, least)]
    axis.set_xscale("symlog", linthresh=least)
    axis.set_xticks(marks, [f"{mark:g}" for mark in marks])
    axis.set_xticks([], minor=True)
    axis.set_xlim(-0.1 * least, None)


def _title(scan: str, electrons: float | None) -> str:
    return scan if electrons is None else f"{scan}, {amount(electrons, 'electron', 'g')}/px"


def _middle(ring: Row) -> float:
    low, high = ring["distance_from"], ring["distance_to"]
    if low == 0:
        return 0.0
    return math.sqrt(low * high) if math.isfinite(high) else 1.2 * low


def _finish(figure: "Figure", axes: "Sequence[Axes]", path: Path) -> None:
    if axes:
        handles, labels = axes[0].get_legend_handles_labels()
        for axis in axes:
            axis.set_ylim(bottom=0)
        names = [folded(label, 99) for label in labels]
        columns = min(len(names), 2 * _columns(len(axes)))
        figure.legend(handles, names, loc="outside lower center", ncols=columns)
    save(figure, path)
