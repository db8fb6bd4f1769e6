"""One method over another: ratios of mean errors, with a bootstrap over groups."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from simple import SIMPLE

from stemgan.evaluate import Condition

RESAMPLES = 4000
Row = Mapping[str, object]
METRIC = "rmse_blurred"


class Ratio(NamedTuple):
    """A method's error over another's, on the same scans.

    mean : of the means over images; low, high : its 95 % interval, groups resampled.
    groups : of the means over groups.
    lower : share of the images on which the method is lower.
    worst, image : the largest ratio of one image, and whose.
    """

    mean: float
    low: float
    high: float
    groups: float
    lower: float
    worst: float
    image: str


@dataclass
class Errors:
    """What every method left of every scan, by method, condition, metric and image.

    groups, classes : of each image.
    """

    groups: Mapping[str, str]
    classes: Mapping[str, str]
    found: dict[tuple[str, Condition], dict[str, Row]] = field(default_factory=dict)

    def add(self, rows: Iterable[Row], name: str | None = None) -> None:
        """Add rows of results, under another name of their method if one is given."""
        for row in rows:
            condition = Condition(row["scan"], row["coverage"], row["electrons"])  # pyright: ignore[reportArgumentType]
            key = name or str(row["method"]), condition
            self.found.setdefault(key, {})[str(row["image"])] = row

    def complete(self, method: str, condition: Condition) -> bool:
        """Tell whether a method has completed this scan of all images."""
        return len(self.found.get((method, condition), {})) == len(self.groups)

    def referenced(self, condition: Condition) -> bool:
        """Tell whether every simple method has, so that the best of them is known."""
        return all(self.complete(method, condition) for method in SIMPLE)

    def values(
        self, method: str, condition: Condition, metric: str = METRIC, of: str | None = None
    ) -> dict[str, float]:
        """Return a metric of each image, or of those of one class."""
        rows = self.found[method, condition]
        return {
            image: float(rows[image][metric])  # pyright: ignore[reportArgumentType]
            for image in sorted(rows)
            if of is None or self.classes[image] == of
        }

    def mean(
        self, method: str, condition: Condition, metric: str = METRIC, of: str | None = None
    ) -> float:
        """Average over images."""
        return float(np.mean(list(self.values(method, condition, metric, of).values())))

    def group_mean(self, method: str, condition: Condition, metric: str = METRIC) -> float:
        """Average within groups first."""
        values = self.values(method, condition, metric)
        return float(_by_group(self.groups, list(values), list(values.values())).mean())

    def best(
        self, methods: Collection[str], condition: Condition, metric: str = METRIC,
        of: str | None = None,
    ) -> str:  # fmt: skip
        """Return the method of least mean error among some."""
        there = [m for m in methods if self.complete(m, condition)]
        return min(there, key=lambda m: self.mean(m, condition, metric, of))

    def best_simple(self, condition: Condition, metric: str = METRIC) -> str:
        """Return the simple method that is best for a scan and coverage."""
        return self.best(SIMPLE, condition, metric)

    def ratio(
        self, method: str, other: str, condition: Condition, metric: str = METRIC,
        of: str | None = None,
    ) -> Ratio:  # fmt: skip
        """Compare two methods."""
        ours = self.values(method, condition, metric, of)
        theirs = self.values(other, condition, metric, of)
        images = list(ours)
        a, b = (np.array([x[i] for i in images]) for x in (ours, theirs))
        low, high = bootstrap(a, b, [self.groups[i] for i in images])
        each = a / b
        worst = int(each.argmax())
        means = (_by_group(self.groups, images, x).mean() for x in (a, b))
        of_groups = next(means) / next(means)
        return Ratio(
            float(a.mean() / b.mean()), low, high, float(of_groups),
            float(np.mean(each < 1)), float(each[worst]), images[worst],
        )  # fmt: skip


def bootstrap(
    a: Sequence[float] | np.ndarray, b: Sequence[float] | np.ndarray, groups: Sequence[str]
) -> tuple[float, float]:
    """Return the 95 % interval of Σa / Σb when whole groups are drawn again.

    Its ends are plain percentiles, as all that is published. Those of a study
    (`stemgan.study.intervals`), widened for few groups, lie up to 0.012 further out for the 28
    groups of this benchmark.

    Parameters
    ----------
    a, b : errors of each image.
    groups : of each image.

    Examples
    --------
    >>> bootstrap([1.0, 2.0, 3.0], [2.0, 4.0, 6.0], ["x", "x", "y"])
    (0.5, 0.5)
    """
    index = np.unique(groups, return_inverse=True)[1]
    sums = [np.bincount(index, np.asarray(x, float)) for x in (a, b)]
    count = len(sums[0])
    drawn = np.random.default_rng(0).integers(count, size=(RESAMPLES, count))
    ratios = sums[0][drawn].sum(axis=1) / sums[1][drawn].sum(axis=1)
    low, high = np.quantile(ratios, (0.025, 0.975))
    return float(low), float(high)


def _by_group(
    groups: Mapping[str, str], images: Sequence[str], values: Sequence[float] | np.ndarray
) -> np.ndarray:
    index = np.unique([groups[image] for image in images], return_inverse=True)[1]
    return np.bincount(index, np.asarray(values, float)) / np.bincount(index)
