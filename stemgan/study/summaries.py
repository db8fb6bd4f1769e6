"""Summaries of a study: means by group with intervals, curves, and the lattice question."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from stemgan.study.intervals import Mean, group_means, mean_of
from stemgan.study.measures import FIGURES

Row = dict[str, Any]

SETTING = ("scan", "coverage", "dose", "dwell_s", "lag_s")
"""Columns that say how a scan was taken."""

_ABOUT = ("image", "group", "label", "method", "control", "noise_fraction", *SETTING)
_APART = ("table", "lattice_period_px", "denoiser", *_ABOUT)

LATTICE_EDGES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 1e9)
"""[pitch over lattice period], between which `lattice_rows` averages."""


def columns_of(mean: Mean, name: str) -> Row:
    """Return a mean as three columns: its name, and with _low and _high its interval."""
    return {name: mean.value, f"{name}_low": mean.low, f"{name}_high": mean.high}


def scans_of(results: Iterable[Row]) -> list[Row]:
    """Return the rows of partial scans: those that are no controls."""
    return [row for row in results if not row.get("control")]


def gathered(rows: Iterable[Row], names: Sequence[str]) -> dict[tuple[Any, ...], list[Row]]:
    """Gather rows that have the same values in some columns, in the order of the first."""
    found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(row.get(name) for name in names)].append(row)
    return found


def values_of(rows: Iterable[Row], name: str) -> list[tuple[str, Any]]:
    """Return pairs of group and figure, which `mean_of` averages."""
    return [(row["group"], row.get(name)) for row in rows]


def summary_rows(results: Sequence[Row]) -> list[Row]:
    """Average every figure over groups of images, by setting and method; controls too.

    Parameters
    ----------
    results : rows of the table of results.

    Returns
    -------
    A row for each control or none, setting and method: `images` and `groups` with a value of
    rmse_blurred; of each figure of `FIGURES` the mean, and its 95 % interval in NAME_low and
    NAME_high; and of all other numbers (what a path costs) the mean. `label` is "" for all
    images; where images have several labels, rows of each label follow.
    """
    rows = [_summary(members, "") for members in _cells(results)]
    labels = sorted({row.get("label") or "" for row in results} - {""})
    if len(labels) > 1:
        for label in labels:
            chosen = [row for row in results if row.get("label") == label]
            rows += [_summary(members, label) for members in _cells(chosen)]
    return rows


def _cells(results: Iterable[Row]) -> list[list[Row]]:
    return list(gathered(results, ("control", *SETTING, "method")).values())


def _summary(members: Sequence[Row], label: str) -> Row:
    first = members[0]
    error = mean_of(values_of(members, "rmse_blurred"))
    other = dict.fromkeys(
        name for row in members for name in row if name not in (*_APART, *FIGURES)
    )
    summary: Row = {
        "label": label,
        "control": first.get("control") or "",
        **{name: first.get(name) for name in SETTING},
        "method": first["method"],
        "images": error.images,
        "groups": error.groups,
    }
    for name in FIGURES:
        summary |= columns_of(mean_of(values_of(members, name)), name)
    for name in other:
        means, count = group_means(values_of(members, name))
        summary[name] = float(means.mean()) if count else math.nan
    return summary


def curves_summary(curves: Iterable[Row]) -> list[Row]:
    """Average curves over groups of images, ring by ring.

    Returns
    -------
    A row for each setting, method, kind and ring: `low` and `high`, `images`, `groups`, the
    `count` of pixels or coefficients of all images, and the means over groups of the images'
    `rmse` and `bias`, or of `value`, with 95 % intervals in NAME_low and NAME_high.
    """
    names = ("method", *SETTING, "kind", "low", "high")
    rings: dict[tuple[Any, ...], _Ring] = {}
    for curve in curves:
        rings.setdefault(tuple(curve.get(name) for name in names), _Ring()).add(curve)
    rows = [dict(zip(names, key, strict=True)) | ring.row() for key, ring in rings.items()]
    order = {name: i for i, name in enumerate(("distance", "pitch", "lattice", "frc"))}
    places = {key: i for i, key in enumerate(gathered(rows, names[:-2]))}
    return sorted(
        rows,
        key=lambda row: (
            order.get(row["kind"], len(order)),
            places[tuple(row[name] for name in names[:-2])],
            row["low"],
        ),
    )


class _Ring:
    """One ring of many images: a study has too many curves to hold them all."""

    def __init__(self) -> None:
        self.count = 0
        self.images = 0
        self.sums: dict[str, dict[str, list[float]]] = {}

    def add(self, curve: Row) -> None:
        """Add one image's: sum and number of each figure, by group."""
        self.count += int(curve["count"])
        self.images += 1
        for name in ("value",) if curve["kind"] == "frc" else ("rmse", "bias"):
            total = self.sums.setdefault(name, {}).setdefault(curve["group"], [0.0, 0.0])
            total[0] += curve[name]
            total[1] += 1

    def row(self) -> Row:
        """Return the means over groups."""
        means = {
            name: mean_of((group, total / count) for group, (total, count) in groups.items())
            for name, groups in self.sums.items()
        }
        row: Row = {
            "images": self.images,
            "groups": max(mean.groups for mean in means.values()),
            "count": self.count,
        }
        for name, mean in means.items():
            row |= columns_of(mean, name)
        return row


def lattice_rows(results: Sequence[Row]) -> list[Row]:
    """Average the error of images of lattices by the scan's pitch over the lattice's period.

    Returns
    -------
    A row for each method, scan and dose, and range of that ratio, `low` to `high`: `images`
    (an image at several coverages may count in several ranges), `groups`, `scans`, `ratio`
    (mean), and the means of rmse_blurred and nrmse_std_blurred with 95 % intervals.
    """
    ratios = []
    for row in scans_of(results):
        period, pitch = row.get("lattice_period_px"), row.get("pitch_px")
        if period and pitch:
            ratio = pitch / period
            low = max(edge for edge in LATTICE_EDGES if edge <= ratio)
            ratios.append({**row, "ratio": ratio, "low": low})
    rows = []
    names = ("method", "scan", "dose", "low")
    for key, members in sorted(gathered(ratios, names).items(), key=lambda one: str(one[0])):
        error = mean_of(values_of(members, "rmse_blurred"))
        above = LATTICE_EDGES[LATTICE_EDGES.index(key[-1]) + 1]
        rows.append(
            {
                **dict(zip(names, key, strict=True)),
                "high": above if above < LATTICE_EDGES[-1] else None,
                "images": len({member["image"] for member in members}),
                "groups": error.groups,
                "scans": error.images,
                "ratio": mean_of(values_of(members, "ratio")).value,
                **columns_of(error, "rmse_blurred"),
                **columns_of(
                    mean_of(values_of(members, "nrmse_std_blurred")), "nrmse_std_blurred"
                ),
            }
        )
    return rows
