"""From entries to tables: results, means over images and over groups, error by distance."""

import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stemgan.evaluate.journal import Entry
from stemgan.evaluate.plan import Plan
from stemgan.files import whole_file
from stemgan.metrics import ErrorByDistance

METRICS = (
    "rmse_blurred",
    "rmse_raw",
    "nrmse_std_blurred",
    "nrmse_std",
    "psnr",
    "ssim",
    "seconds",
)
Row = dict[str, Any]


def sorted_entries(plan: Plan, entries: Iterable[Entry]) -> list[Entry]:
    """Order entries as the plan does, whatever order they were finished in."""
    images = {source.name: i for i, source in enumerate(plan.sources)}
    conditions = {(c.scan, c.coverage, c.electrons): i for i, c in enumerate(plan.conditions)}
    methods = {name: i for i, name in enumerate(plan.methods)}
    return sorted(
        entries,
        key=lambda e: (
            images[e.row["image"]],
            conditions[_condition(e.row)],
            methods[e.row["method"]],
        ),
    )


def summarise(plan: Plan, entries: Sequence[Entry], by: str | None = None) -> list[Row]:
    """Average every metric over images, and over groups of images.

    Parameters
    ----------
    plan : the evaluation.
    entries : what it found.
    by : column whose values are averaged apart, or None for all images together.

    Returns
    -------
    One row for each value of `by`, condition and method. `METRIC` is the mean over images;
    `METRIC_groups` averages within each group first, as images of one group are not
    independent. `best` is the share of images for which the method has the least rmse_blurred.
    Images without a value (a constant truth has no range) are left out, of the counts `images`
    and `groups` too; NaN means no value.
    """
    cells: dict[tuple, list[Row]] = defaultdict(list)
    for entry in entries:
        label = entry.row[by] if by else None
        cells[label, _condition(entry.row), entry.row["method"]].append(entry.row)
    least = _least(entries)
    rows = []
    for (label, condition, method), members in sorted(cells.items(), key=_order(plan)):
        groups = {row["group"] for row in members if not math.isnan(row["rmse_raw"])}
        rows.append(
            {
                **({by: label} if by else {}),
                **dict(zip(("scan", "coverage", "electrons"), condition, strict=True)),
                "method": method,
                "images": sum(not math.isnan(row["rmse_raw"]) for row in members),
                "groups": len(groups),
                "achieved": _mean(row["achieved"] for row in members),
                **{m: _mean(row[m] for row in members) for m in METRICS},
                **{f"{m}_groups": _mean_of_groups(members, m) for m in METRICS[:-1]},
                "best": _mean(
                    row["rmse_blurred"] <= least[row["image"], condition] for row in members
                ),
            }
        )
    return rows


def distance_rows(plan: Plan, entries: Sequence[Entry]) -> list[Row]:
    """Pool the error by distance over images: one row a condition, method and ring.

    `bias` and `rmse` are in % of each truth's own range, against the blurred truth.
    """
    profiles: dict[tuple, ErrorByDistance] = defaultdict(ErrorByDistance)
    for entry in entries:
        if entry.profile is not None:
            key = (None, _condition(entry.row), entry.row["method"])
            profiles[key] = profiles[key] + ErrorByDistance(*map(np.array, entry.profile))
    return [
        {
            **dict(zip(("scan", "coverage", "electrons"), condition, strict=True)),
            "method": method,
            **row,
        }
        for (_, condition, method), profile in sorted(profiles.items(), key=_order(plan))
        for row in profile.rows()
    ]


def write_table(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as CSV, whole or not at all; what has no value is left empty."""
    with (
        whole_file(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else [])
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)


def table(plan: Plan, summary: Sequence[Row], metric: str, title: str) -> str:
    """Lay out one metric for people: a line a method, a column a condition, * at the least."""
    values = {(row["method"], *_condition(row)): row[metric] for row in summary}
    heads = [
        f"{c.scan} {c.coverage}" + (f" {c.electrons:g} e" if c.electrons else "")
        for c in plan.conditions
    ]
    width = max(map(len, plan.methods))
    lines = [title, " " * width + "  " + "  ".join(heads)]
    columns = []
    for condition, head in zip(plan.conditions, heads, strict=True):
        key = (condition.scan, condition.coverage, condition.electrons)
        column = [values.get((method, *key), math.nan) for method in plan.methods]
        least = min((v for v in column if not math.isnan(v)), default=math.nan)
        columns.append([_figure(v, v == least).rjust(len(head)) for v in column])
    for i, method in enumerate(plan.methods):
        lines.append(f"{method:<{width}}  " + "  ".join(column[i] for column in columns))
    return "\n".join(line.rstrip() for line in lines)


def _figure(value: float, least: bool) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}" + ("*" if least else " ")


def _condition(row: Row) -> tuple[str, str, float | None]:
    return row["scan"], row["coverage"], row["electrons"]


def _order(plan: Plan) -> Any:  # noqa: ANN401 (a sort key)
    conditions = [(c.scan, c.coverage, c.electrons) for c in plan.conditions]
    return lambda item: (
        str(item[0][0]),
        conditions.index(item[0][1]),
        plan.methods.index(item[0][2]),
    )


def _least(entries: Sequence[Entry]) -> dict[tuple, float]:
    least: dict[tuple, float] = defaultdict(lambda: math.inf)
    for entry in entries:
        key = (entry.row["image"], _condition(entry.row))
        least[key] = min(least[key], entry.row["rmse_blurred"])
    return least


def _mean(values: Iterable[float]) -> float:
    known = [float(value) for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def _mean_of_groups(rows: Sequence[Row], metric: str) -> float:
    groups: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        groups[row["group"]].append(row[metric])
    return _mean(_mean(values) for values in groups.values())


def _cell(value: Any) -> Any:  # noqa: ANN401 (whatever a row holds)
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    return value
