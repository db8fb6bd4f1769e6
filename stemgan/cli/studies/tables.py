"""A study's summary for people: a line a setting, a column a method."""

from collections.abc import Sequence
from typing import Any

from stemgan.amounts import amount
from stemgan.study.report.labels import percent

_SETTING = ("scan", "coverage", "dose", "dwell_s", "lag_s")
_NAMES = {
    "scan": "scan",
    "coverage": "coverage",
    "dose": "e/px",
    "dwell_s": "dwell",
    "lag_s": "lag",
}
_ERROR = "RMSE against the blurred truth [% of its range], mean and 95 % interval over "

Row = dict[str, Any]


def summary_text(summary: Sequence[Row], on_controls: Sequence[Row] = ()) -> str:
    """Lay out the mean error of every setting and method, with its 95 % interval.

    Of the setting, columns that differ are shown, the scan and the coverage always.

    Parameters
    ----------
    summary : of all images; full scans of the same dose in it, which not all images have, are
        left to the other.
    on_controls : a summary of the images that have such full scans, and of these alone: its
        full and partial scans are a table of their own.
    """
    paths = _of(summary, control=False)
    groups = max((row["groups"] for row in paths), default=0)
    text = f"{_ERROR}{amount(groups, 'group')} of images\n{_laid(paths)}"
    full, beside = _of(on_controls, control=True), _of(on_controls, control=False)
    if not full:
        return text
    doses = {row["dose"] for row in full}
    beside = [row for row in beside if row["dose"] in doses]
    images = _images(beside)
    of = amount(images, "image", "g")
    if images == _images(paths):
        return f"{text}\n\nFull scans of the same dose, on the same {of}\n{_full(full)}"
    return (
        f"{text}\n\nFull scans of the same dose, on the {of} that are clean enough\n"
        f"{_full(full)}\n\nThe scans above, on these {of} alone\n{_laid(beside)}"
    )


def _of(rows: Sequence[Row], *, control: bool) -> list[Row]:
    return [row for row in rows if bool(row["control"]) == control and not row["label"]]


def _images(rows: Sequence[Row]) -> int:
    return max((row.get("images") or 0 for row in rows), default=0)


def _laid(rows: Sequence[Row]) -> str:
    shown = [
        name
        for name in _SETTING
        if name in ("scan", "coverage") or len({row[name] for row in rows}) > 1
    ]
    methods = list(dict.fromkeys(str(row["method"]) for row in rows))
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for row in rows:
        key = tuple(_cell(row[name]) for name in shown)
        lines.setdefault(key, {})[str(row["method"])] = _mean(row)
    table = [[*(_NAMES[name] for name in shown), *methods]]
    table += [
        [*key, *(found.get(method, "") for method in methods)] for key, found in lines.items()
    ]
    return _columns(table)


def _full(rows: Sequence[Row]) -> str:
    """Lay out full scans by what was made of them: a column a dose."""
    images = _images(rows)
    doses = list(dict.fromkeys(row["dose"] for row in rows))
    lines: dict[tuple[str, str], dict[Any, str]] = {}
    for row in rows:
        fewer = f" of {row['images']:g}" if (row.get("images") or images) < images else ""
        key = (str(row["control"]), str(row["method"]))
        lines.setdefault(key, {})[row["dose"]] = _mean(row) + fewer
    table = [["full scan", "made by", *(f"{dose:g} e/px" for dose in doses)]]
    table += [[*key, *(found.get(dose, "") for dose in doses)] for key, found in lines.items()]
    return _columns(table)


def _columns(table: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in table
    )


def _cell(value: Any) -> str:  # noqa: ANN401 (what a row holds)
    if value is None:
        return "none"
    return value if isinstance(value, str) else f"{value:g}"


def _mean(row: Row) -> str:
    ends = [row.get(f"rmse_blurred{end}") for end in ("", "_low", "_high")]
    if ends[0] is None:
        return "-"
    mean, low, high = (percent(end, 3) for end in ends)
    return mean if ends[1] is None or ends[2] is None else f"{mean} [{low}, {high}]"
