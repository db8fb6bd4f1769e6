"""Charts along a curve: error by distance, and the Fourier ring correlation."""

from collections.abc import Sequence

from stemgan.study.report.against import line_of
from stemgan.study.report.charts import Axis, Chart, Line, View
from stemgan.study.report.labels import CONDITIONS, MEASURES, keys_of
from stemgan.study.summaries import Row, gathered

_KINDS = {
    "distance": ("error_by_distance", "Error against distance", "[px]"),
    "pitch": ("error_by_pitch", "Error against distance, in pitches", "[pitch]"),
    "lattice": ("error_by_lattice", "Error against distance, in lattice periods", "[periods]"),
}
_FEWEST = 1 / 2000
"""Rings with a smaller share of a line's pixels are the far corners of a few images."""


def distance_charts(rows: Sequence[Row]) -> list[Chart]:
    """Draw error against distance in px, pitches and lattice periods."""
    return [
        _chart(
            [row for row in rows if row["kind"] == kind],
            name,
            title,
            "Root mean square error in rings around what was measured: mean over images, each "
            "group counting the same, with 95 % intervals from resampling groups. Rings with "
            "few pixels are left out.",
            Axis(f"distance to the nearest measured pixel {unit}"),
            Axis(MEASURES["rmse_blurred"][1], zero=True),
        )
        for kind, (name, title, unit) in _KINDS.items()
    ]


def frc_chart(rows: Sequence[Row]) -> Chart:
    """Draw the Fourier ring correlation of completion and truth against frequency."""
    return _chart(
        [row for row in rows if row["kind"] == "frc"],
        "ring_correlation",
        "Fourier ring correlation with the truth",
        "1: structure of this frequency is complete; 0: it is lost. Where it falls to 1/2 is "
        "called the resolution.",
        Axis("frequency [cycles/px]"),
        Axis("correlation with the truth", zero=True),
    )


def _chart(rows: Sequence[Row], name: str, title: str, caption: str, x: Axis, y: Axis) -> Chart:
    views = []
    for key, members in gathered(rows, ["coverage", *CONDITIONS]).items():
        lines = [_line(scan, part) for (scan,), part in gathered(members, ["scan"]).items()]
        keys = {"coverage": str(key[0]), **keys_of(members[0])}
        views.append(View(keys, tuple(line for line in lines if line.y)))
    return Chart(name, title, caption, x, y, tuple(view for view in views if view.lines))


def _line(scan: str, rows: Sequence[Row]) -> Line:
    """Join one scan's rings: those of few pixels do not count."""
    if rows[0]["kind"] == "frc":
        return line_of(scan, rows, middle_of, "value", "coverage")
    fewest = sum(row["count"] for row in rows) * _FEWEST
    return line_of(
        scan, [r for r in rows if r["count"] >= fewest], middle_of, "rmse", "coverage"
    )


def middle_of(row: Row) -> float:
    """Return where a ring is drawn; the last one has no end."""
    low, high = row["low"], row.get("high")
    return 1.2 * low if high is None or high == float("inf") else (low + high) / 2
