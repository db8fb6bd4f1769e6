"""Thresholds and rates: what counts as a detection, how sure that is, and where."""

import math
from typing import Any

import numpy as np
import pytest

from stemgan.study.detection import Search
from stemgan.study.detection_rates import (
    DISTANCE_EDGES,
    decided,
    detection_summary,
    share_of_images,
)
from stemgan.study.tasks import Record


def row(image: int, score: float, present: bool, **more: Any) -> Record:
    usual = {"feature": "vacancy", "method": "m", "scan": "spiral", "coverage": "1/50"}
    where = {"dose": None, "dwell_s": 1e-6, "lag_s": 0.0}
    judged = {"distance_px": 3.0, "distance_pitch": 0.1, "flagged": None, "deviation": None}
    return {
        **usual,
        **where,
        **judged,
        "image": image,
        "score": score,
        "present": present,
    } | more


def noise(images: int = 400, each: int = 5, seed: int = 0) -> list[Record]:
    rng = np.random.default_rng(seed)
    return [row(n, float(rng.normal()), False) for n in range(images) for _ in range(each)]


@pytest.mark.parametrize("wanted", [0.05, 0.2])
def test_false_alarms_come_at_the_wanted_rate(wanted: float) -> None:
    found = [r["detected"] for r in decided(noise(), wanted)]
    assert np.mean(found) == pytest.approx(wanted, abs=0.01)


def test_a_threshold_is_set_on_other_images_alone() -> None:
    rows = [row(n, n / 100, False) for n in range(100)]
    rows.append(row(99, 0.985, True))
    changed = [*rows[:99], row(99, 1e6, False), rows[100]]
    assert decided(rows)[-1]["threshold"] == decided(changed)[-1]["threshold"] == 0.94
    assert decided(rows)[-1]["detected"] is True


def test_too_few_scans_without_a_feature_decide_nothing() -> None:
    few = [row(n, 0.0, False) for n in range(19)] + [row(0, 1.0, True)]
    assert decided(few)[-1]["detected"] is None
    enough = [row(19, 0.0, False), *few]
    assert decided(enough)[-1]["detected"] is True
    summary = detection_summary(decided(few))[0]
    assert summary["detection_rate"] is None
    assert summary["misses"] is None


@pytest.mark.parametrize("instances", [1, 4])
@pytest.mark.parametrize("share", [0.05, 0.12, 0.3])
def test_it_is_known_how_many_images_tell_of_a_threshold(instances: int, share: float) -> None:
    search = Search(instances=instances, false_alarms=share)
    wanted = search.images_for("vacancy")
    assert decided(noise(wanted, instances), share)[0]["detected"] is not None
    assert decided(noise(wanted - 1, instances), share)[0]["detected"] is None
    assert search.images_for("dislocation") == Search(
        instances=1, false_alarms=share
    ).images_for("vacancy")


def test_conditions_have_thresholds_of_their_own() -> None:
    quiet = [row(n, 0.0, False) for n in range(30)] + [row(0, 0.5, True)]
    loud = [r | {"method": "other", "score": 10 * r["score"] + 7} for r in quiet]
    mixed = decided([*quiet, *loud])
    assert [mixed[30]["threshold"], mixed[-1]["threshold"]] == [0, 7]


def test_the_summary_counts_what_it_says() -> None:
    rows = [row(n, 0.01 * n, False) for n in range(40)]
    rows += [row(n, 1.0, True, flagged=True, deviation=1.0) for n in range(30)]
    rows += [
        row(n, 0.0, True, distance_px=9.0, flagged=n < 32, deviation=2.0) for n in range(30, 40)
    ]
    whole, near, far, *_ = detection_summary(decided(rows))
    assert (whole["kind"], whole["features"], whole["images"]) == ("all", 40, 40)
    assert whole["detection_rate"] == 0.75
    assert whole["detection_low"] < 0.75 < whole["detection_high"]
    assert whole["misses"] == 10
    assert whole["misses_flagged"] == 0.2
    assert whole["hits_flagged"] == 1
    assert (whole["misses_deviation"], whole["hits_deviation"]) == (2, 1)
    assert whole["deviation_tells"] == 1
    alarm = whole["false_alarm_rate"]
    assert alarm == pytest.approx(0.05, abs=0.026)
    assert whole["false_discovery_rate"] == pytest.approx(alarm / (alarm + 0.75))
    assert (near["kind"], near["low"], near["high"]) == ("distance", 2, 4)
    assert near["detection_rate"] == 1
    assert (far["low"], far["high"], far["detection_rate"]) == (8, 12, 0)
    assert far["shown"] is None  # nothing without a feature lies there


def test_bins_hold_every_feature_once() -> None:
    rng = np.random.default_rng(0)
    rows = noise(30, 1) + [
        row(n, 1.0, True, distance_px=float(d), distance_pitch=float(d) / 20)
        for n, d in enumerate(rng.uniform(0, 40, 50))
    ]
    summary = detection_summary(decided(rows))
    for kind in ("distance", "pitch"):
        assert sum(r["features"] for r in summary if r["kind"] == kind) == 50
    assert math.isinf(DISTANCE_EDGES[-1])
    assert all(r["high"] is None or math.isfinite(r["high"]) for r in summary)


def test_features_of_one_image_count_as_one_in_the_interval() -> None:
    alone = [{"image": n, "seen": n % 2 == 0} for n in range(20)]
    copied = [each for each in alone for _ in range(9)]
    assert share_of_images(copied, "seen") == share_of_images(alone, "seen")
    assert share_of_images([{"image": 0, "seen": None}], "seen") == (None, None, None)
