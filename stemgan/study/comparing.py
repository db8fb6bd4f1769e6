"""Which is better: path against path, and partial scan against full scan, on the same images.

Of each image the two errors are divided, a/b; logarithms are averaged by group, so that an
image of large errors counts as any other. The p is a sign-flip test of these means over groups
(`intervals.sign_flip`), and `p_holm` counts all tests of one table, metric, method, dose, dwell
and lag (`intervals.holm`): `better` names a winner only where that is below 0.05.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from stemgan.study.intervals import group_means, holm, known, mean_of, sign_flip
from stemgan.study.summaries import SETTING, Row, gathered, scans_of

METRICS = ("rmse_blurred", "rmse_raw")
"""Errors that are compared: less is better."""
SIGNIFICANT = 0.05
LIKE = 1.05
"""Coverages within this factor are compared, and laid beside published ones."""

_FAMILY = ("metric", "method", "dose", "dwell_s", "lag_s")

Errors = Mapping[str, tuple[str, Any]]
"""Group and error of each image."""


def compare(one: Errors, other: Errors) -> Row:
    """Compare errors of the same images under two conditions, a and b.

    Parameters
    ----------
    one, other : group and error by image; images that only one has are left out.

    Returns
    -------
    images, groups; mean_a, mean_b; difference a - b and ratio a/b (geometric mean), each with
    its 95 % interval in _low and _high; share_a_lower, the share of groups' images for which a
    has the lower error; p. NaN where there is no such thing.
    """
    shared = [
        (group, a, other[image][1])
        for image, (group, a) in one.items()
        if image in other and known(a) and known(other[image][1])
    ]
    gap = mean_of((group, a - b) for group, a, b in shared)
    logs = [(group, math.log(a / b)) for group, a, b in shared if a > 0 and b > 0]
    ratio = mean_of(logs)
    lower = mean_of((group, (a < b) + 0.5 * (a == b)) for group, a, b in shared)
    return {
        "images": gap.images,
        "groups": gap.groups,
        "mean_a": mean_of((group, a) for group, a, _ in shared).value,
        "mean_b": mean_of((group, b) for group, _, b in shared).value,
        "difference": gap.value,
        "difference_low": gap.low,
        "difference_high": gap.high,
        "ratio": math.exp(ratio.value),
        "ratio_low": math.exp(ratio.low),
        "ratio_high": math.exp(ratio.high),
        "share_a_lower": lower.value,
        "p": sign_flip(group_means(logs)[0]),
    }


def errors_of(rows: Sequence[Row], metric: str) -> dict[str, tuple[str, Any]]:
    """Return group and error by image; of an image with several rows their mean."""
    found = {}
    for (image,), members in gathered(rows, ("image",)).items():
        values = [row[metric] for row in members if known(row.get(metric))]
        found[image] = (members[0]["group"], float(np.mean(values)) if values else None)
    return found


def paired_rows(results: Sequence[Row]) -> list[Row]:
    """Compare every two scans at like coverage and the same dose, dwell and lag.

    Returns
    -------
    A row for each method, metric and pair of scans, a and b, at each coverage, and one at
    coverage "all": of each image the mean of the logarithms at all coverages that both have.
    Columns: method, dose, dwell_s, lag_s, metric, scan_a, scan_b, coverage_a, coverage_b,
    achieved_a, achieved_b, those of `compare`, p_holm and `better`: a scan, or "". Rows of
    "all" are tests of their own; others are counted together.
    """
    rows = []
    chosen = scans_of(results)
    for key, members in gathered(chosen, ("method", "dose", "dwell_s", "lag_s")).items():
        scans = gathered(members, ("scan",))
        head = dict(zip(("method", "dose", "dwell_s", "lag_s"), key, strict=True))
        for metric in METRICS:
            for (a,), (b,) in combinations(scans, 2):
                found = _pair(scans[a,], scans[b,], metric)
                names = {"metric": metric, "scan_a": a, "scan_b": b}
                rows += [{**head, **names, **row} for row in found]
    return judged(rows, (*_FAMILY, "overall"), ("scan_a", "scan_b"))


def judged(rows: list[Row], family: Sequence[str], winners: tuple[str, str]) -> list[Row]:
    """Add p_holm and `better`; `overall` is taken out.

    Parameters
    ----------
    rows : comparisons.
    family : columns; rows that agree in them are counted together as one family of tests.
    winners : columns that name a and b.
    """
    done = []
    for members in gathered(rows, family).values():
        for row, p in zip(members, holm([row["p"] for row in members]), strict=True):
            row["p_holm"] = p
    for row in rows:
        sure = known(row["p_holm"]) and row["p_holm"] < SIGNIFICANT
        winner = row[winners[0] if row["ratio"] < 1 else winners[1]] if sure else ""
        kept = {name: value for name, value in row.items() if name != "overall"}
        done.append({**kept, "better": winner})
    return done


def _pair(one: Sequence[Row], other: Sequence[Row], metric: str) -> list[Row]:
    at_a, at_b = _by_coverage(one), _by_coverage(other)
    rows, logs_a, logs_b = [], [], []
    for coverage, (achieved, members) in at_a.items():
        near = min(at_b, key=lambda b: abs(math.log(at_b[b][0] / achieved)))
        if max(at_b[near][0] / achieved, achieved / at_b[near][0]) > LIKE:
            continue
        a, b = errors_of(members, metric), errors_of(at_b[near][1], metric)
        rows.append(
            {
                "coverage_a": coverage,
                "coverage_b": near,
                "achieved_a": achieved,
                "achieved_b": at_b[near][0],
                "overall": False,
                **compare(a, b),
            }
        )
        logs_a.append(a)
        logs_b.append(b)
    if len(rows) > 1:
        names = dict.fromkeys(("coverage_a", "coverage_b"), "all")
        names |= dict.fromkeys(("achieved_a", "achieved_b"), None)
        both = compare(*_geometric(logs_a, logs_b))
        rows.insert(0, {**names, "overall": True, **both})
    return rows


def _by_coverage(rows: Sequence[Row]) -> dict[str, tuple[float, list[Row]]]:
    """Return the mean achieved coverage, and the rows, of each coverage as it was written."""
    found = {}
    for (coverage,), members in gathered(rows, ("coverage",)).items():
        achieved = [row["achieved"] for row in members if known(row.get("achieved"))]
        if achieved:
            found[coverage] = (float(np.mean(achieved)), members)
    return found


def _geometric(one: Sequence[Errors], other: Sequence[Errors]) -> tuple[Errors, Errors]:
    """Return each image's geometric mean error over the coverages at which both have one."""
    logs: dict[str, list[tuple[float, float]]] = {}
    groups = {image: group for errors in one for image, (group, _) in errors.items()}
    for a, b in zip(one, other, strict=True):
        for image in a.keys() & b.keys():
            pair = a[image][1], b[image][1]
            if all(known(error) and error > 0 for error in pair):
                logs.setdefault(image, []).append((math.log(pair[0]), math.log(pair[1])))
    means = {image: np.exp(np.mean(pairs, 0)).tolist() for image, pairs in logs.items()}
    first, second = (
        {image: (groups[image], mean[i]) for image, mean in means.items()} for i in (0, 1)
    )
    return first, second


def control_rows(results: Sequence[Row]) -> list[Row]:
    """Compare every partial scan that has a dose with every full scan of the same dose.

    Returns
    -------
    A row for each metric, setting and method (a), and each control of its dose (b): columns
    metric, the setting's, method, control, control_method, `best_control` (whether it is the
    control of least mean error at this dose), those of `compare`, p_holm, `better`
    ("partial scan", "full scan" or ""), and left_out, the images without a control.
    """
    rows = []
    of_dose = gathered([row for row in results if row.get("control")], ("dose",))
    partial = [row for row in scans_of(results) if row["achieved"] != 1]
    settings = gathered(partial, (*SETTING, "method"))
    for metric in METRICS:
        for key, members in settings.items():
            head = dict(zip((*SETTING, "method"), key, strict=True))
            found = gathered(of_dose.get((head["dose"],), []), ("control", "method"))
            best = _best(found, metric)
            errors = errors_of(members, metric)
            for (control, method), full in found.items():
                compared = compare(errors, errors_of(full, metric))
                rows.append(
                    {
                        "metric": metric,
                        **head,
                        "control": control,
                        "control_method": method,
                        "best_control": (control, method) == best,
                        **compared,
                        "left_out": sum(known(e) for _, e in errors.values())
                        - compared["images"],
                        "partial": "partial scan",
                        "full": "full scan",
                    }
                )
    judged_rows = judged(rows, (*_FAMILY, "control", "control_method"), ("partial", "full"))
    hidden = ("partial", "full")
    return [{n: v for n, v in row.items() if n not in hidden} for row in judged_rows]


def _best(controls: Mapping[tuple[Any, ...], list[Row]], metric: str) -> tuple[Any, ...] | None:
    """Return the control of least mean error over groups."""
    means = {
        key: mean_of((row["group"], row.get(metric)) for row in rows).value
        for key, rows in controls.items()
    }
    sure = {key: mean for key, mean in means.items() if not math.isnan(mean)}
    return min(sure, key=lambda key: sure[key]) if sure else None
