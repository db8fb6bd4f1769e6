"""How sure figures of a classifier are: groups of images are drawn again.

Images of one group are not independent, so that it is groups that are drawn, with replacement;
every figure is then computed anew from sums that add over groups: of each class, the images of
it, those taken for it, and those of it that were found. The intervals are percentiles, widened
for few groups (see `stemgan.study.intervals`). Where nothing is wrong, no draw differs, and the
lower end is that of Clopper & Pearson, Biometrika 26, 404-413 (1934): p^n = 2.5 %.

A share of the images of one class, of which there often are few, has their interval for as many
images as would be as sure if they were independent (Korn & Graubard, Survey Methodology 24,
193-201, 1998).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stemgan.study.intervals import SHARE, tail

Array = NDArray[np.float64]
Labels = NDArray[np.integer]

RESAMPLES = 1000
_AT_ONCE = 50
"""Draws that are made at once, so that memory stays low."""


def drawn_sums(
    labels: Labels, predicted: Labels, groups: Sequence[str], classes: int, seed: int = 0
) -> Array:
    """Draw groups again and count by class in each draw.

    Parameters
    ----------
    labels, predicted : classes of images, (images,), from 0 to classes - 1.
    groups : of each image.
    seed : of the draws: the same figures have the same intervals.

    Returns
    -------
    (draws, 3, classes): images of each class, images taken for it, images of it so taken.
    """
    from scipy.sparse import csr_matrix

    names, member = np.unique(np.asarray(groups, object).astype(str), return_inverse=True)
    hit = labels == predicted
    columns = np.concatenate([labels, predicted + classes, labels[hit] + 2 * classes])
    rows = np.concatenate([member, member, member[hit]])
    shape = (len(names), 3 * classes)
    sums = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape).T
    rng = np.random.default_rng(seed)
    parts = [
        sums @ _weights(rng, len(names), min(_AT_ONCE, RESAMPLES - begin))
        for begin in range(0, RESAMPLES, _AT_ONCE)
    ]
    return np.concatenate(parts, axis=1).T.reshape(RESAMPLES, 3, classes)


def _weights(rng: np.random.Generator, groups: int, draws: int) -> Array:
    """Return how often each group is drawn, (groups, draws)."""
    chosen = rng.integers(0, groups, (groups, draws)) * draws + np.arange(draws)
    counts = np.bincount(chosen.ravel(), minlength=groups * draws)
    return counts.reshape(groups, draws).astype(np.float64)


def by_class(sums: Array) -> dict[str, Array]:
    """Give precision, recall and F1 of each class from sums by class.

    Parameters
    ----------
    sums : (..., 3, classes), see `drawn_sums`.

    Returns
    -------
    (..., classes) each; recall and F1 are NaN where a class has no image, precision where
    nothing was taken for it.
    """
    support, taken, hit = (sums[..., k, :] for k in range(3))
    with np.errstate(invalid="ignore"):
        f1 = np.where(support > 0, 2 * hit / (support + taken), np.nan)
        return {"precision": hit / taken, "recall": hit / support, "f1": f1}


def overall(sums: Array) -> dict[str, Array]:
    """Give accuracy and means over classes, (...,), from sums by class.

    Classes without an image count in no mean; one that nothing was taken for has precision 0.
    """
    support, hit = sums[..., 0, :], sums[..., 2, :]
    each = by_class(sums)
    there = support > 0
    means = {
        name: np.where(there, np.nan_to_num(values), 0).sum(-1) / there.sum(-1)
        for name, values in each.items()
    }
    return {"accuracy": hit.sum(-1) / support.sum(-1), **means}


def interval(draws: Array, value: float, groups: int) -> tuple[float, float]:
    """Give the 95 % interval of a figure between 0 and 1 from its draws.

    Parameters
    ----------
    draws : the figure of each draw, (draws,); NaN where a draw has none.
    value : the figure itself.
    groups : of how many groups it is.

    Returns
    -------
    low, high : NaN for fewer than two groups.
    """
    known = draws[np.isfinite(draws)]
    if groups < 2 or not len(known):
        return np.nan, np.nan
    cut = tail(groups)
    low, high = (float(end) for end in np.quantile(known, (cut, 1 - cut)))
    surely = ((1 - SHARE) / 2) ** (1 / groups)
    if value == 1:
        low = min(low, surely)
    if value == 0:
        high = max(high, 1 - surely)
    return low, high


def share_interval(right: NDArray[np.bool_], groups: Sequence[str]) -> tuple[float, float]:
    """Give the 95 % interval of a share of images.

    Parameters
    ----------
    right : what is counted, (images,).
    groups : of each image.

    Returns
    -------
    low, high : NaN for fewer than two groups.
    """
    from scipy.stats import beta, t

    _, member = np.unique(np.asarray(groups, object).astype(str), return_inverse=True)
    images, number = len(right), int(member.max(initial=-1)) + 1
    if number < 2:
        return np.nan, np.nan
    share = float(right.mean())
    left = np.bincount(member, right - share)
    variance = float(left @ left) * number / (number - 1) / images**2
    end = (1 + SHARE) / 2
    alike = float(number)
    if variance > 0:
        independent = share * (1 - share) / (images - 1)
        alike = min(1.0, independent / variance) * images
        alike *= (t.ppf(end, images - 1) / t.ppf(end, number - 1)) ** 2
    hits = share * alike
    low = beta.ppf(1 - end, hits, alike - hits + 1) if share > 0 else 0.0
    high = beta.ppf(end, hits + 1, alike - hits) if share < 1 else 1.0
    return float(low), float(high)
