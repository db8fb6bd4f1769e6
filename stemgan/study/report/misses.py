"""Charts of what a scan misses: detection against coverage and distance, and its warnings."""

from collections.abc import Callable, Sequence

from stemgan.amounts import amount
from stemgan.study.report.charts import Axis, Chart, Line, View
from stemgan.study.report.curves import middle_of
from stemgan.study.report.labels import CONDITIONS, figure, keys_of, share
from stemgan.study.summaries import Row, gathered

_MISSES = 5
"""Fewer misses say nothing of how many are flagged."""


def detection_charts(rows: Sequence[Row]) -> list[Chart]:
    """Draw which features are found, and which misses the uncertainty flags.

    rows : of `stemgan.study.detection_rates.detection_summary`.
    """
    whole = [row for row in rows if row["kind"] == "all"]
    ticks = tuple((share(c), c) for c in sorted({r["coverage"] for r in whole}, key=share))
    coverage = Axis("coverage", "log", ticks, falling=True)
    found = Axis("share of features found", zero=True)
    return [
        Chart(
            "detection_against_coverage",
            "Features found, against coverage",
            "Features put into images at random places and looked for by an observer who knows "
            "place and feature; the threshold is one that places without the feature pass at a "
            "fixed small rate, which is dashed. Bars: 95 % intervals over images.",
            *(coverage, found),
            _views(whole, [], _by_coverage, alarms=True),
        ),
        *(
            Chart(
                f"detection_by_{kind}",
                f"Features found, against distance [{unit}]",
                hint,
                Axis(f"distance from the nearest measured pixel [{unit}]"),
                found,
                _views([r for r in rows if r["kind"] == kind], ["coverage"], _by_distance),
            )
            for kind, unit, hint in (
                ("distance", "px", "Distance of the feature's place from what was measured."),
                ("pitch", "pitch", "Half a pitch is midway between two turns or lines."),
            )
        ),
        Chart(
            "misses_flagged",
            "Missed features that the uncertainty flagged",
            "Of the features that were not found, the share for which the 90 % interval "
            "leaves room; other misses are silent. Settings with fewer than "
            f"{_MISSES} misses are left out.",
            coverage,
            Axis("share of misses flagged", zero=True),
            _views([row for row in whole if (row.get("misses") or 0) >= _MISSES], [], _flagged),
        ),
    ]


def _views(
    rows: Sequence[Row],
    more: list[str],
    line: Callable[[str, Sequence[Row]], Line],
    *,
    alarms: bool = False,
) -> tuple[View, ...]:
    views = []
    for members in gathered(rows, ["feature", *more, *CONDITIONS]).values():
        lines = [line(scan, part) for (scan,), part in gathered(members, ["scan"]).items()]
        if alarms:
            lines += [_alarms(members)]
        keys = {"feature": str(members[0]["feature"])}
        keys |= {name: str(members[0][name]) for name in more} | keys_of(members[0])
        known = tuple(one for one in lines if one.y)
        if known:
            views.append(View(keys, known))
    return tuple(views)


def _by_coverage(scan: str, rows: Sequence[Row]) -> Line:
    return _line(scan, rows, "detection_rate", "detection", lambda row: share(row["coverage"]))


def _by_distance(scan: str, rows: Sequence[Row]) -> Line:
    return _line(scan, rows, "detection_rate", "detection", middle_of)


def _flagged(scan: str, rows: Sequence[Row]) -> Line:
    return _line(scan, rows, "misses_flagged", "misses", lambda row: share(row["coverage"]))


def _alarms(rows: Sequence[Row]) -> Line:
    points: dict[float, list[float]] = {}
    for row in rows:
        if row.get("false_alarm_rate") is not None:
            points.setdefault(share(row["coverage"]), []).append(row["false_alarm_rate"])
    x = sorted(points, reverse=True)
    mean = [sum(points[c]) / len(points[c]) for c in x]
    return Line("seen where there is none (mean of scans)", x, mean, look="dashes")


def _line(
    scan: str, rows: Sequence[Row], y: str, ends: str, at: Callable[[Row], float]
) -> Line:
    known = [row for row in rows if row.get(y) is not None]
    known.sort(key=at)
    return Line(
        scan,
        [at(row) for row in known],
        [row[y] for row in known],
        [row.get(f"{ends}_low") for row in known],
        [row.get(f"{ends}_high") for row in known],
        [_said(row) for row in known],
    )


def _said(row: Row) -> str:
    features = amount(row["features"], "feature", "g")
    if row["kind"] == "all":
        images = amount(row["images"], "image", "g")
        return f"{row['coverage']}; {features} in {images}"
    high = "on" if row.get("high") is None else figure(row["high"])
    return f"{figure(row['low'])} to {high}; {features}"
