"""What one method made of one scan: its figures, and its curves by distance and frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from stemgan.evaluate.report import METRICS
from stemgan.metrics import DISTANCE_EDGES, PITCH_EDGES, blurred, score
from stemgan.metrics.frc import SMALLEST_SIDE, half_frequency, ring_correlation
from stemgan.metrics.lattice import lattice_period
from stemgan_kernels.profiles import error_profile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stemgan.study.conditions import Scanned
    from stemgan.study.tasks import Completed

FIGURES = (
    *(name for name in METRICS if name != "seconds"),
    "frc_half",
    "slope_per_px",
    "interval_90",
    "rank_correlation",
)
"""Figures of `measure` that summaries average: all but the lattice period."""

FREQUENCY_EDGES = tuple(k / 64 for k in range(33))
"""[cycles/px], of the rings of the Fourier ring correlation: the same for every size."""

NORMAL_90 = 1.6448536269514722
"""Deviations to either side of the mean that hold 90 % of a normal spread."""


def measure(
    completed: Completed, scanned: Scanned
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Judge one completion.

    Parameters
    ----------
    completed : what a method made of the scan.
    scanned : the scan, and the truth.

    Returns
    -------
    figures : those of `stemgan.metrics.score`, and
        frc_half : frequency up to which the Fourier ring correlation with the raw truth is 1/2
            or more [cycles/px];
        slope_per_px : by how much the absolute error grows for each px of distance from the
            measured pixels [% of the truth's range per px], the slope of the straight line
            nearest to all unmeasured pixels;
        interval_90 : share of the pixels whose blurred truth lies between the 5 and 95 %
            quantiles, or where there are none within 1.645 deviations; 0.9 is right;
        rank_correlation : Spearman's, between deviation and absolute error;
        lattice_period_px : of the truth, see `stemgan.metrics.lattice`.
        NaN or None where there is no such thing.
    curves : rows of `kind`, `low`, `high`, `count`, and of kind
        "distance" [px], "pitch" [pitches], "lattice" [lattice periods]: the mean signed error
            `bias` and the root mean square `rmse` [% of the truth's range], against the blurred
            truth, of pixels in rings of distance from the measured ones;
        "frc" [cycles/px]: the correlation `value`, over `count` coefficients.
    """
    truth, image = scanned.truth, completed.image
    target = blurred(truth)
    difference = image - target
    span = float(np.ptp(truth))
    period = lattice_period(truth)
    figures = {
        **score(image, truth),
        "frc_half": half_frequency(image, truth),
        "slope_per_px": float("nan"),
        **_uncertainty(completed, target, difference),
        "lattice_period_px": period,
    }
    curves = _correlation(image, truth)
    if span == 0:
        return figures, curves
    error = 100 * difference / span
    distance = scanned.scan.nearest[0]
    figures["slope_per_px"] = _slope(np.abs(error), distance)
    units = [("distance", 1.0, DISTANCE_EDGES), ("pitch", scanned.pitch, PITCH_EDGES)]
    units += [] if period is None else [("lattice", period, PITCH_EDGES)]
    for kind, unit, edges in units:
        curves += _rings(kind, error, distance, unit, edges)
    return figures, curves


def _slope(error: NDArray[np.floating], distance: NDArray[np.floating]) -> float:
    """Return the slope of the straight line nearest to the unmeasured pixels' errors."""
    beyond = distance > 0
    far = distance[beyond].astype(np.float64)
    if not len(far) or np.ptp(far) == 0:
        return float("nan")
    far -= far.mean()
    return float(far @ error[beyond] / (far @ far))


def _uncertainty(
    completed: Completed, target: NDArray[np.floating], difference: NDArray[np.floating]
) -> dict[str, float]:
    found = {"interval_90": float("nan"), "rank_correlation": float("nan")}
    if completed.quantiles is not None:
        low, _, high = completed.quantiles
        found["interval_90"] = float(np.mean((low <= target) & (target <= high)))
    elif completed.std is not None:
        found["interval_90"] = float(np.mean(np.abs(difference) <= NORMAL_90 * completed.std))
    if completed.std is not None:
        found["rank_correlation"] = _rank_correlation(completed.std, np.abs(difference))
    return found


def _rank_correlation(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    from scipy.stats import rankdata

    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    ranks = [rankdata(values.ravel()) for values in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1])


def _rings(
    kind: str,
    error: NDArray[np.floating],
    distance: NDArray[np.floating],
    unit: float,
    edges: tuple[float, ...],
) -> list[dict[str, Any]]:
    found = error_profile(error, distance, unit * np.array(edges))
    return [
        {
            "kind": kind,
            "low": edges[i],
            "high": edges[i + 1] if np.isfinite(edges[i + 1]) else None,
            "count": int(found.count[i]),
            "bias": float(found.total[i] / found.count[i]),
            "rmse": float(np.sqrt(found.total_squared[i] / found.count[i])),
        }
        for i in np.flatnonzero(found.count)
    ]


def _correlation(
    image: NDArray[np.floating], truth: NDArray[np.floating]
) -> list[dict[str, Any]]:
    if min(truth.shape) < SMALLEST_SIDE:
        return []
    # From the first wave on, as the mean is taken off; rings before it are empty.
    edges = np.maximum(FREQUENCY_EDGES, 0.5 / min(truth.shape))
    rings = ring_correlation(image, truth, edges)
    return [
        {
            "kind": "frc",
            "low": high - FREQUENCY_EDGES[1],
            "high": high,
            "count": count,
            "value": value,
        }
        for high, count, value in zip(
            rings.high.tolist(),
            rings.count.tolist(),
            rings.value.tolist(),
            strict=True,
        )
        if np.isfinite(value)
    ]
