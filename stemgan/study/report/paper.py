"""Charts as figures for papers: PNG, SVG and PDF by matplotlib, and their numbers as CSV."""

import csv
import math
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from stemgan.files import whole_file
from stemgan.plots.page import small_picture
from stemgan.plots.style import MARKS, look_of, pyplot
from stemgan.study.report.charts import Axis, Chart, Limits, Line, View

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FOLDER = "figures"
_PANELS = 9
"""Panels of one file; more views make more files."""
_LETTERS = 14
"""Letters of a legend in an inch."""
_FILES = 3
"""Files of one chart; the CSV has every view."""
_SUFFIXES = ("svg", "pdf", "png")


def write_figures(folder: Path, chart: Chart) -> bytes | None:
    """Write a chart's figures and numbers; return its first PNG.

    Parameters
    ----------
    folder : of the study; files go to its `figures`.
    chart : what is drawn; nothing is written if it has no view.
    """
    if not chart.views:
        return None
    place = folder / FOLDER
    place.mkdir(exist_ok=True)
    _write_numbers(place / f"{chart.name}.csv", chart)
    for name, part in zip(_stems(chart.name), _parts(chart), strict=False):
        figure = _draw(chart, part)
        for suffix in _SUFFIXES:
            # No date: the same study draws the same files.
            unset = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[suffix]
            with whole_file(place / f"{name}.{suffix}") as temporary:
                figure.savefig(temporary, metadata=unset, dpi=200)
        pyplot().close(figure)
    return small_picture(place / f"{chart.name}.png")


def remove_others(folder: Path, names: Iterable[str], charts: Sequence[Chart]) -> None:
    """Remove the figures of an earlier report that this one does not make.

    Parameters
    ----------
    folder : of the study.
    names : of all charts that a report may have; other files are left.
    charts : those that it has.
    """
    parts = {chart.name: len(_parts(chart)) for chart in charts}
    for name in names:
        stems = _stems(name)[parts.get(name, 0) :]
        gone = [f"{stem}.{suffix}" for stem in stems for suffix in _SUFFIXES]
        for file in gone if name in parts else [*gone, f"{name}.csv"]:
            (folder / FOLDER / file).unlink(missing_ok=True)


def _parts(chart: Chart) -> list[list[View]]:
    """Share a chart's panels out among its files."""
    panels = chart.panels or list(chart.views)
    return [panels[i : i + _PANELS] for i in range(0, len(panels), _PANELS)][:_FILES]


def _stems(name: str) -> list[str]:
    """Name a chart's files, without suffix, as many as there may be."""
    return [name, *(f"{name}_{number}" for number in range(2, _FILES + 1))]


def _draw(chart: Chart, views: Sequence[View]) -> "Figure":
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    plt = pyplot()
    columns = min(3, len(views))
    lines = math.ceil(len(views) / columns)
    figure, axes = plt.subplots(
        *(lines, columns),
        figsize=(3.5 * columns + 0.4, 2.9 * lines + 0.7),
        squeeze=False,
    )
    for axis in axes.flat[len(views) :]:
        axis.set_visible(False)
    many = [key for key, texts in chart.choices.items() if len(texts) > 1]
    for axis, view in zip(axes.flat, views, strict=False):
        for line in view.lines:
            _plot(axis, line, look_of(line.name, chart.names))
        _dress(axis, chart, view)
        said = [view.keys[key] for key in many if key in view.keys and key not in chart.paper]
        axis.set_title("\n".join(_pairs(said)), fontsize=9)
    handles = {
        label: handle
        for axis in axes.flat
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    shown = [name for name in chart.names if name in handles]
    width, longest = figure.get_figwidth(), max(map(len, shown), default=0)
    figure.legend(
        [handles[name] for name in shown],
        shown,
        loc="outside lower center",
        ncols=max(1, min(len(shown), int(width * _LETTERS / (longest + 7)))),
        fontsize=8,
    )
    # Laid out once: an engine that stays would draw twice for every format.
    ConstrainedLayoutEngine().execute(figure)
    return figure


def _pairs(texts: Sequence[str]) -> list[str]:
    return [", ".join(texts[i : i + 2]) for i in range(0, len(texts), 2)]


def _plot(axis: "Axes", line: Line, look: tuple[str, int]) -> None:
    colour, mark = look
    x, y = _floats(line.x), _floats(line.y)
    if line.look == "front":
        axis.step(x, y, where="post", color="#555555", linewidth=1, label=line.name)
        return
    style = {"line": "-", "dashes": "--"}.get(line.look, "")
    size = 4 if len(x) <= 25 else 0
    bars = any(low is not None for low in line.low)
    if bars and line.look != "marks" and len(x) > 25:
        axis.fill_between(
            x, _floats(line.low), _floats(line.high), color=colour, alpha=0.15, lw=0
        )
        bars = False
    gaps = None
    if bars:
        ends = zip(y, _floats(line.low), _floats(line.high), strict=True)
        gaps = list(zip(*((max(0.0, v - a), max(0.0, b - v)) for v, a, b in ends), strict=True))
    axis.errorbar(
        *(x, y),
        yerr=gaps,
        color=colour,
        linestyle=style,
        marker=MARKS[mark],
        markersize=size,
        linewidth=1.3,
        elinewidth=0.8,
        capsize=2,
        label=line.name,
    )


def _floats(values: Sequence[float | None]) -> list[float]:
    return [math.nan if v is None else float(v) for v in values]


def _dress(axis: "Axes", chart: Chart, view: View) -> None:
    across, up = chart.limits(view)
    _scale(axis, chart.x, view, across)
    axis.set_xlabel(view.x_title or chart.x.title, fontsize=8)
    axis.set_ylabel((view.y_title or chart.y.title).replace(" [", "\n["), fontsize=8)
    axis.tick_params(labelsize=8)
    if chart.y.scale == "log":
        axis.set_yscale("log")
    axis.set_ylim(up)


def _scale(axis: "Axes", x: Axis, view: View, across: Limits | None) -> None:
    if x.scale == "log":
        axis.set_xscale("log")
    low, high = across or axis.get_xlim()
    axis.set_xlim(low, high)
    ticks = view.x_ticks or x.ticks
    if ticks:
        seen = [(v, text) for v, text in ticks if low <= v <= high]
        axis.set_xticks([v for v, _ in seen], [text for _, text in seen])
        axis.set_xticks([], minor=True)
    if x.falling:
        axis.invert_xaxis()


def _write_numbers(path: Path, chart: Chart) -> None:
    keys = list(chart.choices)
    with (
        whole_file(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        rows = csv.writer(file)
        rows.writerow([*keys, "line", "x", "y", "low", "high", "of"])
        for view in chart.views:
            head = [view.keys.get(key, "") for key in keys]
            for line in view.lines:
                parts = (line.x, line.y, line.low, line.high, line.hover)
                for values in zip_longest(*parts, fillvalue=""):
                    rows.writerow([*head, line.name, *values])
