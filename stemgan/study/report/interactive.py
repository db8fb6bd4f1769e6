"""Charts as plotly figures: plain JSON for the script that the page carries."""

import math
from collections.abc import Sequence
from typing import Any

from stemgan.plots.style import look_of
from stemgan.study.report.charts import Axis, Chart, Limits, Line, View
from stemgan.study.report.labels import figure

_MARKS = (
    *("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "x", "star"),
)
_MANY = 25
"""Lines of more points have a band in place of bars, and no marks."""

Json = dict[str, Any]


def chart_json(chart: Chart) -> Json:
    """Return all views of a chart, and the layout that they share."""
    names = chart.names
    return {
        "choices": chart.choices,
        "layout": _layout(chart),
        "views": [_view(view, chart, names) for view in chart.views],
    }


def figure_json(chart: Chart, view: int = 0) -> Json:
    """Return one view as a whole plotly figure: {"data": …, "layout": …}."""
    parts = chart_json(chart)
    shown = parts["views"][view]
    layout = dict(parts["layout"])
    for axis in ("xaxis", "yaxis"):
        layout[axis] = {**layout[axis], **shown[axis]}
    return {"data": shown["data"], "layout": layout}


def _view(view: View, chart: Chart, names: list[str]) -> Json:
    traces = [
        trace for line in view.lines for trace in _traces(line, look_of(line.name, names))
    ]
    across, up = chart.limits(view)
    x: Json = {"title": {"text": _folded(view.x_title or chart.x.title), "standoff": 8}}
    x |= _ticks(view.x_ticks or chart.x.ticks) | _range(chart.x, across)
    y = {"title": {"text": _folded(view.y_title or chart.y.title)}} | _range(chart.y, up)
    return {"keys": view.keys, "data": traces, "xaxis": x, "yaxis": y}


def _ticks(ticks: Sequence[tuple[float, str]]) -> Json:
    if not ticks:
        return {}
    values, texts = zip(*ticks, strict=True)
    return {"tickvals": values, "ticktext": texts}


def _range(axis: Axis, limits: Limits | None) -> Json:
    """Give an axis its ends; of a logarithmic one plotly wants the logarithms."""
    if limits is None:
        return {"autorange": "reversed" if axis.falling else True}
    ends = [math.log10(v) if axis.scale == "log" else v for v in limits]
    return {"range": _short(ends[::-1] if axis.falling else ends)}


def _traces(line: Line, look: tuple[str, int]) -> list[Json]:
    colour, mark = look
    trace: Json = {
        "type": "scatter",
        "name": line.name,
        "x": _short(line.x),
        "y": _short(line.y),
        "mode": "lines+markers",
        "line": {"color": colour, "width": 2},
        "marker": {"color": colour, "symbol": _MARKS[mark], "size": 7},
        "hovertemplate": f"<b>{line.name}</b><br>%{{y:.4g}} at %{{x:.4g}}"
        + ("<br>%{text}" if line.hover else "")
        + "<extra></extra>",
    }
    if line.hover:
        trace["text"] = list(line.hover)
    if line.look == "marks":
        trace["mode"] = "markers"
    elif line.look == "dashes":
        trace["line"] |= {"dash": "dash"}
    elif line.look == "front":
        trace |= {"mode": "lines", "line": {"color": "#555555", "width": 1.5, "shape": "hv"}}
    if not _has_interval(line) or line.look == "front":
        return [trace]
    if len(line.x) <= _MANY:
        trace["error_y"] = _bars(line, colour)
        return [trace]
    trace["mode"] = "lines"
    return [_band(line, colour), trace]


def _has_interval(line: Line) -> bool:
    return any(low is not None for low in line.low)


def _bars(line: Line, colour: str) -> Json:
    ends = zip(line.y, line.low, line.high, strict=True)
    gaps = [
        (0, 0) if y is None or low is None or high is None else (high - y, y - low)
        for y, low, high in ends
    ]
    return {
        "type": "data",
        "symmetric": False,
        "array": _short([max(0.0, up) for up, _ in gaps]),
        "arrayminus": _short([max(0.0, down) for _, down in gaps]),
        "color": colour,
        "thickness": 1.2,
        "width": 3,
    }


def _band(line: Line, colour: str) -> Json:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return {
        "type": "scatter",
        "x": _short([*line.x, *reversed(line.x)]),
        "y": _short([*line.high, *reversed(line.low)]),
        "fill": "toself",
        "fillcolor": f"rgba({red},{green},{blue},0.15)",
        "line": {"width": 0},
        "mode": "lines",
        "hoverinfo": "skip",
        "showlegend": False,
        "name": line.name,
    }


def _short(values: Any) -> list[float | None]:  # noqa: ANN401 (numbers or None)
    """Round to five digits: what a screen shows, at half the size."""
    return [None if v is None else float(f"{v:.5g}") for v in values]


def _layout(chart: Chart) -> Json:
    return {
        "xaxis": _axis(chart.x),
        "yaxis": _axis(chart.y),
        "margin": {"l": 64, "r": 14, "t": 34, "b": 56},
        "legend": {"orientation": "h", "y": -0.22, "yanchor": "top", "x": 0},
        "hovermode": "closest",
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": "#1c1c1c"},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "showlegend": True,
    }


def _axis(axis: Axis) -> Json:
    found: Json = {
        "title": {"text": _folded(axis.title), "standoff": 8},
        "type": axis.scale,
        "gridcolor": "#e4e4e4",
        "linecolor": "#767676",
        "ticks": "outside",
        "automargin": True,
        "zeroline": False,
    }
    return found | _ticks(axis.ticks)


def _folded(title: str) -> str:
    """Put the unit on a line of its own where a title is too long for a phone."""
    return title.replace(" [", "<br>[", 1) if len(title) > 36 else title


def alt_text(chart: Chart) -> str:
    """Describe a chart's first panel in words, for those who do not see it."""
    panels = chart.panels or list(chart.views)
    if not panels:
        return chart.title
    view = panels[0]
    said = ", ".join(f"{key} {text}" for key, text in view.keys.items())
    ends = [
        f"{line.name}: {figure(line.y[0])} at {figure(line.x[0])} to {figure(line.y[-1])} at "
        f"{figure(line.x[-1])}"
        for line in view.lines
        if line.look in ("line", "dashes") and line.y
    ]
    return f"{chart.title} ({said}). {'; '.join(ends[:8])}".strip()
