"""Scans of a study: one path whatever the dose, as many electrons, the beam where it was."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgan.errors import InputError
from stemgan.evaluate.scans import Condition
from stemgan.evaluate.scans import take as take_condition
from stemgan.scan.physics import Timing
from stemgan.study.conditions import Setting, take
from stemgan.study.sources import simulated

TIMING = Timing()
(SOURCE,) = simulated(1, ["crystal"], 64, 0)


def test_simulated_images_are_the_same_each_time_and_differ_among_each_other():
    first, again = (simulated(4, ["holes", "atoms"], 48, 3) for _ in range(2))
    assert first == again
    assert [one.label for one in first] == ["holes", "atoms", "holes", "atoms"]
    assert len({one.truth().tobytes() for one in first}) == 4
    other = simulated(1, ["holes"], 48, 4)[0]
    assert (first[0].truth() != other.truth()).any()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((0, [], 64, 0), "synthetic.count=0"),
        ((1, ["crystals"], 64, 0), "did you mean crystal?"),
        ((1, [], 8, 0), "synthetic.size=8"),
        ((1, [], 64, -1), "synthetic.seed=-1"),
    ],
)
def test_simulated_images_that_cannot_be_are_refused(arguments, expected):
    with pytest.raises(InputError, match=expected.replace("?", r"\?")):
        simulated(*arguments)


@pytest.mark.parametrize("scan", ["spiral", "jittered-grid", "dots", "random"])
def test_the_path_is_the_same_whatever_dose_and_dwell_and_that_of_an_evaluation(scan):
    clean = take(SOURCE, Setting(scan, "1/8"), 5, TIMING)
    for setting in (Setting(scan, "1/8", 3.0), Setting(scan, "1/8", None, 1e-4)):
        other = take(SOURCE, setting, 5, TIMING)
        assert (other.scan.mask == clean.scan.mask).all()
        assert other.pitch == clean.pitch
    evaluated = take_condition(SOURCE, Condition(scan, "1/8"), 5)
    assert (evaluated.scan.values == clean.scan.values).all()
    assert (clean.scan.values[clean.scan.mask] == clean.truth[clean.scan.mask]).all()


def test_random_paths_follow_the_seed():
    one, other = (take(SOURCE, Setting("random", "1/8"), seed, TIMING) for seed in (0, 1))
    assert (one.scan.mask != other.scan.mask).any()


@settings(max_examples=12, deadline=None)
@given(
    scan=st.sampled_from(["spiral", "dots", "line-hop", "raster"]),
    coverage=st.sampled_from(["1/3", "1/9"]),
    dose=st.floats(0.1, 100),
    lag=st.sampled_from([0.0, 2e-6]),
)
def test_settings_of_one_dose_put_as_many_electrons_on_the_specimen(scan, coverage, dose, lag):
    setting = Setting(scan, "1" if scan == "raster" else coverage, dose, lag=lag)
    scanned = take(SOURCE, setting, 0, TIMING)
    assert scanned.electrons is not None
    on_field = scanned.electrons * scanned.scan.dwell.sum(dtype=np.float64)
    assert on_field == pytest.approx(dose * scanned.truth.size, rel=1e-5)
    if not lag:
        assert scanned.electrons == pytest.approx(dose / scanned.achieved, rel=1e-5)


def test_noise_has_the_spread_of_its_electrons():
    source = simulated(1, ["amorphous"], 256, 0)[0]
    scanned = take(source, Setting("raster", "1", 50.0), 0, TIMING)
    ratio = (scanned.scan.values - scanned.truth) / np.sqrt(scanned.truth.clip(1e-6))
    expected = np.sqrt(scanned.truth.mean() / 50)
    assert ratio.std() == pytest.approx(expected, rel=0.03)


def test_a_beam_that_lags_is_read_where_it_was():
    setting = Setting("serpentine", "1/4", dwell=1e-6, lag=4e-6)
    lagging, wanted = (
        take(SOURCE, one, 0, TIMING) for one in (setting, Setting("serpentine", "1/4"))
    )
    assert (lagging.scan.mask != wanted.scan.mask).any()
    # Along a line a lag delays; where both measure, intensities are of the same place.
    both = lagging.scan.mask & wanted.scan.mask
    spread = float(wanted.truth.std())
    off = lagging.scan.values[both] - wanted.scan.values[both]
    assert np.median(np.abs(off)) < 0.2 * spread
    assert lagging.costs["mean_deviation_px"] > 1
    assert lagging.scan.positions is None


def test_a_lag_that_leaves_nothing_is_refused():
    with pytest.raises(InputError, match="lag"):
        take(SOURCE, Setting("dots", "1/9", lag=1e6), 0, TIMING)


def test_costs_are_those_of_the_path_and_its_dwell():
    short, long = (
        take(SOURCE, Setting("interleaved", "1/4", dwell=dwell), 0, Timing(flyback=1e-3)).costs
        for dwell in (1e-6, 1e-5)
    )
    assert long["exposure_s"] == pytest.approx(10 * short["exposure_s"])
    assert short["flyback_s"] == long["flyback_s"] == pytest.approx(15e-3)
    assert short["largest_distance_px"] == long["largest_distance_px"] > 0


def test_a_label_says_what_is_not_usual():
    assert Setting("spiral", "1/20").label == "spiral 1/20"
    full = Setting("masks/dots.npy", "1/20", 10.0, 1e-5, 2e-6)
    assert full.label == "dots.npy 1/20 10 e/px dwell 1e-05 s lag 2e-06 s"
    assert full.columns["scan"] == "dots.npy"
    assert full.slug == "dots.npy-1-20-10-e-dwell-1e-05-s-lag-2e-06-s"
