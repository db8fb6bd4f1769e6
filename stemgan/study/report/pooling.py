"""Means over images that claim something: groups count the same, intervals by resampling them."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

Row = Mapping[str, Any]
_DRAWS = 1000
_SEED = 0


class Mean(NamedTuple):
    """A mean over groups with its 95 % interval (None where there is one group only)."""

    mean: float
    low: float | None
    high: float | None
    images: int
    groups: int


def mean_of(rows: Iterable[Row], column: str, *, square: bool = False) -> Mean | None:
    """Average a column: within each group, then over groups; the interval resamples groups.

    Parameters
    ----------
    rows : one an image or several; rows where the column is None are left out.
    column : of a number.
    square : average squares and return the root: of root mean square errors.

    Returns
    -------
    None where no row has the figure.
    """
    by_group: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        value = row.get(column)
        if value is not None:
            by_group[str(row.get("group") or row.get("image"))].append(
                float(value) ** 2 if square else float(value)
            )
    if not by_group:
        return None
    means = np.array([sum(v) / len(v) for v in by_group.values()])
    low, high = _interval(means)
    images = sum(len(v) for v in by_group.values())
    found = [float(means.mean()), low, high]
    if square:
        found = [None if v is None else math.sqrt(v) for v in found]
    return Mean(found[0] or 0.0, found[1], found[2], images, len(means))


def _interval(means: np.ndarray) -> tuple[float | None, float | None]:
    if len(means) < 2:
        return None, None
    rng = np.random.default_rng(_SEED)
    drawn = means[rng.integers(len(means), size=(_DRAWS, len(means)))].mean(1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def parted(rows: Iterable[Row], columns: Sequence[str]) -> dict[tuple[Any, ...], list[Row]]:
    """Part rows by the values of some columns, in the order of their first appearance."""
    parts: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        parts.setdefault(tuple(row.get(c) for c in columns), []).append(row)
    return parts
