"""Charts of error against coverage and the lattice, from a study's summaries."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from stemgan.amounts import amount
from stemgan.study.report.charts import Axis, Chart, Line, View, log_ticks
from stemgan.study.report.labels import (
    CONDITIONS,
    MEASURES,
    keys_of,
    label,
    share,
)
from stemgan.study.summaries import Row, gathered

ERROR = "rmse_blurred"
_PAPER = {"measure": MEASURES[ERROR][0]}
_FROM_ZERO = {"rmse_blurred", "rmse_raw", "nrmse_std_blurred"}


def coverage_chart(rows: Sequence[Row], published: Sequence[Row] = ()) -> Chart:
    """Draw each figure against achieved coverage: a line a scan family."""
    views = []
    for members in gathered(rows, list(CONDITIONS)).values():
        for measure, (name, title) in MEASURES.items():
            lines = by_coverage(members, measure)
            if not lines:
                continue
            if measure == ERROR and members[0].get("dose") is None:
                lines += _published(published, {line.name for line in lines})
            keys = {"measure": name, **keys_of(members[0])}
            zero = measure in _FROM_ZERO
            views.append(View(keys, tuple(lines), y_title=title, zero=zero))
    beside = " Dashed: as published in 2020, of other images." if published else ""
    return Chart(
        "error_against_coverage",
        "Error against coverage",
        "Mean over images, each group counting the same. Bars: 95 % intervals from resampling "
        f"groups. Less coverage lies to the right.{beside}",
        Axis("achieved coverage", "log", coverage_ticks(rows), falling=True),
        Axis(MEASURES[ERROR][1], zero=True),
        tuple(views),
        _PAPER,
    )


def by_coverage(rows: Sequence[Row], measure: str) -> list[Line]:
    """Draw a figure against coverage: a line a scan; those without it are left out."""
    lines = [
        line_of(scan, part, x_of_coverage, measure, "coverage", falling=True)
        for (scan,), part in gathered(rows, ["scan"]).items()
    ]
    return [line for line in lines if line.y]


def x_of_coverage(row: Row) -> float:
    """Return where a row stands on an axis of coverage."""
    return row.get("achieved") or share(row["coverage"])


def _published(rows: Sequence[Row], scans: Iterable[str]) -> list[Line]:
    lines = []
    for (scan,), part in gathered(rows, ["scan"]).items():
        if scan in scans:
            points = sorted(
                {(share(r["coverage"]), r["published"]) for r in part}, reverse=True
            )
            x, y = zip(*points, strict=True)
            lines.append(Line(f"{scan}, published", x, y, look="dashes"))
    return lines


def line_of(
    name: str,
    rows: Iterable[Row],
    x: Any,  # noqa: ANN401 (a column, or what makes a number of a row)
    y: str,
    said: str,
    *,
    look: str = "line",
    falling: bool = False,
) -> Line:
    """Join rows of a summary.

    Parameters
    ----------
    name : of the line.
    rows : with `y`, and its interval in NAME_low and NAME_high.
    x : a column, or what makes a number of a row.
    y : a column; rows without it are left out.
    said : column that is said of each point, beside its numbers of images and groups.
    look, falling : of the line; whether x falls from left to right.
    """
    at: Callable[[Row], Any] = x if callable(x) else lambda row: row[x]
    known = sorted(
        (row for row in rows if row.get(y) is not None and at(row) is not None),
        key=at,
        reverse=falling,
    )
    return Line(
        name,
        [at(row) for row in known],
        [row[y] for row in known],
        [row.get(f"{y}_low") for row in known],
        [row.get(f"{y}_high") for row in known],
        [f"{label(said, row.get(said))}; {number_of(row)}" for row in known],
        look,
    )


def number_of(row: Row) -> str:
    """Say of how many images a row is the mean."""
    return ", ".join(
        f"? {what}s" if (number := row.get(f"{what}s")) is None else amount(number, what)
        for what in ("image", "group")
    )


def coverage_ticks(rows: Iterable[Row]) -> tuple[tuple[float, str], ...]:
    """Mark coverages as written, leaving out those that would stand on one another."""
    kept: list[tuple[float, str]] = []
    for text in sorted({row["coverage"] for row in rows if row.get("coverage")}, key=share):
        if not kept or share(text) > 1.18 * kept[-1][0]:
            kept.append((share(text), text))
    return tuple(kept)


def lattice_chart(rows: Sequence[Row]) -> Chart:
    """Draw error over contrast against pitch over lattice period."""
    measure = "nrmse_std_blurred"
    views = []
    for (method, dose), members in gathered(rows, ["method", "dose"]).items():
        lines = [
            line_of(scan, part, "ratio", measure, "scan")
            for (scan,), part in gathered(members, ["scan"]).items()
        ]
        keys = {"completed by": method, "dose": label("dose", dose)}
        views.append(View(keys, tuple(line for line in lines if line.y)))
    ratios = [row["ratio"] for row in rows if row.get("ratio")]
    return Chart(
        "error_against_lattice",
        "The lattice question: error against pitch over lattice period",
        "Images that have a lattice. Left of 1 every row of columns is crossed; right of it "
        "the period must be known from elsewhere in the image. 1 is an empty image's error.",
        Axis("pitch over lattice period", "log", log_ticks(ratios)),
        Axis(MEASURES[measure][1], zero=True),
        tuple(view for view in views if view.lines),
    )
