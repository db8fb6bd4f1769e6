"""Charts of what less error costs: dose and time, and full scans of the same dose."""

import math
from collections.abc import Iterable, Sequence

from stemgan.study.report.against import (
    ERROR,
    by_coverage,
    coverage_ticks,
    line_of,
    number_of,
)
from stemgan.study.report.charts import Axis, Chart, Line, View, log_ticks
from stemgan.study.report.labels import (
    CONDITIONS,
    CONTROLS,
    MEASURES,
    duration,
    is_partial,
    keys_of,
    label,
)
from stemgan.study.summaries import Row, gathered

_MOST = 3


def control_chart(rows: Sequence[Row]) -> Chart:
    """Draw partial scans against coverage, and full scans of the same dose as levels.

    rows : a summary of the images that have such full scans.
    """
    known = [r for r in rows if not r.get("label") and r.get("dose") is not None]
    full = [row for row in known if row.get("control") and row.get(ERROR) is not None]
    views = []
    paths = [row for row in known if not row.get("control") and is_partial(row)]
    for members in gathered(paths, list(CONDITIONS)).values():
        lines = by_coverage(members, ERROR)
        ends = [x for line in lines for x in line.x if x is not None]
        same = [row for row in full if row["dose"] == members[0]["dose"]]
        most = _MOST * max((row[ERROR] for row in members if row[ERROR]), default=0.0)
        kinds = gathered(same, ["control"]).values()
        best = [min(part, key=lambda row: row[ERROR]) for part in kinds]
        levels = [_level(row, max(ends), min(ends)) for row in best if row[ERROR] <= most]
        if lines and levels:
            views.append(View(keys_of(members[0]), tuple(lines + levels)))
    return Chart(
        "partial_against_full",
        "Partial scans beside full scans of the same dose",
        "Dashed levels: full scans that put the same number of electrons on the same specimen. "
        "Truths are clean, or nearly so: noise added to a noisy truth is no dose. Where a "
        "dashed level lies below the lines, scan everything, faster. Of each kind the best; "
        f"others, and levels of more than {_MOST} times the largest partial error, are "
        "left to the table.",
        Axis("achieved coverage", "log", coverage_ticks(paths), falling=True),
        Axis(MEASURES[ERROR][1], zero=True),
        tuple(views),
    )


def _control_name(row: Row) -> str:
    name = CONTROLS.get(row["control"], str(row["control"]))
    return f"{name} ({row['method']})" if row.get("method") else name


def _level(row: Row, left: float, right: float) -> Line:
    text = number_of(row)
    low, high = row.get(f"{ERROR}_low"), row.get(f"{ERROR}_high")
    error = row[ERROR]
    return Line(
        _control_name(row),
        *([left, right], [error, error], [low, low], [high, high], [text, text]),
        "dashes",
    )


def dose_chart(rows: Sequence[Row], on_controls: Sequence[Row]) -> Chart:
    """Draw error against dose: a line a scan; full scans of the same dose beside them."""
    chosen = on_controls or rows
    noisy = [row for row in chosen if row.get("dose") and not row.get("label")]
    full = [row for row in noisy if row.get("control")]
    paths = [row for row in noisy if not row.get("control") and is_partial(row)]
    best = [_least(part) for part in gathered(full, ["control"]).values()]
    views = []
    for members in gathered(paths, ["coverage", "method", "dwell_s", "lag_s"]).values():
        if len({row["dose"] for row in members}) < 2:
            continue
        lines = _by_dose(members, ["scan"])
        lines += [
            line_of(_control_name(part[0]), part, "dose", ERROR, "dose", look="dashes")
            for part in best
            if part
        ]
        keys = {"coverage": members[0]["coverage"], **keys_of(members[0])}
        views.append(View({k: v for k, v in keys.items() if k != "dose"}, tuple(lines)))
    return Chart(
        "error_against_dose",
        "Error against dose",
        "Dose is the mean number of electrons per pixel of the field: partial and full scans "
        "of one dose put the same number on the specimen. Dashed: full scans, the best of each "
        "kind.",
        Axis("dose over the field [electrons/px]", "log", log_ticks(r["dose"] for r in noisy)),
        Axis(MEASURES[ERROR][1], "log", log_ticks(row[ERROR] for row in noisy)),
        tuple(views),
    )


def _least(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of the method of least error, in the mean of logarithms over doses."""
    parts = gathered([row for row in rows if row[ERROR]], ["method"]).values()
    most = max(map(len, parts), default=0)
    whole = [part for part in parts if len(part) == most]
    return min(whole, key=lambda part: sum(math.log(row[ERROR]) for row in part), default=[])


def _by_dose(rows: Sequence[Row], names: Sequence[str]) -> list[Line]:
    return [
        line_of(" ".join(map(str, key)), part, "dose", ERROR, "dose")
        for key, part in gathered(rows, names).items()
    ]


def pareto_chart(rows: Sequence[Row]) -> Chart:
    """Draw error against time and against dose: every setting a mark, the best joined."""
    views = []
    for (method,), members in gathered(rows, ["method"]).items():
        for name, column, title in (
            ("time", "duration_s", "duration of the scan [s]"),
            ("dose", "dose", "dose over the field [electrons/px]"),
        ):
            known = [{**row, "setting": setting(row)} for row in members if row.get(column)]
            if len({row[column] for row in known}) < 2:
                continue
            ticks = log_ticks(row[column] for row in known)
            lines = [
                line_of(scan, part, column, ERROR, "setting", look="marks")
                for (scan,), part in gathered(known, ["scan"]).items()
            ]
            front = front_of(known, column)
            best = line_of("least error for so much", front, column, ERROR, "setting")
            lines.append(Line(best.name, best.x, best.y, hover=best.hover, look="front"))
            keys = {"against": name, "completed by": method}
            views.append(View(keys, tuple(lines), x_title=title, x_ticks=ticks))
    return Chart(
        "pareto_front",
        "What less error costs: time and dose",
        "Every mark is a setting: a scan at a coverage, dose, dwell and coil lag. On the steps "
        "lie those that no other beats in both. Time is that of the whole scan, with settling "
        "and flyback.",
        Axis("duration of the scan [s]", "log"),
        Axis(MEASURES[ERROR][1], zero=True),
        tuple(views),
    )


def setting(row: Row) -> str:
    """Name a setting but for its scan: "1/20, 10 electrons/px, dwell 10 µs"."""
    parts = [str(row["coverage"]), label("dose", row.get("dose"))]
    if row.get("dwell_s"):
        parts.append(f"dwell {duration(row['dwell_s'])}")
    if row.get("lag_s"):
        parts.append(f"lag {duration(row['lag_s'])}")
    return ", ".join(parts)


def front_of(rows: Iterable[Row], cost: str) -> list[Row]:
    """Keep the rows that no other beats in both cost and error, by rising cost."""
    front: list[Row] = []
    for row in sorted(rows, key=lambda row: (row[cost], row[ERROR])):
        if not front or row[ERROR] < front[-1][ERROR]:
            front.append(row)
    return front
