"""Charts along a curve: error by distance, and the Fourier ring correlation."""

import math
from collections.abc import Sequence

from stemgan.study.report.against import line_of
from stemgan.study.report.charts import Axis, Chart, Line, View
from stemgan.study.report.labels import CONDITIONS, MEASURES, keys_of
from stemgan.study.report.pooling import Row, mean_of, parted

_KINDS = {
    "distance": ("error_by_distance", "Error against distance", "[px]"),
    "pitch": ("error_by_pitch", "Error against distance, in pitches", "[pitch]"),
    "lattice": ("error_by_lattice", "Error against distance, in lattice periods", "[periods]"),
}
_FEWEST = 1 / 2000
"""Rings with a smaller share of a line's pixels are the far corners of a few images."""


def distance_charts(rows: Sequence[Row]) -> list[Chart]:
    """Draw error against distance in px, pitches and lattice periods, as far as there are any."""
    return [
        _chart(
            [row for row in rows if row["kind"] == kind],
            name,
            title,
            "Root mean square over images, each group counting the same; bars: 95 % intervals "
            "from resampling groups. Rings with few pixels are left out.",
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
    for key, members in parted(rows, ["coverage", *CONDITIONS]).items():
        lines = [_line(scan, part) for (scan,), part in parted(members, ["scan"]).items()]
        keys = {"coverage": str(key[0]), **keys_of(members[0])}
        views.append(View(keys, tuple(line for line in lines if line.y)))
    return Chart(name, title, caption, x, y, tuple(view for view in views if view.lines))


def _line(scan: str, rows: Sequence[Row]) -> Line:
    """Pool one scan's rings over images: rings of few pixels do not count."""
    correlation = rows[0]["kind"] == "frc"
    fewest = sum(row.get("count") or 0 for row in rows) * _FEWEST
    points = []
    for (low, high), part in parted(rows, ["low", "high"]).items():
        pixels = sum(row.get("count") or 0 for row in part)
        if not correlation and pixels < fewest:
            continue
        mean = mean_of(part, "value" if correlation else "rmse", square=not correlation)
        if mean:
            text = f"{mean.images} images" + (f", {pixels:.3g} px" if pixels else "")
            points.append((_middle(low, high), mean, text))
    return line_of(scan, sorted(points, key=lambda point: point[0]))


def _middle(low: float, high: float | None) -> float:
    """Return where a ring is drawn; the last one has no end."""
    if high is None or math.isinf(high):
        return 1.2 * low
    return (low + high) / 2
