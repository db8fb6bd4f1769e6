"""What of an evaluation is drawn: which rows, which image, which maps."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from stemgan.evaluate.by import path_by
from stemgan.evaluate.maps import FOLDER, Maps, read_map
from stemgan.evaluate.methods import Method
from stemgan.evaluate.plan import Plan
from stemgan.evaluate.scans import Condition, take_scan
from stemgan.evaluate.sources import Source

Row = dict[str, Any]
_FEW = 8
"""So many conditions have an example each; of more, each scan has one."""
_MAP_SIDE = 96  # [px] in the picture


def draw(
    plan: Plan,
    folder: Path,
    methods: Mapping[str, Method],
    rows: Sequence[Row],
    summary: Sequence[Row],
    split: Sequence[Row],
    rings: Mapping[str, Sequence[Row]],
    maps: Maps,
) -> None:
    """Draw the plots of a finished evaluation into its folder."""
    from stemgan import plots

    labels = {c.scan: _name(c) for c in plan.conditions}
    summary, *pair = (
        [{**row, "scan": labels[row["scan"]]} for row in members]
        for members in (summary, *rings.values())
    )
    plots.error_against_coverage(folder / "error_vs_coverage.png", summary)
    for unit, members in zip(rings, pair, strict=True):
        plots.error_against_distance(folder / f"error_vs_{unit}.png", members, unit)
    if plan.by:
        path = path_by(plan, folder, "error_by_{}.png")
        plots.error_by_label(path, split, plan.by, {_key(c): c.label for c in plan.conditions})
    source = _typical(plan, rows)
    examples = []
    for condition in _examples(plan):
        truth, scan = take_scan(source, condition, plan.seed)
        images = {name: method(scan) for name, method in methods.items()}
        examples.append((condition.label, truth, scan.with_nan(), images))
    plots.example_sheet(folder / "examples.png", source.name, examples)
    tiles = [
        (condition.label, method, read_map(path, _MAP_SIDE))
        for condition, method, path in maps.written()
    ]
    if tiles:
        plots.map_sheet(folder / f"{FOLDER}.png", tiles)


def _key(condition: Condition) -> tuple[str, str, float | None]:
    return condition.scan, condition.coverage, condition.electrons


def _name(condition: Condition) -> str:
    return replace(condition, coverage="", electrons=None).label.strip()


def _examples(plan: Plan) -> list[Condition]:
    """Choose the conditions that are shown: all if they are few, else one a scan."""
    doses = {(c.scan, c.coverage): c for c in reversed(plan.conditions)}
    if len(doses) > _FEW:
        doses = {c.scan: c for c in doses.values()}
    return list(doses.values())[::-1]


def _typical(plan: Plan, rows: Sequence[Row]) -> Source:
    """Return the image of median error under the first condition by the last method."""
    first, last = plan.conditions[0], plan.methods[-1]
    wanted = (*_key(first), last)
    errors = {
        row["image"]: row["rmse_blurred"]
        for row in rows
        if (row["scan"], row["coverage"], row["electrons"], row["method"]) == wanted
        and not math.isnan(row["rmse_blurred"])
    }
    known = [source for source in plan.sources if source.name in errors] or plan.sources
    order = sorted(known, key=lambda source: errors.get(source.name, 0.0))
    return order[len(order) // 2]
