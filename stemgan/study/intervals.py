"""Means over images by group, and how sure they are: bootstrap intervals, sign-flip tests.

Images of one group are not independent: every figure is averaged within each group first, and
it is groups that are drawn again. The intervals are percentiles of the bootstrap, widened for
few groups (the expanded percentile interval of Hesterberg, The American Statistician 69,
371-386, 2015): of six normal groups they hold the mean in 93 % of all cases, plain percentiles
in 87 %. Of more than 1000 groups, whose mean is as good as normal, Student's interval and the
normal limit of the test take the place of drawing, which would take long and gigabytes.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SHARE = 0.95
"""What an interval holds."""
_RESAMPLES = 4000
_FLIPS = 10_000
_EXACT = 14  # groups of which all 2^n choices of sign are tried
_MANY = 1000  # groups that are drawn from; the mean of more is as good as normal


class Mean(NamedTuple):
    """A mean over groups, and its 95 % interval; NaN where there is none.

    images, groups : how many have a value.
    """

    value: float
    low: float
    high: float
    images: int
    groups: int


def known(value: Any) -> bool:  # noqa: ANN401 (whatever a row holds)
    """Tell whether a figure has a value: it is neither None nor NaN nor infinite."""
    return isinstance(value, int | float) and math.isfinite(value)


def group_means(values: Iterable[tuple[str, Any]]) -> tuple[Array, int]:
    """Average figures within each group.

    Parameters
    ----------
    values : pairs of a group and a figure; those without a value are left out.

    Returns
    -------
    The groups' means, (groups,), in the order of the groups' names, and the number of figures.

    Examples
    --------
    >>> group_means([("a", 1.0), ("b", 5.0), ("a", 3.0), ("b", None)])
    (array([2., 5.]), 3)
    """
    members: dict[str, list[float]] = defaultdict(list)
    for group, value in values:
        if known(value):
            members[group].append(float(value))
    means = np.array([np.mean(members[name]) for name in sorted(members)], np.float64)
    return means, sum(map(len, members.values()))


def mean_of(values: Iterable[tuple[str, Any]]) -> Mean:
    """Average figures within each group, and over groups, with the bootstrap's interval.

    One group has no interval; the same figures have the same one.
    """
    means, images = group_means(values)
    if not len(means):
        return Mean(math.nan, math.nan, math.nan, 0, 0)
    low, high = bootstrap(means)
    return Mean(float(means.mean()), low, high, images, len(means))


def bootstrap(means: Array) -> tuple[float, float]:
    """Give the 95 % interval of the mean of groups' means, (groups,); NaN for one group."""
    count = len(means)
    if count < 2:
        return math.nan, math.nan
    if count > _MANY:
        half = _student(count) * float(means.std(ddof=1)) / math.sqrt(count)
        return float(means.mean()) - half, float(means.mean()) + half
    again = _draws(count) @ means
    cut = tail(count)
    low, high = np.quantile(again, (cut, 1 - cut))
    return float(low), float(high)


@lru_cache(maxsize=16)
def _draws(count: int) -> Array:
    """Return the share of each group in each resample, (resamples, groups)."""
    rng = np.random.default_rng(count)
    return rng.multinomial(count, np.full(count, 1 / count), _RESAMPLES) / count


@lru_cache
def tail(groups: int) -> float:
    """Return the share of resamples that is cut off at each end (Hesterberg 2015, § 3.5)."""
    from scipy.stats import norm

    return float(norm.cdf(-math.sqrt(groups / (groups - 1)) * _student(groups)))


def _student(count: int) -> float:
    from scipy.stats import t

    return float(t.ppf((1 + SHARE) / 2, count - 1))


def sign_flip(differences: Sequence[float] | Array) -> float:
    """Test whether the mean of paired differences of groups is 0.

    Without a difference between the two, each group's might as well have had the other sign.

    Parameters
    ----------
    differences : one a group, (groups,).

    Returns
    -------
    p : share of all choices of signs, or of 10,000 random ones, whose mean is as far from 0,
        to either side (of more than 1000 groups, its normal limit); NaN without any difference.

    Examples
    --------
    >>> sign_flip([1.0, 2.0, 3.0, 2.0, 1.0])
    0.0625
    """
    values = np.asarray(differences, np.float64)
    if not len(values):
        return math.nan
    least = abs(values.sum()) - 1e-12 * np.abs(values).sum()  # sums are rounded
    if len(values) <= _EXACT:
        return float(np.mean(np.abs(_all_signs(len(values)) @ values) >= least))
    if len(values) > _MANY:
        spread = math.sqrt(2 * float(values @ values))
        return math.erfc(abs(float(values.sum())) / spread) if spread > 0 else 1.0
    sums = _random_signs(len(values)) @ values.astype(np.float32)
    return (1 + int(np.sum(np.abs(sums) >= least))) / (1 + _FLIPS)


@lru_cache(maxsize=2)
def _all_signs(count: int) -> Array:
    return np.array(list(product((-1.0, 1.0), repeat=count)))


@lru_cache(maxsize=2)
def _random_signs(count: int) -> NDArray[np.float32]:
    bits = np.random.default_rng(count).integers(0, 2, (_FLIPS, count), np.int8)
    return 2 * bits.astype(np.float32) - 1


def holm(probabilities: Sequence[float]) -> list[float]:
    """Adjust the p of several tests, so that one false alarm among all has the usual chance.

    Holm, Scandinavian Journal of Statistics 6, 65-70 (1979). NaN counts as no test.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.02])
    [0.03, 0.04, 0.04]
    """
    adjusted = [math.nan] * len(probabilities)
    order = sorted((p, i) for i, p in enumerate(probabilities) if not math.isnan(p))
    least = 0.0
    for rank, (p, i) in enumerate(order):
        least = max(least, min(1.0, p * (len(order) - rank)))
        adjusted[i] = least
    return adjusted
