"""A study's summary for people: a line a setting, a column a method."""

from collections.abc import Sequence
from typing import Any

_SETTING = ("scan", "coverage", "dose", "dwell_s", "lag_s")
_NAMES = {
    "scan": "scan",
    "coverage": "coverage",
    "dose": "e/px",
    "dwell_s": "dwell",
    "lag_s": "lag",
}


def summary_text(summary: Sequence[dict[str, Any]]) -> str:
    """Lay out the mean error of every setting and method, with its 95 % interval.

    Of the setting, columns that differ are shown, the scan and the coverage always.
    """
    rows = [row for row in summary if not row["label"]]
    shown = [
        name
        for name in _SETTING
        if name in ("scan", "coverage")
        or len({row[name] for row in rows if not row["control"]}) > 1
    ]
    methods = list(dict.fromkeys(_method(row) for row in rows if not row["control"]))
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for row in rows:
        if row["control"]:
            continue
        key = tuple(_cell(row[name]) for name in shown)
        lines.setdefault(key, {})[_method(row)] = _mean(row)
    for row in rows:
        if row["control"]:
            name = f"{row['control']} ({row['method']})" if row["method"] else row["control"]
            first = (name, "", *(_cell(row[name]) for name in shown[2:]))
            lines.setdefault(first, {})[methods[0] if methods else ""] = _mean(row)
    table = [[*(_NAMES[name] for name in shown), *methods]]
    table += [
        [*key, *(found.get(method, "") for method in methods)] for key, found in lines.items()
    ]
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    groups = max((row["groups"] for row in rows), default=0)
    title = (
        "RMSE against the blurred truth [% of its range], mean and 95 % interval over "
        f"{groups} groups of images"
    )
    laid = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in table
    )
    return "\n".join([title, *laid])


def _method(row: dict[str, Any]) -> str:
    return str(row["method"])


def _cell(value: Any) -> str:  # noqa: ANN401 (what a row holds)
    if value is None:
        return "none"
    return value if isinstance(value, str) else f"{value:g}"


def _mean(row: dict[str, Any]) -> str:
    mean, low, high = (row.get(f"rmse_blurred{end}") for end in ("", "_low", "_high"))
    if mean is None:
        return "-"
    return (
        f"{mean:.2f}" if low is None or high is None else f"{mean:.2f} [{low:.2f}, {high:.2f}]"
    )
