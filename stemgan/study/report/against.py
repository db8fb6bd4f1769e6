"""Charts of error against coverage, dose, time and the lattice, from a study's results."""

from collections.abc import Iterable, Sequence

from stemgan.study.report.charts import Axis, Chart, Line, View
from stemgan.study.report.labels import (
    CONDITIONS,
    CONTROLS,
    MEASURES,
    duration,
    figure,
    keys_of,
    label,
    share,
)
from stemgan.study.report.pooling import Mean, Row, mean_of, parted

ERROR = "rmse_blurred"
_PAPER = {"measure": MEASURES[ERROR][0]}
_FROM_ZERO = {"rmse_blurred", "rmse_raw", "nrmse_std_blurred"}


def coverage_chart(rows: Sequence[Row]) -> Chart:
    """Draw each figure against achieved coverage: a line a scan family."""
    views = []
    for members in parted(rows, list(CONDITIONS)).values():
        for measure, (name, title) in MEASURES.items():
            lines = [
                _coverage_line(scan, part, measure)
                for (scan,), part in parted(members, ["scan"]).items()
            ]
            known = tuple(line for line in lines if line.y)
            if known:
                keys = {"measure": name, **keys_of(members[0])}
                views.append(View(keys, known, title, measure in _FROM_ZERO))
    return Chart(
        "error_against_coverage",
        "Error against coverage",
        "Mean over images, each group counting the same. Bars: 95 % intervals from resampling "
        "groups. Less coverage lies to the right.",
        Axis("achieved coverage", "log", _coverage_ticks(rows), falling=True),
        Axis(MEASURES[ERROR][1], zero=True),
        tuple(views),
        _PAPER,
    )


def _coverage_line(scan: str, rows: Iterable[Row], measure: str) -> Line:
    points = []
    for (coverage,), part in parted(rows, ["coverage"]).items():
        mean, achieved = mean_of(part, measure), mean_of(part, "achieved")
        if mean:
            x = achieved.mean if achieved else share(coverage)
            points.append((x, mean, _of(coverage, mean)))
    return line_of(scan, sorted(points, key=lambda point: -point[0]))


def line_of(name: str, points: Sequence[tuple[float, Mean, str]], look: str = "line") -> Line:
    """Join points (x, mean, what is said of it) in their order."""
    return Line(
        name,
        [x for x, _, _ in points],
        [mean.mean for _, mean, _ in points],
        [mean.low for _, mean, _ in points],
        [mean.high for _, mean, _ in points],
        [text for _, _, text in points],
        look,
    )


def _of(what: str, mean: Mean) -> str:
    return f"{what}; {mean.images} images, {mean.groups} groups"


def _coverage_ticks(rows: Sequence[Row]) -> tuple[tuple[float, str], ...]:
    """Mark coverages as written, leaving out those that would stand on one another."""
    kept: list[tuple[float, str]] = []
    for text in sorted({row["coverage"] for row in rows if row.get("coverage")}, key=share):
        if not kept or share(text) > 1.18 * kept[-1][0]:
            kept.append((share(text), text))
    return tuple(kept)


def dose_chart(rows: Sequence[Row], controls: Sequence[Row]) -> Chart:
    """Draw error against dose: a line a scan, at each coverage; controls beside them."""
    noisy = [row for row in rows if row.get("dose") is not None]
    common = {row["image"] for row in controls}
    views = []
    columns = ["method", "coverage", "dwell_s", "lag_s"]
    for key, members in parted(noisy, columns).items():
        shown = dict(zip(columns, key, strict=True))
        sets = {"all images": members}
        if controls:
            same = [row for row in members if row["image"] in common]
            sets = {"those of the controls": same, **sets}
        for which, part in sets.items():
            lines = [_dose_line(scan, p) for (scan,), p in parted(part, ["scan"]).items()]
            if which != "all images":
                lines += _control_lines(controls)
            keys = {
                "completed by": label("method", shown["method"]),
                "coverage": shown["coverage"],
                "dwell": label("dwell_s", shown["dwell_s"]),
                "coil lag": label("lag_s", shown["lag_s"]),
                **({"images": which} if controls else {}),
            }
            if lines and any(line.y for line in lines):
                views.append(View(keys, tuple(lines)))
    return Chart(
        "error_against_dose",
        "Error against dose, beside full scans of the same dose",
        "Dose is the mean number of electrons per pixel of the field, the same for a sparse and "
        "a full scan. Dashed: full scans that spend the same dose on every pixel. Controls are "
        "of images that are clean, or nearly so: noise added to a noisy truth is no dose.",
        Axis("dose over the field [electrons/px]", "log"),
        Axis(MEASURES[ERROR][1], zero=True),
        tuple(views),
        {"images": "those of the controls"} if controls else {},
    )


def _dose_line(name: str, rows: Iterable[Row], look: str = "line") -> Line:
    points = []
    for (dose,), part in parted(rows, ["dose"]).items():
        mean = mean_of(part, ERROR)
        if mean and dose:
            points.append((dose, mean, _of(label("dose", dose), mean)))
    return line_of(name, sorted(points, key=lambda point: point[0]), look)


def _control_lines(controls: Sequence[Row]) -> list[Line]:
    lines = []
    for (control, method), rows in parted(controls, ["control", "method"]).items():
        name = CONTROLS.get(control, control)
        if control == "full-network" and method:
            name = f"{name} ({method})"
        lines.append(_dose_line(name, rows, "dashes"))
    merged = {line.name: line for line in lines}
    return [line for line in merged.values() if line.y]


def pareto_chart(rows: Sequence[Row]) -> Chart:
    """Draw error against time and against dose: every setting a mark, the best joined."""
    views = []
    for (method,), members in parted(rows, ["method"]).items():
        for axis, column in (("time", "duration_s"), ("electrons", "dose")):
            if len({row.get(column) for row in members} - {None}) < 2:
                continue
            points: dict[str, list[tuple[float, Mean, str]]] = {}
            settings = ["scan", "coverage", "dose", "dwell_s", "lag_s"]
            for key, part in parted(members, settings).items():
                x, mean = mean_of(part, column), mean_of(part, ERROR)
                if x and mean and x.mean > 0:
                    text = _setting(dict(zip(settings, key, strict=True)))
                    points.setdefault(key[0], []).append((x.mean, mean, text))
            lines = [line_of(scan, found, "marks") for scan, found in points.items()]
            front = front_of([point for found in points.values() for point in found])
            lines.append(line_of("least error for so much", front, "front"))
            keys = {"against": axis, "completed by": method}
            views.append(View(keys, tuple(lines)))
    return Chart(
        "pareto_front",
        "What less error costs: time and dose",
        "Every mark is a setting: a scan at a coverage, dose, dwell and coil lag. On the steps "
        "lie those that no other beats in both. Time is that of the whole scan, with settling "
        "and flyback.",
        Axis("duration of the scan [s], or dose over the field [electrons/px]", "log"),
        Axis(MEASURES[ERROR][1], zero=True),
        tuple(views),
    )


def _setting(row: Row) -> str:
    parts = [f"{row['coverage']}", label("dose", row["dose"])]
    if row.get("dwell_s"):
        parts.append(f"dwell {duration(row['dwell_s'])}")
    if row.get("lag_s"):
        parts.append(f"lag {duration(row['lag_s'])}")
    return ", ".join(parts)


def front_of(points: Sequence[tuple[float, Mean, str]]) -> list[tuple[float, Mean, str]]:
    """Keep the points that no other beats in both, by rising cost.

    Parameters
    ----------
    points : (cost, error, text) of each.
    """
    front: list[tuple[float, Mean, str]] = []
    for point in sorted(points, key=lambda p: (p[0], p[1].mean)):
        if not front or point[1].mean < front[-1][1].mean:
            front.append(point)
    return front


def lattice_chart(rows: Sequence[Row]) -> Chart:
    """Draw error over contrast against pitch over lattice period: a mark an image."""
    views = []
    known = [
        {**row, "ratio": row["pitch_px"] / row["lattice_period_px"]}
        for row in rows
        if row.get("lattice_period_px") and row.get("pitch_px")
    ]
    measure = "nrmse_std_blurred"
    for (method, dose), members in parted(known, ["method", "dose"]).items():
        lines = []
        for (scan,), part in parted(members, ["scan"]).items():
            points = [r for r in part if r.get(measure) is not None]
            lines.append(
                Line(
                    scan,
                    [r["ratio"] for r in points],
                    [r[measure] for r in points],
                    hover=[f"{r['image']}, {r['coverage']}" for r in points],
                    look="marks",
                )
            )
        keys = {"completed by": method, "dose": label("dose", dose)}
        views.append(View(keys, tuple(line for line in lines if line.y)))
    return Chart(
        "error_against_lattice",
        "The lattice question: error against pitch over lattice period",
        "A mark is an image that has a lattice. Left of 1 every row of columns is crossed; right "
        "of it the period must be known from elsewhere in the image. An error of 1 is that of "
        "an empty image.",
        Axis("pitch over lattice period", "log"),
        Axis(MEASURES[measure][1], zero=True),
        tuple(view for view in views if view.lines),
    )


def best_text(mean: Mean, unit: str = " %") -> str:
    """Write a mean and its interval: "3.20 % (2.91 to 3.52)"."""
    text = f"{figure(mean.mean)}{unit}"
    if mean.low is None or mean.high is None:
        return text
    return f"{text} ({figure(mean.low)} to {figure(mean.high)})"
