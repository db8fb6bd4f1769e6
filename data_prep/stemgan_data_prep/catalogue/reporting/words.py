"""What a report says first: the figures in sentences."""

from collections.abc import Mapping, Sequence
from typing import Any

from stemgan.amounts import amount, are

Row = Mapping[str, Any]

_MEANS = (("precision", "precision"), ("recall", "recall"), ("f1", "F1"))


def share(value: float | None) -> str:
    """Write a share in per cent: 0.931 → "93.1 %"."""
    return "–" if value is None else f"{100 * value:.1f} %"


def with_interval(found: Row, name: str) -> str:
    """Write a share and its interval: "93.1 % (90.2 to 95.4 %)"."""
    ends = found["intervals"].get(name)
    if ends is None:
        return share(found[name])
    low, high = ends
    return f"{share(found[name])} ({100 * low:.1f} to {share(high)})"


def answer(found: Row) -> list[str]:
    """Say how good a classifier is.

    Parameters
    ----------
    found : what `write_report` returns.
    """
    tested = sum(row["images"] > 0 for row in found["per_class"])
    of = amount(found["images"], "image") + (
        f" of {amount(found['groups'], 'group')}" if found["groups"] != found["images"] else ""
    )
    lines = [
        f"The class found is right for {with_interval(found, 'accuracy')} of {of}; always "
        f"naming the most frequent class would be right for {share(found['most_frequent'])}"
        f"{_no_better(found)}.",
        f"Means over {amount(tested, 'class')}: "
        + ", ".join(f"{word} {with_interval(found, name)}" for name, word in _MEANS)
        + ".",
    ]
    if found["top_3"] is not None:
        lines.append(
            f"The true class is among the three likeliest for {share(found['top_3'])}."
        )
    lines.append(_of_confidence(found))
    lines += _hardest(found["per_class"])
    return lines


def _no_better(found: Row) -> str:
    """Say so where a classifier is no better than naming one class without looking."""
    if found["accuracy"] <= found["most_frequent"]:
        return ": the classifier is no better than that"
    ends = found["intervals"].get("accuracy")
    if ends is not None and ends[0] <= found["most_frequent"]:
        return ": so few images do not tell whether the classifier is better than that"
    return ""


def _of_confidence(found: Row) -> str:
    word = "above" if found["confidence"] > found["accuracy"] else "below"
    points = 100 * abs(found["confidence"] - found["accuracy"])
    return (
        f"Confidence is {share(found['confidence'])} on average, {points:.1f} percentage "
        f"points {word} the share that is right; bin by bin it is off by "
        f"{100 * found['ece']:.1f} (expected calibration error)."
    )


def _hardest(rows: Sequence[Row]) -> list[str]:
    """Name the class that is found least often, if any is missed."""
    known = [row for row in rows if row["recall"] is not None]
    worst = min(known, key=lambda row: row["recall"])
    absent = [row["class"] for row in rows if not row["images"]]
    lines = []
    if worst["recall"] < 1:
        missed = round(worst["images"] * (1 - worst["recall"]))
        lines.append(
            f"{worst['class']} is missed most: {missed} of {worst['images']}, of which "
            f"{worst['missed']} {are(worst['missed'])} taken for "
            f"{worst['taken_for']}."
        )
    if absent:
        lines.append(f"No image tells how well these are found: {', '.join(absent)}.")
    return lines
