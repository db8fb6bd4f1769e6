"""The questions that a study answers, each with its answer, how large it is, and how sure."""

from collections.abc import Iterator, Sequence
from typing import Any

from stemgan.amounts import amount
from stemgan.study.comparing import SIGNIFICANT
from stemgan.study.intervals import Mean, group_means, holm, known, mean_of, sign_flip
from stemgan.study.summaries import Row, columns_of, gathered, scans_of, values_of

_CONDITION = ("method", "dose", "dwell_s", "lag_s")
_PROMISE = 0.9
_KEPT = (0.87, 0.93)
"""Shares of pixels that are as good as what was promised."""
_RATIO = "ratio of errors"
_UNSURE = "not sure"


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
    Rows of `question`, `answer` ("yes" or "no" where the 95 % interval and p agree, else "not
    sure"), method, dose, dwell_s, lag_s, metric, images, groups, `value` and what it is
    (`unit`), its 95 % interval `value_low` and `value_high`, and p:
        is SCAN_A better than SCAN_B : at all coverages that both have; the ratio of errors; of
            several pairs of scans p is Holm's;
        does the error of SCAN grow with distance : at each coverage and over all of them; the
            slope [% of the range per px of distance]; p is Holm's, of all these questions of a
            method, dose, dwell and lag;
        does a full scan of the same dose win : the best setting against the best full scan;
            the ratio of the partial scan's error to the full scan's; p is Holm's, of all
            settings;
        do 90 % intervals hold 90 % : the share that they hold; "yes" where it surely lies
            between 87 and 93 %, else "no" where it is surely not 90 %.
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


def _answer(mean: Mean, p: float, null: float, below: str, above: str) -> str:
    """Return what it means that a value is below or above the null, where both agree on it."""
    if known(p) and p < SIGNIFICANT:
        if mean.high < null:
            return below
        if mean.low > null:
            return above
    return _UNSURE


def _ratio(row: Row) -> Mean:
    return Mean(row["ratio"], row["ratio_low"], row["ratio_high"], row["images"], row["groups"])


def _pairs(paired: Sequence[Row]) -> list[Row]:
    names = (*_CONDITION, "metric", "scan_a", "scan_b")
    rows = []
    for members in gathered(paired, names).values():
        row = members[0]  # over all coverages, where there are several
        mean, p = _ratio(row), row["p_holm"]
        text = f"is {row['scan_a']} better than {row['scan_b']}"
        answer = _answer(mean, p, 1, "yes", "no")
        rows.append(_row(text, answer, row, mean, unit=_RATIO, metric=row["metric"], p=p))
    return rows


def _distances(results: Sequence[Row]) -> list[Row]:
    rows = []
    for members in gathered(results, _CONDITION).values():
        asked = [(part, where, *_mean(part, "slope_per_px", 0)) for part, where in _at(members)]
        asked = [one for one in asked if one[2].images]
        adjusted = holm([p for *_, p in asked])
        for (part, where, mean, _), p in zip(asked, adjusted, strict=True):
            text = f"does the error of {part[0]['scan']}{where} grow with distance"
            answer = _answer(mean, p, 0, "no", "yes")
            unit = "% of the range per px"
            rows.append(
                _row(text, answer, part[0], mean, unit=unit, metric="slope_per_px", p=p)
            )
    return rows


def _at(results: Sequence[Row]) -> Iterator[tuple[list[Row], str]]:
    """Yield each scan's rows over all coverages, if there are several, and at each."""
    for members in gathered(results, ("scan",)).values():
        parts = gathered(members, ("coverage",))
        if len(parts) > 1:
            yield members, ""
        for (coverage,), part in parts.items():
            yield part, f" at {coverage}"


def _mean(rows: Sequence[Row], name: str, null: float) -> tuple[Mean, float]:
    """Return a mean, and the p of it being `null`; several coverages are no more images."""
    values = values_of(rows, name)
    images = len({row["image"] for row in rows if known(row.get(name))})
    p = sign_flip(group_means(values)[0] - null)
    return mean_of(values)._replace(images=images), p


def _doses(controls: Sequence[Row]) -> list[Row]:
    rows = []
    for members in gathered(controls, (*_CONDITION, "metric")).values():
        against = [row for row in members if row["best_control"] and known(row["mean_a"])]
        if not against:
            continue
        row = min(against, key=lambda one: one["mean_a"])
        # Of all settings the best was chosen: its p alone would promise too much.
        mean, p = _ratio(row), row["p_holm"]
        text = (
            f"does a full scan of the same dose ({row['control']}, {row['control_method']}) "
            f"win against {row['scan']} at {row['coverage']}"
        )
        answer = _answer(mean, p, 1, "no", "yes")
        rows.append(_row(text, answer, row, mean, unit=_RATIO, metric=row["metric"], p=p))
    return rows


def _promises(results: Sequence[Row]) -> list[Row]:
    rows = []
    for members in gathered(results, _CONDITION).values():
        mean, p = _mean(members, "interval_90", _PROMISE)
        if not mean.images:
            continue
        # A share of exactly that cannot be shown; one that comes near enough can.
        answer = _answer(mean, p, _PROMISE, "no", "no")
        answer = "yes" if _KEPT[0] <= mean.low and mean.high <= _KEPT[1] else answer
        text, unit = "do 90 % intervals hold 90 %", "share of pixels"
        rows.append(_row(text, answer, members[0], mean, unit=unit, metric="interval_90", p=p))
    return rows


def sentence(row: Row) -> str:
    """Say one verdict in a line."""
    dose = "" if row["dose"] is None else f", {amount(row['dose'], 'electron', 'g')}/px"
    return (
        f"{row['method']}{dose}: {row['question']}? {row['answer']}: {_number(row['value'])} "
        f"({_number(row['value_low'])} to {_number(row['value_high'])}) {row['unit']}, "
        f"{row['metric']}, p = {_number(row['p'])}, {amount(row['images'], 'image')} in "
        f"{amount(row['groups'], 'group')}"
    )


def _number(value: Any) -> str:  # noqa: ANN401 (a figure, or none)
    return f"{value:.3g}" if known(value) else "?"
