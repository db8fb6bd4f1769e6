"""From figures to tables: results, means over images and over groups, error by distance."""

import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple
from itertools import accumulate, product
from pathlib import Path
from typing import Any

from stemgan.evaluate.journal import Key, Profiles
from stemgan.evaluate.plan import Plan
from stemgan.files import whole_file

METRICS = (
    "rmse_blurred",
    "rmse_raw",
    "nrmse_std_blurred",
    "nrmse_std",
    "psnr",
    "ssim",
    "log_spectrum",
    "seconds",
)
Row = dict[str, Any]
_WIDEST = 110
"""Characters of a line of a table."""


def sorted_rows(plan: Plan, rows: Iterable[Row]) -> list[Row]:
    """Order rows by image, condition and method as the plan does."""
    images = {source.name: i for i, source in enumerate(plan.sources)}
    conditions = {(c.scan, c.coverage, c.electrons): i for i, c in enumerate(plan.conditions)}
    methods = {name: i for i, name in enumerate(plan.methods)}
    return sorted(
        rows,
        key=lambda r: (images[r["image"]], conditions[_condition(r)], methods[r["method"]]),
    )


def summarise(plan: Plan, rows: Sequence[Row], by: str | None = None) -> list[Row]:
    """Average every metric over images, and over groups of images.

    Parameters
    ----------
    plan : the evaluation.
    rows : what it found.
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
    for row in rows:
        label = row[by] if by else None
        cells[label, _condition(row), row["method"]].append(row)
    least = _least(rows)
    means = []
    for (label, condition, method), members in sorted(cells.items(), key=_order(plan)):
        groups = {row["group"] for row in members if not math.isnan(row["rmse_raw"])}
        means.append(
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
    return means


def profile_rows(plan: Plan, profiles: Mapping[Key, Profiles], unit: str) -> list[Row]:
    """Lay out the error by distance, pooled over images: a row a condition, method and ring.

    Parameters
    ----------
    plan : the evaluation.
    profiles : what it found.
    unit : "distance" [px], or "pitch": distances in units of the scan's pitch, whose mean over
        images is in the column `pitch_px`.

    Returns
    -------
    Rows of the condition, the method and `ErrorByDistance.rows`: `bias`, `rmse` and quantiles
    are in % of each truth's own range, against the blurred truth.
    """
    rows = []
    for condition, method in product(plan.conditions, plan.methods):
        head = asdict(condition)
        found = profiles.get((*head.values(), method))
        if found is None:  # constant images alone, which have no range
            continue
        head["method"] = method
        if unit == "pitch":
            head["pitch_px"] = found.pitches / found.images
        members = found.pitch if unit == "pitch" else found.distance
        rows += [{**head, **row} for row in members.rows()]
    return rows


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
    """Lay out one metric for people: a line a method, a column a condition, * at the least.

    Conditions that do not fit beside each other follow below.
    """
    values = {(row["method"], *_condition(row)): row[metric] for row in summary}
    columns = {
        condition.label: [values.get((m, *astuple(condition))) for m in plan.methods]
        for condition in plan.conditions
    }
    # The least of a column: errors of one condition compare.
    return laid_out(title, plan.methods, columns, across=False)


def laid_out(
    title: str,
    names: Sequence[str],
    columns: Mapping[str, Sequence[float | None]],
    *,
    across: bool = True,
) -> str:
    """Lay out figures: a line a name; columns that do not fit beside each other follow below.

    Parameters
    ----------
    title : the first line.
    names : of lines.
    columns : figures by head, one a line; None or NaN where there is none.
    across : whether * stands at the least of each line, or of each column.
    """
    compared = zip(*columns.values(), strict=True) if across else columns.values()
    least = [min(_known(values), default=math.nan) for values in compared]
    texts = []
    for number, (head, values) in enumerate(columns.items()):
        marks = least if across else [least[number]] * len(names)
        cells = (_figure(v, v == low) for v, low in zip(values, marks, strict=True))
        texts.append([head, *(cell.rjust(len(head)) for cell in cells)])
    return "\n".join([title, *_lines(names, texts)])


def _lines(names: Sequence[str], columns: list[list[str]]) -> Iterator[str]:
    room = max(map(len, names), default=0)
    while columns:
        widths = list(accumulate(2 + max(map(len, column)) for column in columns))
        fit = max(1, sum(width <= _WIDEST - room for width in widths))
        for name, cells in zip(("", *names), zip(*columns[:fit], strict=True), strict=True):
            yield "  ".join((f"{name:<{room}}", *cells)).rstrip()
        columns = columns[fit:]


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None and not math.isnan(value)]


def _figure(value: float | None, least: bool) -> str:
    return (
        "-" if value is None or math.isnan(value) else f"{value:.2f}" + ("*" if least else " ")
    )


def _condition(row: Row) -> tuple[str, str, float | None]:
    return row["scan"], row["coverage"], row["electrons"]


def _order(plan: Plan) -> Any:  # noqa: ANN401 (a sort key)
    conditions = [(c.scan, c.coverage, c.electrons) for c in plan.conditions]
    return lambda item: (
        str(item[0][0]),
        conditions.index(item[0][1]),
        plan.methods.index(item[0][2]),
    )


def _least(rows: Sequence[Row]) -> dict[tuple, float]:
    least: dict[tuple, float] = defaultdict(lambda: math.inf)
    for row in rows:
        key = (row["image"], _condition(row))
        least[key] = min(least[key], row["rmse_blurred"])
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
