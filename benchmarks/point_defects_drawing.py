"""The picture of `point_defects.py`: examples, and all vacancies by distance from the path."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.plots.style import COLOURS, pyplot, save
from stemgan.study.conditions import take
from stemgan.study.detection import FeatureTask, specimens
from stemgan.study.features import Pair
from stemgan.study.tasks import Tools

Row = dict[str, Any]
Image = NDArray[np.floating]

HALF = 40  # px of a picture on either side of the place
NEAR, FAR = 1.0, 0.35  # px; pitch: between two turns


def draw(
    path: Path,
    tools: Tools,
    rows: Sequence[Row],
    summary: Sequence[Row],
    instances: int,
    size: int,
) -> None:
    """Draw one vacancy on the path and one between two turns, and all of them by distance."""
    plt = pyplot()
    figure = plt.figure(figsize=(11, 8.6))
    upper, lower = figure.subfigures(2, 1, height_ratios=(1.25, 1))
    method = next(iter(tools.methods))
    cases = examples([row for row in rows if row["method"] == method])
    axes = upper.subplots(max(len(cases), 1), 5, squeeze=False)
    for line, (title, row) in zip(axes, cases, strict=False):
        _example(line, title, row, tools, instances, size)
    left, right = lower.subplots(1, 2)
    _detected(left, summary)
    _said(right, summary, method)
    save(figure, path)


def examples(rows: Sequence[Row]) -> list[tuple[str, Row]]:
    """Choose a vacancy on the path and, of the same crystal, one between two turns.

    The first crystal that has both, where the former is detected and the latter is missed.
    """
    there = [row for row in rows if row["present"]]
    on = [row for row in there if row["distance_px"] < NEAR and row["detected"]]
    off = [row for row in there if row["distance_pitch"] > FAR and row["detected"] is False]
    for first in on:
        for second in off:
            same = ("image", "scan", "coverage")
            if all(first[name] == second[name] for name in same):
                return [("on the path", first), ("between two turns", second)]
    return []


def _example(axes: Any, title: str, row: Row, tools: Tools, instances: int, size: int) -> None:  # noqa: ANN401
    setting = next(s for s in tools.plan.settings if s.coverage == row["coverage"])
    number = int(row["image"].rsplit("-", 1)[1])
    task = FeatureTask(row["feature"], number, setting, instances, size)
    pair, with_it, _ = specimens(task, tools.plan.seed)
    scanned = take(with_it, setting, tools.plan.seed, tools.plan.timing)
    made = tools.methods[row["method"]](scanned.scan)
    window = _window(pair, row["instance"])
    y, x = pair.places[row["instance"]]
    centre = x - window[1].start, y - window[0].start
    truth, twin = pair.blurred
    limits = {"vmin": twin.min(), "vmax": twin.max()}
    outside = None
    if made.quantiles is not None:
        low, _, high = made.quantiles
        outside = (truth < low) | (truth > high)
    panels: list[tuple[str, Image | None, Mapping[str, Any]]] = [
        ("truth, blurred", truth, limits),
        (f"measured, {row['coverage']}", scanned.scan.with_nan(), limits),
        (f"completion, {row['method']}", made.image, limits),
        ("predicted deviation", made.std, {"cmap": "inferno", "vmin": 0}),
        ("truth outside the 90 % interval", outside, {"cmap": "Reds", "vmin": 0, "vmax": 1.5}),
    ]
    for axis, (name, image, look) in zip(axes, panels, strict=True):
        axis.set(xticks=[], yticks=[])
        axis.set_facecolor("#182040")
        axis.grid(visible=False)
        axis.set_title(name, fontsize=9)
        if image is None:
            continue
        axis.imshow(image[window], **{"cmap": "gray", "interpolation": "nearest", **look})
        circle = {"color": "#e0a020", "fill": False, "linewidth": 1.2}
        axis.add_patch(pyplot().Circle(centre, 0.75 * (pair.spacing or 10), **circle))
    axes[0].set_ylabel(f"{title}\n{row['distance_px']:.1f} px from it", fontsize=9)


def _window(pair: Pair, index: int) -> tuple[slice, slice]:
    """Return the square about a place, moved into the frame."""
    side = pair.truth.shape[0]
    start = np.clip(np.round(pair.places[index]).astype(int) - HALF, 0, side - 2 * HALF)
    return slice(start[0], start[0] + 2 * HALF), slice(start[1], start[1] + 2 * HALF)


def _lines(summary: Sequence[Row]) -> list[tuple[str, str, str, list[Row]]]:
    """Part the rows by distance: a line a method and coverage, with its colour and dashes."""
    bins = [row for row in summary if row["kind"] == "distance"]
    keys = dict.fromkeys((row["method"], row["coverage"]) for row in bins)
    coverages = list(dict.fromkeys(coverage for _, coverage in keys))
    methods = list(dict.fromkeys(method for method, _ in keys))
    return [
        (
            f"{method} {coverage}",
            COLOURS[coverages.index(coverage) % len(COLOURS)],
            ("-", "--", ":", "-.")[methods.index(method) % 4],
            [row for row in bins if (row["method"], row["coverage"]) == (method, coverage)],
        )
        for method, coverage in keys
    ]


def _middle(row: Row) -> float:
    return (row["low"] + row["high"]) / 2 if row["high"] else 1.15 * row["low"]


def _plot(axis: Any, rows: Sequence[Row], column: str, **look: Any) -> None:  # noqa: ANN401
    known = [row for row in rows if row[column] is not None]
    axis.plot([_middle(r) for r in known], [100 * r[column] for r in known], **look)


def _detected(axis: Any, summary: Sequence[Row]) -> None:  # noqa: ANN401
    whole = [row["false_alarm_rate"] for row in summary if row["kind"] == "all"]
    alarms = float(np.mean([rate for rate in whole if rate is not None] or [0]))
    for label, colour, dashes, rows in _lines(summary):
        look = {"color": colour, "linestyle": dashes, "marker": "o", "markersize": 4}
        _plot(axis, rows, "detection_rate", label=label, **look)
        if dashes == "-":
            known = [row for row in rows if row["detection_low"] is not None]
            low, high = (
                [100 * row[name] for row in known]
                for name in ("detection_low", "detection_high")
            )
            axis.fill_between([_middle(r) for r in known], low, high, color=colour, alpha=0.15)
    axis.axhline(100 * alarms, color="0.4", linewidth=1, label="false alarms")
    axis.set(
        xlabel="distance of the missing column from the path [px]",
        ylabel="detected [%]",
        ylim=(0, 105),
    )
    axis.legend(fontsize=8)


def _said(axis: Any, summary: Sequence[Row], method: str) -> None:  # noqa: ANN401
    for label, colour, _, rows in _lines(summary):
        if label.startswith(f"{method} "):
            coverage = rows[0]["coverage"]
            _plot(axis, rows, "shown", color=colour, marker="o", label=f"shown, {coverage}")
            look = {"color": colour, "linestyle": ":", "marker": "s"}
            _plot(axis, rows, "flagged", **look, label=f"in the 90 % interval, {coverage}")
    axis.set(
        xlabel="distance of the missing column from the path [px]",
        ylabel=f"{method}: contrast that is shown,\nvacancies in the interval [%]",
        ylim=(-10, 105),
    )
    axis.legend(fontsize=8)
