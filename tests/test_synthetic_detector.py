from dataclasses import asdict, fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgan.scan import ScanDesign
from stemgan.synthetic import (
    Detector,
    detect,
    measure_along,
    micrograph,
    random_detector,
    recorded,
)
from stemgan.synthetic.detector import pink


def _columns():
    return np.tile(np.sin(np.arange(60) / 3).astype(np.float32) + 1, (50, 1))


def test_detection_without_faults_changes_nothing():
    image = micrograph((40, 50), np.random.default_rng(0))
    assert np.array_equal(detect(image, np.random.default_rng(0)), image)


def test_shot_noise_has_poisson_variance():
    image = np.full((200, 200), 0.5, dtype=np.float32)
    counted = detect(image, np.random.default_rng(0), electrons=25.0)
    assert counted.mean() == pytest.approx(0.5, rel=0.01)
    assert counted.std() == pytest.approx(0.5 / 5, rel=0.05)


def test_line_faults_follow_the_lines():
    rng = np.random.default_rng(0)
    columns = _columns()
    flicker = detect(columns, rng, flicker=0.05) / columns
    assert np.ptp(flicker, axis=1).max() < 1e-5
    assert flicker[:, 0].std() == pytest.approx(0.05, rel=0.3)
    rows = columns.T.copy()
    assert np.abs(detect(rows, rng, jitter=1.0) - rows).max() < 1e-6
    assert np.abs(detect(columns, rng, jitter=1.0) - columns).max() > 0.1


def test_drift_and_skew_lean_what_is_upright():
    bar = np.zeros((60, 60), dtype=np.float32)
    bar[:, 30] = 1
    rng = np.random.default_rng(0)
    for fault in ({"drift": (0.0, 12.0)}, {"skew": 0.2}):
        where = detect(bar, rng, **fault).argmax(1)
        assert where[0] - where[-1] == pytest.approx(12, abs=1)
    line = bar.T.copy()
    assert np.abs(detect(line, rng, drift=(0.0, 12.0)) - line).max() < 1e-6
    assert detect(line, rng, drift=(12.0, 0.0))[:, 5].argmax() == pytest.approx(30, abs=1)


def test_coils_that_lag_compress_where_lines_begin():
    image = np.tile(np.arange(100, dtype=np.float32), (6, 1))  # a pixel's value is its column
    read = detect(image, np.random.default_rng(0), lag=4.0, flyback=12.0)
    late = read[-1] - np.arange(100)
    # From the last column, late by 4 px, exp(-12 / 4) of the way is left; then it falls behind.
    at_once = (99 - 4) * np.exp(-12 / 4) + 4
    assert late[0] == pytest.approx(at_once * 4 * (1 - np.exp(-1 / 4)), rel=0.1)
    assert late[4] == pytest.approx(late[0] / np.e, rel=0.1)
    assert np.abs(late[40:]).max() < 0.05


def test_afterglow_goes_on_along_the_line_and_keeps_the_signal():
    spot = np.zeros((20, 40), dtype=np.float32)
    spot[10, 8] = 1
    seen = detect(spot, np.random.default_rng(0), glow=0.5, decay=2.0)
    assert seen.sum() == pytest.approx(1, abs=1e-4)
    assert (seen[10, :8] == 0).all()
    assert seen[10, 10] / seen[10, 9] == pytest.approx(np.exp(-0.5), rel=1e-3)


def test_pink_noise_has_equal_power_in_each_octave():
    noise = pink(2**16, np.random.default_rng(0))
    power = np.abs(np.fft.rfft(noise)) ** 2
    octaves = [power[2**k : 2 ** (k + 1)].sum() for k in range(6, 15)]
    assert max(octaves) / min(octaves) < 2
    assert noise.std() == pytest.approx(1)


def test_digitisers_have_levels_and_an_end():
    image = np.random.default_rng(0).random((40, 40), dtype=np.float32)
    assert len(np.unique(detect(image, np.random.default_rng(0), levels=16))) == 16
    cut = detect(image, np.random.default_rng(0), saturation=0.8)
    assert cut.max() == pytest.approx(image.min() + 0.8 * np.ptp(image), abs=1e-5)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_random_recordings_are_finite_and_repeatable(seed):
    image = micrograph((40, 56), np.random.default_rng(seed))
    one = recorded(image, np.random.default_rng(seed))
    assert one.shape == image.shape
    assert one.dtype == np.float32
    assert np.isfinite(one).all()
    assert np.array_equal(one, recorded(image, np.random.default_rng(seed)))


def test_every_fault_is_drawn_now_and_then():
    drawn = [asdict(random_detector(np.random.default_rng(seed))) for seed in range(200)]
    for field in fields(Detector):
        assert len({str(one[field.name]) for one in drawn}) > 1, field.name


def _trace(family, **how):
    return ScanDesign(family, (64, 80), **how).trace()


@pytest.mark.parametrize("family", ["spiral", "dots", "hilbert", "jittered-grid"])
def test_a_perfect_detector_reads_the_image_along_any_path(family):
    image = micrograph((64, 80), np.random.default_rng(0))
    trace = _trace(family, coverage=0.1)
    scan = measure_along(image, trace, Detector(), np.random.default_rng(0))
    np.testing.assert_allclose(scan.values[scan.mask], image[scan.mask], atol=1e-6)
    assert np.array_equal(scan.dwell, trace.dwell)


def test_afterglow_follows_the_path_and_not_the_lines():
    trace = _trace("spiral", coverage=0.1)
    image = np.zeros((64, 80), dtype=np.float32)
    spot = len(trace.visited) // 2
    image.ravel()[trace.visited[spot]] = 1
    by = Detector(glow=0.5, decay=2.0)
    seen = measure_along(image, trace, by, np.random.default_rng(0)).values.ravel()[
        trace.visited
    ]
    assert (seen[:spot] == 0).all()
    np.testing.assert_allclose(seen[spot + 2] / seen[spot + 1], np.exp(-0.5), rtol=1e-4)


def test_late_coils_read_where_the_beam_was():
    image = np.tile(np.arange(80, dtype=np.float32), (64, 1))
    trace = _trace("serpentine", coverage=0.1)
    scan = measure_along(image, trace, Detector(lag=5.0), np.random.default_rng(0))
    late = (scan.values - image)[scan.mask]
    # Lines run to the right and to the left in turns, and the beam is behind in both.
    assert np.median(late[late < 0]) == pytest.approx(-5, abs=0.7)
    assert np.median(late[late > 0]) == pytest.approx(5, abs=0.7)


def test_noise_of_a_path_is_counted_and_slow():
    image = np.full((64, 80), 2.0, dtype=np.float32)
    trace = _trace("spiral", coverage=0.3)
    rng = np.random.default_rng(0)
    counted = measure_along(image, trace, Detector(electrons=16.0), rng)
    assert counted.values[counted.mask].std() == pytest.approx(2 / 4, rel=0.1)
    slow = measure_along(image, trace, Detector(pink=0.02), rng).values.ravel()[trace.visited]
    assert slow.std() == pytest.approx(2 * 0.02, rel=0.05)
    assert np.diff(slow).std() < slow.std()


def test_random_faults_along_a_path_are_finite_and_repeatable():
    image = micrograph((64, 80), np.random.default_rng(1))
    for seed in range(10):
        by = random_detector(np.random.default_rng(seed))
        one, two = (
            measure_along(image, _trace("dots", coverage=0.1), by, np.random.default_rng(seed))
            for _ in range(2)
        )
        assert np.isfinite(one.values).all()
        assert np.array_equal(one.values, two.values)
