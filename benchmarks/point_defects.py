"""Take columns out of crystals, scan them along spirals, and see what completions show of it.

    python benchmarks/point_defects.py -o FOLDER [--cases 500] [--coverage 1/17.9,1/50]
        [--methods stemgan-s,gaussian-process] [--scan spiral] [--dose N] [--size 256]

Every crystal (material, zone axis, orientation, magnification and probe at random) is scanned
twice along one path: with columns missing at random places, and perfect. By distance of the
place from the nearest measured pixel: how much of the missing contrast the completion shows,
how many vacancies are detected at 5 % of false alarms by an observer who knows the place, the
column and the rest of the crystal (`stemgan.study.detection`), whether the 90 % interval leaves
room for the missing column, and the predicted deviation there over its median in the image.
Writes rows.jsonl (continues where it stopped), point_defects.csv and point_defects.png.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines import METHODS, complete
from stemgan.evaluate.report import write_table
from stemgan.files import append_line, read_lines
from stemgan.measurement import PartialScan
from stemgan.plots.style import pyplot, save
from stemgan.reconstruct import Reconstructor
from stemgan.study.conditions import Setting, take
from stemgan.study.detection import FeatureTask, specimens
from stemgan.study.detection_rates import decided, detection_summary
from stemgan.study.features import Pair
from stemgan.study.plan import StudyPlan
from stemgan.study.tasks import Completed, Completer, Tools

Row = dict[str, Any]
Image = NDArray[np.floating]

FEATURE = "vacancy"
INSTANCES = 4
FALSE_ALARMS = 0.05
HALF = 40  # px of a picture on either side of the place
NEAR, FAR = 1.0, 0.35  # px; pitch: between two turns
COLOURS = ("#1f6f8b", "#c8553d", "#4a7c3a", "#7a4f9a")


def main() -> None:
    args = _arguments()
    args.output.mkdir(exist_ok=True)
    settings = [Setting(args.scan, text, dose=args.dose) for text in args.coverage.split(",")]
    names = args.methods.split(",")
    tools = Tools(
        StudyPlan((), tuple(settings), tuple(names)), {n: completer(n) for n in names}
    )
    rows = measured(tools, args.cases, args.size, args.output / "rows.jsonl")
    rows = decided(rows, FALSE_ALARMS)
    summary = detection_summary(rows)
    write_table(args.output / "point_defects.csv", summary)
    print("\n".join(table(summary)))
    draw(args.output / "point_defects.png", tools, rows, summary, args.size)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-o", dest="output", type=Path, required=True)
    parser.add_argument("--cases", type=int, default=500, help="vacancies at each coverage")
    parser.add_argument("--coverage", default="1/17.9,1/50")
    parser.add_argument("--methods", default="stemgan-s,gaussian-process")
    parser.add_argument("--scan", default="spiral")
    parser.add_argument("--dose", type=float, help="electrons per pixel of the field")
    parser.add_argument("--size", type=int, default=256, help="side of the images [px]")
    return parser.parse_args()


def completer(name: str) -> Completer:
    """Load a model, or take a classical method, by name."""
    if name in METHODS:
        return lambda scan: Completed(complete(scan, name))
    model = Reconstructor.load(name)

    def run(scan: PartialScan) -> Completed:
        made = model(scan)
        return Completed(made.image, made.std, made.quantiles)

    return run


def measured(tools: Tools, cases: int, size: int, file: Path) -> list[Row]:
    """Scan crystals until there are so many cases at each coverage; continue a file."""
    done = {line.content["key"]: line.content["rows"] for line in read_lines(file)}
    rows: list[Row] = []
    number = found = 0
    while found < cases:
        for setting in tools.plan.settings:
            task = FeatureTask(FEATURE, number, setting, INSTANCES, size)
            key = f"{task.key}/{'+'.join(tools.methods)}"
            if key not in done:
                done[key] = task.run(tools)
                append_line(file, {"key": key, "rows": done[key]})
            rows += [row for row in done[key] if found + row["instance"] < cases]
        number, found = number + 1, found + 1 + max(row["instance"] for row in done[key])
    return rows


def table(summary: Sequence[Row]) -> list[str]:
    """Write the summary as lines of text."""
    lines: list[str] = []
    for row in (row for row in summary if row["kind"] != "pitch"):
        if row["kind"] == "all":
            lines += ["", f"{row['method']}, {row['scan']} {row['coverage']}", _HEAD]
            place = "all"
        else:
            high = row["high"]
            place = f"{row['low']:g}-{high:g} px" if high else f"{row['low']:g} px on"
        rate = _percent(row["detection_rate"])
        interval = f"[{_percent(row['detection_low'])}, {_percent(row['detection_high'])}]"
        lines.append(
            f"{place:<10}{row['features']:>6}{_percent(row['shown']):>9}{rate:>11}"
            f"{interval:>11}{_percent(row['false_alarm_rate']):>9}"
            f"{_percent(row['false_discovery_rate']):>9}{row['misses']:>8}"
            f"{_percent(row['misses_flagged']):>9}{_ratio(row['misses_deviation']):>11}"
            f"{_ratio(row['hits_deviation']):>8}"
        )
    return lines


_HEAD = (
    f"{'distance':<10}{'cases':>6}{'shown %':>9}{'detected %':>11}{'95 %':>11}{'alarms':>9}"
    f"{'false %':>9}{'misses':>8}{'room %':>9}{'dev. miss':>11}{'hit':>8}"
)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f}"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def draw(
    path: Path, tools: Tools, rows: Sequence[Row], summary: Sequence[Row], size: int
) -> None:
    """Draw one vacancy on the path and one between two turns, and all of them by distance."""
    plt = pyplot()
    figure = plt.figure(figsize=(11, 8.6))
    upper, lower = figure.subfigures(2, 1, height_ratios=(1.25, 1))
    method = next(iter(tools.methods))
    cases = examples([row for row in rows if row["method"] == method])
    axes = upper.subplots(max(len(cases), 1), 5, squeeze=False)
    for line, (title, row) in zip(axes, cases, strict=False):
        _example(line, title, row, tools, size)
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


def _example(axes: Any, title: str, row: Row, tools: Tools, size: int) -> None:  # noqa: ANN401
    setting = next(s for s in tools.plan.settings if s.coverage == row["coverage"])
    task = FeatureTask(FEATURE, int(row["image"].rsplit("-", 1)[1]), setting, INSTANCES, size)
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
    axis.axhline(100 * FALSE_ALARMS, color="0.4", linewidth=1, label="false alarms")
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


if __name__ == "__main__":
    main()
