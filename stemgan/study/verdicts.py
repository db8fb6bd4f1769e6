"""The questions that a study answers, each with its answer, how large it is, and how sure."""

import math
from collections.abc import Sequence
from typing import Any

from stemgan.study.intervals import Mean, group_means, known, mean_of, sign_flip
from stemgan.study.summaries import Row, columns_of, gathered, scans_of, values_of

_CONDITION = ("method", "dose", "dwell_s", "lag_s")
_PROMISE = 0.9


def verdict_rows(
    results: Sequence[Row], paired: Sequence[Row], controls: Sequence[Row]
) -> list[Row]:
    """Answer what can be asked of a study.

    Parameters
    ----------
    results : rows of the table of results.
    paired : what `paired_rows` made of them.
    controls : what `control_rows` made of them.

    Returns
    -------
    Rows of `question`, `answer` ("yes", "no", or "not sure": nothing at 95 %), method, dose,
    dwell_s, lag_s, metric, images, groups, what `value` is (`unit`), its 95 % interval
    `value_low` and `value_high`, and p:
        is SCAN_A better than SCAN_B : at all coverages that both have; the ratio of errors;
        does the error of SCAN grow with distance : at each coverage and over all of them; the
            slope [% of the range per px of distance];
        does a full scan of the same dose win : the best setting against the best full scan;
            the ratio of the partial scan's error to the full scan's;
        do 90 % intervals hold 90 % : the share that they hold. "yes": within the interval.
    """
    return [
        *_pairs(paired),
        *_distances(scans_of(results)),
        *_doses(controls),
        *_promises(scans_of(results)),
    ]


def _row(
    question: str, answer: str, about: Row, mean: Mean, *, unit: str, metric: str, p: float
) -> Row:
    return {
        "question": question,
        "answer": answer,
        **{name: about.get(name) for name in _CONDITION},
        "metric": metric,
        "images": mean.images,
        "groups": mean.groups,
        "unit": unit,
        **columns_of(mean, "value"),
        "p": p,
    }


def _ratio(row: Row) -> Mean:
    return Mean(row["ratio"], row["ratio_low"], row["ratio_high"], row["images"], row["groups"])


def _pairs(paired: Sequence[Row]) -> list[Row]:
    names = (*_CONDITION, "metric", "scan_a", "scan_b")
    rows = []
    for members in gathered(paired, names).values():
        row = members[0]  # over all coverages, where there are several
        a, b = row["scan_a"], row["scan_b"]
        answer = {a: "yes", b: "no"}.get(row["better"], "not sure")
        text = f"is {a} better than {b}"
        rows.append(
            _row(
                text,
                answer,
                row,
                _ratio(row),
                unit="ratio of errors",
                metric=row["metric"],
                p=row["p"],
            )
        )
    return rows


def _distances(results: Sequence[Row]) -> list[Row]:
    rows = []
    for members in gathered(results, (*_CONDITION, "scan")).values():
        parts = gathered(members, ("coverage",))
        chosen = {"": members} if len(parts) > 1 else {}
        chosen |= {f" at {coverage}": part for (coverage,), part in parts.items()}
        for where, part in chosen.items():
            values = values_of(part, "slope_per_px")
            mean = mean_of(values)
            if not mean.images:
                continue
            # Several coverages of an image are no more images.
            images = len({row["image"] for row in part if known(row.get("slope_per_px"))})
            rows.append(
                _row(
                    f"does the error of {part[0]['scan']}{where} grow with distance",
                    _sign(mean),
                    part[0],
                    mean._replace(images=images),
                    unit="% of the range per px",
                    metric="slope_per_px",
                    p=sign_flip(group_means(values)[0]),
                )
            )
    return rows


def _sign(mean: Mean) -> str:
    if mean.low > 0:
        return "yes"
    return "no" if mean.high < 0 else "not sure"


def _doses(controls: Sequence[Row]) -> list[Row]:
    rows = []
    for members in gathered(controls, (*_CONDITION, "metric")).values():
        against = [row for row in members if row["best_control"] and known(row["mean_a"])]
        if not against:
            continue
        row = min(against, key=lambda one: one["mean_a"])
        answer = {"full scan": "yes", "partial scan": "no"}.get(row["better"], "not sure")
        text = (
            f"does a full scan of the same dose ({row['control']}, {row['control_method']}) "
            f"win against {row['scan']} at {row['coverage']}"
        )
        rows.append(
            _row(
                text,
                answer,
                row,
                _ratio(row),
                unit="ratio of errors",
                metric=row["metric"],
                p=row["p"],
            )
        )
    return rows


def _promises(results: Sequence[Row]) -> list[Row]:
    rows = []
    for members in gathered(results, _CONDITION).values():
        values = values_of(members, "interval_90")
        mean = mean_of(values)
        if not mean.images:
            continue
        images = len({row["image"] for row in members if known(row.get("interval_90"))})
        means, _ = group_means(values)
        answer = "yes" if mean.low <= _PROMISE <= mean.high else "no"
        rows.append(
            _row(
                "do 90 % intervals hold 90 %",
                "not sure" if math.isnan(mean.low) else answer,
                members[0],
                mean._replace(images=images),
                unit="share of pixels",
                metric="interval_90",
                p=sign_flip(means - _PROMISE),
            )
        )
    return rows


def sentence(row: Row) -> str:
    """Say one verdict in a line."""
    dose = "" if row["dose"] is None else f", {row['dose']:g} electrons/px"
    return (
        f"{row['method']}{dose}: {row['question']}? {row['answer']}: {_number(row['value'])} "
        f"({_number(row['value_low'])} to {_number(row['value_high'])}) {row['unit']}, "
        f"{row['metric']}, p = {_number(row['p'])}, {row['images']} images in "
        f"{row['groups']} groups"
    )


def _number(value: Any) -> str:  # noqa: ANN401 (a figure, or none)
    return f"{value:.3g}" if known(value) else "?"
