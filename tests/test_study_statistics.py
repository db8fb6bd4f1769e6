"""Statistics of a study: intervals by group, paired tests, summaries, published values."""

import doctest
import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stemgan.study import intervals
from stemgan.study.comparing import compare, control_rows, paired_rows
from stemgan.study.intervals import bootstrap, holm, mean_of, sign_flip
from stemgan.study.published import PUBLISHED, published_rows
from stemgan.study.summaries import curves_summary, lattice_rows, summary_rows
from stemgan.study.verdicts import sentence, verdict_rows


def row(image, scan="spiral", error=4.0, coverage="1/20", **other):
    about = {"image": image, "group": f"g{image}", "label": "", "method": "linear"}
    setting = {"scan": scan, "coverage": coverage, "dose": None, "dwell_s": 1e-6, "lag_s": 0.0}
    achieved = 1 / float(coverage.removeprefix("1/"))
    figures = {"achieved": achieved, "rmse_blurred": error, "rmse_raw": error and error + 1}
    return {**about, "control": "", **setting, **figures, **other}


def test_examples():
    assert doctest.testmod(intervals).failed == 0


def test_groups_count_the_same_however_many_images_they_have():
    values = [("a", 1.0)] * 9 + [("b", 3.0), ("b", None), ("c", float("nan"))]
    mean = mean_of(values)
    assert (mean.value, mean.images, mean.groups) == (2.0, 10, 2)
    assert mean.low <= 2 <= mean.high


def test_one_group_has_no_interval_and_none_no_mean():
    assert mean_of([("a", 1.0), ("a", 2.0)])[:1] == (1.5,)
    assert math.isnan(mean_of([("a", 1.0), ("a", 2.0)]).low)
    assert math.isnan(mean_of([("a", None)]).value)


@pytest.mark.parametrize("groups", [6, 25])
def test_intervals_hold_the_mean_as_often_as_they_say(groups):
    rng = np.random.default_rng(groups)
    held = []
    for _ in range(600):
        low, high = bootstrap(rng.normal(3, 2, groups))
        held.append(low <= 3 <= high)
    assert 0.915 <= np.mean(held) <= 0.985  # 2.5 deviations of the mean of 600 and more


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=8))
def test_sign_flips_equal_their_definition(values):
    sums = [abs(np.dot(signs, values)) for signs in product((-1, 1), repeat=len(values))]
    least = abs(sum(values)) - 1e-12 * sum(map(abs, values))
    expected = np.mean([each >= least for each in sums])
    assert sign_flip(values) == pytest.approx(expected, abs=2.0 ** (1 - len(values)) * 1.01)
    assert sign_flip(values) == sign_flip([-value for value in values])


def test_false_alarms_are_as_rare_as_p_says_also_of_many_groups():
    rng = np.random.default_rng(0)
    found = [sign_flip(rng.normal(size=20)) for _ in range(500)]
    assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.03)
    assert sign_flip(rng.normal(3, 1, 20)) < 0.001


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_many_groups_say_what_drawing_them_would(seed, monkeypatch):
    values = np.random.default_rng(seed).exponential(size=1200) - 0.96
    low, high = bootstrap(values)
    p = sign_flip(values)
    monkeypatch.setattr(intervals, "_MANY", 2000)
    drawn = bootstrap(values)
    assert (low, high) == pytest.approx(drawn, abs=0.06 * (high - low))
    assert p == pytest.approx(sign_flip(values), abs=0.015)
    assert sign_flip(np.zeros(3000)) == 1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_holm_never_lowers_p_and_keeps_its_order(values):
    adjusted = holm(values)
    assert all(p <= q <= 1 for p, q in zip(values, adjusted, strict=True))
    pairs = sorted(zip(values, adjusted, strict=True))
    assert [q for _, q in pairs] == sorted(adjusted)


def test_summary_averages_what_there_is():
    rows = [row(i, error=float(i), label="abx"[i], duration_s=2.0 * i) for i in range(3)]
    rows += [
        row(3, error=9.0, group="g0", label="a"),
        row(0, control="full-raw", error=7.0, label="a"),
    ]
    whole, control = [found for found in summary_rows(rows) if not found["label"]]
    assert control["control"] == "full-raw"
    assert control["rmse_blurred"] == 7
    assert whole["rmse_blurred"] == pytest.approx((4.5 + 1 + 2) / 3)
    assert (whole["images"], whole["groups"]) == (4, 3)
    assert whole["rmse_blurred_low"] < whole["rmse_blurred"] < whole["rmse_blurred_high"]
    assert whole["duration_s"] == 2
    assert math.isnan(whole["psnr"])
    parts = [found for found in summary_rows(rows) if found["label"] == "a"]
    assert {part["control"]: part["images"] for part in parts} == {"": 2, "full-raw": 1}


def test_compared_are_the_same_images_only():
    one = {"a": ("g", 2.0), "b": ("h", 4.0), "c": ("i", 1.0), "d": ("j", None)}
    other = {"a": ("g", 1.0), "b": ("h", 2.0), "d": ("j", 3.0)}
    found = compare(one, other)
    assert (found["images"], found["groups"]) == (2, 2)
    assert (found["mean_a"], found["mean_b"]) == (3, 1.5)
    assert (found["difference"], found["ratio"]) == (1.5, pytest.approx(2))
    assert found["share_a_lower"] == 0
    assert found["p"] == 0.5  # two groups: nothing surer exists


def test_a_scan_that_is_always_better_wins_at_like_coverages_and_over_all():
    rng = np.random.default_rng(0)
    rows = []
    for image, coverage in product(range(12), ("1/20", "1/50")):
        level = 2 + rng.random() * 5
        rows.append(row(image, "spiral", level, coverage))
        near = {"1/20": 1 / 20.4, "1/50": 1 / 49}[coverage]
        rows.append(row(image, "dots", 0.8 * level, coverage, achieved=near))
        rows.append(row(image, "random", level * rng.uniform(0.8, 1.25), "1/30"))
    found = [one for one in paired_rows(rows) if one["metric"] == "rmse_blurred"]
    assert {(one["scan_a"], one["scan_b"]) for one in found} == {("spiral", "dots")}
    assert [one["coverage_a"] for one in found] == ["all", "1/20", "1/50"]
    for one in found:
        assert one["ratio"] == pytest.approx(1.25)
        assert one["better"] == "dots"
        assert one["p_holm"] >= one["p"] > 0
    assert found[1]["achieved_b"] == pytest.approx(1 / 20.4)


def test_scans_alike_have_no_winner():
    rng = np.random.default_rng(2)
    rows = [row(i, scan, 4 * rng.lognormal(0, 0.2)) for i in range(20) for scan in ("a", "b")]
    (found,) = [one for one in paired_rows(rows) if one["metric"] == "rmse_blurred"]
    assert found["better"] == ""
    assert found["ratio_low"] < 1 < found["ratio_high"]


def test_full_scans_are_compared_at_their_own_dose_alone():
    rows = []
    for image, dose in product(range(8), (10.0, 100.0)):
        rows.append(row(image, error=4.0 + image / 10, dose=dose))
        if image:  # the first is too noisy
            about = {"dose": dose, "coverage": "1", "scan": "raster"}
            rows.append(row(image, error=300 / dose, control="full-raw", **about, method=""))
            denoised = 20 / dose + image / 100
            rows.append(row(image, error=denoised, control="full-denoised", **about))
            rows.append(row(image, error=1.0, **about))  # no partial scan
    found = {
        (one["dose"], one["control"]): one
        for one in control_rows(rows)
        if one["metric"] == "rmse_blurred"
    }
    assert len(found) == 4
    assert found[10.0, "full-raw"]["better"] == "partial scan"
    assert found[100.0, "full-raw"]["better"] == "full scan"
    assert found[10.0, "full-denoised"]["best_control"]
    assert not found[10.0, "full-raw"]["best_control"]
    assert found[10.0, "full-raw"]["left_out"] == 1
    assert found[10.0, "full-raw"]["mean_b"] == 30


def test_curves_average_ring_by_ring():
    ring = {"kind": "distance", "low": 0.5, "high": 1.5, "count": 10, "bias": 0.0}
    curves = [row(i, **ring, rmse=1.0 + i) for i in range(4)]
    curves += [row(i, kind="frc", low=0, high=0.1, count=5, value=0.5) for i in range(2)]
    curves += [row(0, **{**ring, "low": 0.0, "high": 0.5}, rmse=0.5)]
    first, second, last = curves_summary(curves)
    assert (first["low"], second["low"], last["kind"]) == (0, 0.5, "frc")
    assert second["rmse"] == 2.5
    assert second["rmse_low"] < 2.5 < second["rmse_high"]
    assert (second["count"], second["images"], second["groups"]) == (40, 4, 4)
    assert last["value"] == 0.5


def test_lattices_are_gathered_by_pitch_over_period():
    rows = [row(i, error=float(i), pitch_px=16.0, lattice_period_px=20.0) for i in range(3)]
    rows += [row(4, error=9.0, pitch_px=50.0, lattice_period_px=20.0), row(5)]
    fine, coarse = lattice_rows(rows)
    assert (fine["low"], fine["high"], fine["rmse_blurred"]) == (0.5, 1, 1)
    assert (coarse["low"], coarse["high"], coarse["images"]) == (2, 3, 1)
    assert fine["ratio"] == pytest.approx(0.8)


def test_published_values_stand_beside_the_study_at_like_coverage():
    spirals = [one for one in PUBLISHED if one.scan == "spiral"]
    assert [round(1 / one.coverage, 1) for one in spirals] == [
        17.9, 27.3, 38.2, 50.0, 60.5, 73.7, 87.0
    ]  # fmt: skip
    rows = [row(i, error=2.0 + i, coverage="1/17.9") for i in range(2)]
    rows += [row(0, error=9.0, coverage="1/17.9", dose=5.0)]
    table = published_rows(summary_rows(rows))
    assert len(table) == len(PUBLISHED)
    assert table[0]["published"] == 3.769
    assert table[0]["published_over_root_2"] == pytest.approx(2.665, abs=1e-3)
    assert table[0]["rmse_blurred"] == 2.5
    assert table[1]["rmse_blurred"] is None


def test_verdicts_say_yes_no_and_not_sure():
    rng = np.random.default_rng(0)
    rows = []
    for image in range(16):
        level = 2 + rng.random()
        like = {"dose": 5.0, "interval_90": 0.6 + 0.1 * rng.random()}
        slopes = {"spiral": 0.1 + 0.02 * rng.random(), "dots": rng.normal(0, 0.1)}
        for scan, error in {"spiral": 1.3 * level, "dots": level}.items():
            for coverage in ("1/20", "1/50"):
                slope = slopes[scan]
                rows.append(row(image, scan, error, coverage, slope_per_px=slope, **like))
        about = {"scan": "raster", "coverage": "1", "dose": 5.0, "dwell_s": None}
        rows.append(row(image, error=1.0, control="full-raw", **{**about, "method": "-"}))
    found = {
        (one["question"], one["metric"]): one
        for one in verdict_rows(rows, paired_rows(rows), control_rows(rows))
    }
    better = found["is spiral better than dots", "rmse_blurred"]
    assert (better["answer"], better["value"]) == ("no", pytest.approx(1.3))
    assert (better["images"], better["groups"]) == (16, 16)
    grows = found["does the error of spiral grow with distance", "slope_per_px"]
    assert grows["answer"] == "yes"
    assert grows["value_low"] < grows["value"] == pytest.approx(0.11, abs=0.005)
    assert grows["images"] == 16
    assert ("does the error of spiral at 1/50 grow with distance", "slope_per_px") in found
    unsure = found["does the error of dots grow with distance", "slope_per_px"]
    assert unsure["answer"] == "not sure"
    (full,) = [one for key, one in found.items() if "full scan" in key[0] and "blur" in key[1]]
    assert full["answer"] == "yes"
    (best,) = [
        one for one in control_rows(rows)
        if (one["scan"], one["coverage"], one["metric"]) == ("dots", "1/20", "rmse_blurred")
    ]  # fmt: skip
    assert full["p"] == best["p_holm"] > best["p"]  # the best of four settings was chosen
    assert "dots" in full["question"]
    assert found["do 90 % intervals hold 90 %", "interval_90"]["answer"] == "no"
    assert sentence(better).startswith(
        "linear, 5 electrons/px: is spiral better than dots? no: 1.3 (1.3 to 1.3) ratio"
    )


@pytest.mark.parametrize(
    ("middle", "spread", "answer"),
    [
        (0.9, 0.01, "yes"),
        (0.9, 0.3, "not sure"),  # wide enough to hold anything
        (0.92, 0.005, "yes"),
        (0.86, 0.02, "no"),
        (0.875, 0.04, "no"),  # the interval lies partly within 0.87 to 0.93
    ],
)
def test_intervals_are_said_to_hold_what_they_promise_only_where_that_is_shown(
    middle, spread, answer
):
    shares = middle + spread * np.linspace(-1, 1, 12)
    rows = [row(image, interval_90=share) for image, share in enumerate(shares)]
    (found,) = [one for one in verdict_rows(rows, [], []) if one["metric"] == "interval_90"]
    assert found["answer"] == answer
    alone = verdict_rows([row(0, interval_90=0.9)], [], [])
    assert [one["answer"] for one in alone] == ["not sure"]


def test_many_questions_of_distance_share_one_chance_of_a_false_alarm():
    slopes = np.array([1.0, 1.0, 1.0, 1.0, 1.0, -0.1, 1.0])  # p = 4/128 by itself
    scans = ("spiral", "dots", "random")
    for asked, answer in ((scans[:1], "yes"), (scans, "not sure")):
        rows = [
            row(image, scan, slope_per_px=slope, method=method)
            for scan in asked
            for method in ("linear", "nearest")
            for image, slope in enumerate(slopes)
        ]
        found = verdict_rows(rows, [], [])
        assert len(found) == 2 * len(asked)
        assert {one["answer"] for one in found} == {answer}
        assert {one["p"] for one in found} == {len(asked) * 4 / 128}
