"""From scores to rates: a threshold at a fixed rate of false alarms, and what is seen above it.

Thresholds are set on scans without a feature: of each kind of feature, method and setting, and
for each image on the *other* images alone, at the rank that exceeds a share 1 - a of one more
such scan (split conformal: ceil((n + 1)(1 - a)) of n). Rates are means over images, and images
are what intervals resample, because features of one image share its specimen and its path.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stemgan.study.intervals import known, mean_of
from stemgan.study.summaries import gathered

Record: TypeAlias = dict[str, Any]
Array = NDArray[np.float64]
Key: TypeAlias = tuple[Any, ...]

CONDITION = ("feature", "method", "scan", "coverage", "dose", "dwell_s", "lag_s")
"""Columns that tell one threshold from another."""

DISTANCE_EDGES = (0.0, 1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, math.inf)
"""[px]; below 1, the feature's very place is measured."""

PITCH_EDGES = (0.0, 0.05, 0.15, 0.25, 0.35, 0.45, math.inf)
"""Distances over the pitch; between parallel lines they end at a half."""

FALSE_ALARMS = 0.05
"""The usual share of places without a feature at which one may be seen."""

_Z = 1.959963984540054  # 97.5 % quantile of the normal distribution


def decided(records: Iterable[Record], false_alarms: float = FALSE_ALARMS) -> list[Record]:
    """Say of each record of the table "detection" whether the feature was detected.

    Parameters
    ----------
    records : rows with the columns of `CONDITION`, image, present and score.
    false_alarms : wanted share of rows without a feature that are called detected.

    Returns
    -------
    The rows, in their order, with `threshold` and `detected`; both None where too few scans
    without a feature tell where the threshold lies: 1 / false_alarms - 1 of other images.
    """
    rows = list(records)
    thresholds: dict[Key, float | None] = {}
    for key, members in gathered(rows, CONDITION).items():
        absent = [row for row in members if not row["present"]]
        scores = np.array([row["score"] for row in absent], np.float64)
        images = np.array([row["image"] for row in absent])
        for image in dict.fromkeys(row["image"] for row in members):
            others = scores[images != image] if len(absent) else scores
            thresholds[*key, image] = _threshold(others, false_alarms)
    return [_with_verdict(row, thresholds[*_key(row, CONDITION), row["image"]]) for row in rows]


def _threshold(scores: Array, false_alarms: float) -> float | None:
    rank = math.ceil((len(scores) + 1) * (1 - false_alarms) - 1e-9)
    if rank > len(scores):
        return None
    return float(np.partition(scores, rank - 1)[rank - 1])


def images_needed(places: float, false_alarms: float = FALSE_ALARMS) -> int:
    """Return how many images a threshold needs.

    Parameters
    ----------
    places : that are looked at in each image without a feature.
    false_alarms : wanted share of these that are called detected.

    Examples
    --------
    >>> images_needed(4), images_needed(1)
    (6, 20)
    """
    others = math.ceil(1 / false_alarms - 1e-9) - 1
    return 1 + math.ceil(others / max(places, 1))


def _with_verdict(row: Record, threshold: float | None) -> Record:
    detected = None if threshold is None else bool(row["score"] > threshold)
    return {**row, "threshold": threshold, "detected": detected}


def detection_summary(rows: Sequence[Record]) -> list[Record]:
    """Sum up what is detected and what is missed, in all and by distance.

    Parameters
    ----------
    rows : what `decided` returns.

    Returns
    -------
    Rows of `CONDITION` and

    kind, low, high : "all", or "distance" [px] or "pitch" (distance over pitch) from low up to
        high; high is None in the last bin.
    features, images : features looked for, and images that they are in.
    detection_rate, detection_low, detection_high : share that is detected, in the mean over
        images, with its 95 % interval; None where no threshold is known.
    false_alarm_rate : share of the same places, without a feature, where one is seen.
    false_discovery_rate : share of all detections that are false where as many specimens have
        the feature as have none.
    shown : how much of the feature's contrast completions show: mean score with the feature
        minus that at the same places without, where completions err too.
    flagged : share of features for which the 90 % interval leaves room.
    misses, misses_flagged : features that are missed (None where no threshold is known), and
        the share of these for which it does; hits_flagged is that of the detected ones.
    misses_deviation, hits_deviation : mean predicted deviation over the image's median.
    deviation_tells : how often a missed feature lies where more deviation is predicted than
        where a detected one lies: 0.5 says that the deviation tells nothing.
    """
    found = []
    for key, members in gathered(rows, CONDITION).items():
        head = dict(zip(CONDITION, key, strict=True))
        for kind, low, high, inside in _bins(members):
            where = {"kind": kind, "low": low, "high": high}
            found.append({**head, **where, **_rates(inside)})
    return found


def _bins(rows: list[Record]) -> Iterator[tuple[str, float | None, float | None, list[Record]]]:
    yield "all", None, None, rows
    for kind, column, edges in (
        ("distance", "distance_px", DISTANCE_EDGES),
        ("pitch", "distance_pitch", PITCH_EDGES),
    ):
        for low, high in pairwise(edges):
            inside = [row for row in rows if low <= row[column] < high]
            if inside:
                yield kind, low, high if math.isfinite(high) else None, inside


def _rates(rows: list[Record]) -> Record:
    there = [row for row in rows if row["present"]]
    absent = [row for row in rows if not row["present"]]
    hits = [row for row in there if row["detected"]]
    misses = [row for row in there if row["detected"] is False]
    rate, low, high = share_of_images(there, "detected")
    alarm = share_of_images(absent, "detected")[0]
    false = None
    if rate is not None and alarm is not None and rate + alarm > 0:
        false = alarm / (alarm + rate)
    return {
        "features": len(there),
        "images": len({row["image"] for row in there}),
        "detection_rate": rate,
        "detection_low": low,
        "detection_high": high,
        "false_alarm_rate": alarm,
        "false_discovery_rate": false,
        "shown": _difference(_mean(there, "score"), _mean(absent, "score")),
        "flagged": _mean(there, "flagged"),
        "misses": None if there and rate is None else len(misses),
        "misses_flagged": _mean(misses, "flagged"),
        "hits_flagged": _mean(hits, "flagged"),
        "misses_deviation": _mean(misses, "deviation"),
        "hits_deviation": _mean(hits, "deviation"),
        "deviation_tells": _exceeds(misses, hits, "deviation"),
    }


def share_of_images(
    rows: Iterable[Record], column: str
) -> tuple[float | None, float | None, float | None]:
    """Return how often a column is true, in the mean over images, and its 95 % interval.

    Where all rows say the same, which no resampling can vary, the interval is Wilson's (J Am
    Stat Assoc 22, 209, 1927) of as many trials as images. Rows without a value are left out;
    None where none is left, and for the interval of one image.

    Examples
    --------
    >>> rows = [{"image": n, "seen": True} for n in range(16)]
    >>> [round(value, 2) for value in share_of_images(rows, "seen")]
    [1.0, 0.81, 1.0]
    """
    mean = mean_of((row["image"], row[column]) for row in rows)
    if mean.value in (0.0, 1.0):
        return mean.value, *_wilson(mean.value, mean.groups)
    found = (mean.value, mean.low, mean.high)
    rate, low, high = (value if known(value) else None for value in found)
    return rate, low, high


def _wilson(rate: float, trials: int) -> tuple[float, float]:
    square = _Z**2 / trials
    middle = (rate + square / 2) / (1 + square)
    half = _Z / (1 + square) * math.sqrt(rate * (1 - rate) / trials + square / (4 * trials))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _mean(rows: Sequence[Record], column: str) -> float | None:
    values = [float(row[column]) for row in rows if row[column] is not None]
    return sum(values) / len(values) if values else None


def _exceeds(first: Sequence[Record], second: Sequence[Record], column: str) -> float | None:
    """Return the share of pairs in which the first is larger (area under the ROC curve)."""
    mine, other = (
        np.array([row[column] for row in rows if row[column] is not None], np.float64)
        for rows in (first, second)
    )
    if not len(mine) or not len(other):
        return None
    apart = np.sign(mine[:, None] - other[None])
    return float((apart.mean() + 1) / 2)


def _difference(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first - second


def _key(row: Record, columns: Sequence[str]) -> Key:
    return tuple(row[name] for name in columns)
