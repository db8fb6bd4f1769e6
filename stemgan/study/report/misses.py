"""Charts of what a scan misses: detection against coverage and distance, and false finds."""

import math
from collections.abc import Callable, Sequence

from stemgan.study.report.charts import Axis, Chart, Line, View
from stemgan.study.report.labels import figure, label, share
from stemgan.study.report.pooling import Row, parted

_Z = 1.959964
_EDGES = (0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, math.inf)
"""Edges of distance over pitch: a turn's middle is at half a pitch."""
_CONDITIONS = ("feature", "method", "dose")


def share_of(rows: Sequence[Row], column: str) -> tuple[float, float, float] | None:
    """Return the share of rows where `column` is true and its 95 % interval (Wilson, 1927)."""
    known = [bool(row[column]) for row in rows if row.get(column) is not None]
    n = len(known)
    if not n:
        return None
    p = sum(known) / n
    middle = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * math.sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
    return p, max(0.0, middle - half), min(1.0, middle + half)


def detection_charts(rows: Sequence[Row]) -> list[Chart]:
    """Draw which features are found: against coverage, and against distance from the path."""
    rate = Axis("share of features found", zero=True)
    by_coverage = Chart(
        "detection_against_coverage",
        "Features found, against coverage",
        "Features put into images at random places and looked for in the completion, at a "
        "threshold that images without them pass only seldom. Bars: 95 % intervals (Wilson).",
        Axis("coverage", "log", _ticks(rows), falling=True),
        rate,
        _views(rows, (), lambda scan, part: _by_coverage(scan, part, "detected")),
    )
    by_distance = Chart(
        "detection_against_distance",
        "Features found, against distance from the path",
        "Half a pitch is midway between two turns, lines or dots.",
        Axis("distance from the path [pitch]"),
        rate,
        _views(rows, ("coverage",), _by_distance),
    )
    flagged = [{**row, "detected": row.get("flagged")} for row in rows if not row["detected"]]
    warned = Chart(
        "missed_but_flagged",
        "Missed features that the uncertainty flagged",
        "Of the features that were not found, the share at whose place the uncertainty warned.",
        Axis("coverage", "log", _ticks(rows), falling=True),
        Axis("share of misses flagged", zero=True),
        _views(flagged, (), lambda scan, part: _by_coverage(scan, part, "detected")),
    )
    return [by_coverage, by_distance, warned]


def _ticks(rows: Sequence[Row]) -> tuple[tuple[float, str], ...]:
    return tuple((share(c), c) for c in sorted({row["coverage"] for row in rows}, key=share))


def _views(
    rows: Sequence[Row],
    more: tuple[str, ...],
    line: Callable[[str, Sequence[Row]], Line],
) -> tuple[View, ...]:
    views = []
    present = [row for row in rows if row.get("present", True)]
    for (feature, method, dose, *rest), members in parted(
        present, [*_CONDITIONS, *more]
    ).items():
        lines = [line(scan, part) for (scan,), part in parted(members, ["scan"]).items()]
        known = tuple(found for found in lines if found.y)
        keys = {"feature": str(feature), "completed by": method, "dose": label("dose", dose)}
        keys |= dict(zip(more, map(str, rest), strict=True))
        if known:
            views.append(View(keys, known))
    return tuple(views)


def _by_coverage(scan: str, rows: Sequence[Row], column: str) -> Line:
    points = []
    for (coverage,), part in parted(rows, ["coverage"]).items():
        found = share_of(part, column)
        if found:
            points.append((share(coverage), *found, f"{coverage}; {len(part)} features"))
    return _line(scan, sorted(points, reverse=True))


def _by_distance(scan: str, rows: Sequence[Row]) -> Line:
    points = []
    for low, high in zip(_EDGES[:-1], _EDGES[1:], strict=True):
        part = [r for r in rows if _inside(r.get("distance_pitch"), low, high)]
        found = share_of(part, "detected")
        if found:
            mean = sum(r["distance_pitch"] for r in part) / len(part)
            text = f"{figure(low)} to {figure(high)} pitch; {len(part)} features"
            points.append((mean, *found, text))
    return _line(scan, points)


def _inside(value: float | None, low: float, high: float) -> bool:
    return value is not None and low <= value < high


def _line(scan: str, points: Sequence[tuple[float, float, float, float, str]]) -> Line:
    x, y, low, high, text = ([p[i] for p in points] for i in range(5))
    return Line(scan, x, y, low, high, text)  # type: ignore[arg-type]
