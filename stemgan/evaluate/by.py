"""Means by a column of manifests or tables, such as the class of an image."""

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from stemgan.evaluate.plan import Plan
from stemgan.evaluate.report import Row, laid_out, summarise, write_table
from stemgan.plots.labels import counted

_TEXTS = ("scan", "coverage", "method")


def labelled(plan: Plan, rows: Iterable[Row]) -> list[Row]:
    """Say of each row what tables say of its image now: no error depends on it.

    So an evaluation that is done can be split by classes that were found afterwards.
    """
    sources = {source.name: source for source in plan.sources}
    said = []
    for row in rows:
        source = sources[row["image"]]
        by = {plan.by: source.label} if plan.by else {}
        said.append({"image": source.name, "group": source.group, **by, **row})
        said[-1] |= {"group": source.group}
    return said


def write_by(plan: Plan, folder: Path, rows: Sequence[Row]) -> list[Row]:
    """Write the means of each value of the plan's column, if it has one, and give them."""
    if plan.by is None:
        return []
    means = summarise(plan, rows, plan.by)
    write_table(path_by(plan, folder), means)
    return means


def path_by(plan: Plan, folder: Path, form: str = "summary_by_{}.csv") -> Path:
    """Name a file of means by the column, whatever signs its name has."""
    return folder / form.format(re.sub(r"[^\w.-]+", "_", plan.by or ""))


def read_by(plan: Plan, folder: Path) -> list[Row]:
    """Read the means of each value of the plan's column; what has no value is None."""
    if plan.by is None:
        return []
    with path_by(plan, folder).open(newline="", encoding="utf-8") as file:
        return [
            {
                name: text if name in (*_TEXTS, plan.by) else _number(text)
                for name, text in row.items()
            }
            for row in csv.DictReader(file)
        ]


def tables_by(plan: Plan, means: Sequence[Row], most: int = 4) -> list[str]:
    """Lay out errors for people: a table a condition, a line a value, a column a method.

    Parameters
    ----------
    plan : the evaluation.
    means : what `write_by` made.
    most : tables at most; the file has all.
    """
    tables, by = [], plan.by or ""
    for condition in plan.conditions[:most]:
        key = (condition.scan, condition.coverage, condition.electrons)
        members = [r for r in means if (r["scan"], r["coverage"], r["electrons"]) == key]
        labels = list(dict.fromkeys(r[by] for r in members))
        values = {(r[by], r["method"]): r["rmse_blurred_groups"] for r in members}
        columns = {
            method: [values.get((label, method)) for label in labels] for method in plan.methods
        }
        title = (
            f"RMSE against the blurred truth [%] by {by}, mean over groups, {condition.label}"
        )
        tables.append(laid_out(title, counted(members, by, labels), columns))
    return tables


def _number(text: str) -> float | int | None:
    if not text:
        return None
    return int(text) if text.isdecimal() else float(text)
