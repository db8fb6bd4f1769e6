"""Every family of scan paths: inside the frame, in order, repeatable, as near as it can be."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgan.errors import InputError
from stemgan.scan import (
    FAMILIES,
    REGISTRY,
    SPARSE_FAMILIES,
    CustomPath,
    ScanDesign,
    coverage_note,
    random_design,
)
from stemgan.scan.search import achieved

CONTINUOUS = ("spiral", "spiral-clv", "fermat", "jittered-grid", "random", "poisson-disk")
SMALL = st.tuples(st.integers(1, 24), st.integers(1, 24))
SHAPES = st.tuples(st.integers(30, 140), st.integers(30, 140))
LARGE = st.tuples(st.integers(120, 260), st.integers(120, 260))
COVERAGES = st.floats(1 / 40, 1 / 3)
SEEDS = st.integers(0, 2**31)


def design(family, shape, coverage, **more):
    return ScanDesign(family, shape, None if family == "raster" else coverage, **more)


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=12)
@given(SHAPES, COVERAGES, SEEDS)
def test_measured_pixels_are_inside_once_and_in_the_order_of_the_path(
    family, shape, coverage, seed
):
    trace = design(family, shape, coverage, seed=seed).trace()
    assert trace.path.dtype == np.float64
    assert np.isfinite(trace.path).all()
    assert len(np.unique(trace.visited)) == len(trace.visited) > 0
    np.testing.assert_array_equal(np.flatnonzero(trace.mask), np.sort(trace.visited))
    assert trace.coverage == len(trace.visited) / math.prod(shape)
    assert 0 <= trace.time[0] <= trace.time[-1] <= 1
    assert (np.diff(trace.time) > 0).all()
    # The path is at each pixel when it is said to be visited, but for rounding to pixels.
    steps = trace.time * max(len(trace.path) - 1, 1)
    there = [np.interp(steps, np.arange(len(trace.path)), p) for p in trace.path.T]
    away = np.abs(np.stack(there) - np.divmod(trace.visited, shape[1])).max()
    assert away <= (1 if trace.joined else 0.5) + 1e-6
    if not trace.joined:
        assert (np.floor(trace.path + 0.5) >= 0).all()
        assert (np.floor(trace.path + 0.5) < shape).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_seed_is_a_path(family):
    paths = [design(family, (70, 90), 0.1, seed=seed).path() for seed in (5, 5, 6)]
    np.testing.assert_array_equal(paths[0], paths[1])
    assert np.array_equal(paths[0], paths[2]) != REGISTRY[family].seeded


@pytest.mark.parametrize("family", CONTINUOUS)
@settings(max_examples=15)
@given(LARGE, st.floats(1 / 40, 1 / 4), SEEDS)
def test_coverage_is_met_within_one_percent(family, shape, coverage, seed):
    reached = ScanDesign(family, shape, coverage, seed=seed).trace().coverage
    assert reached == pytest.approx(coverage, rel=0.01)
    assert coverage_note(coverage, reached, family) is None


@pytest.mark.parametrize("family", ["random", "poisson-disk"])
@given(SMALL, st.floats(0.001, 1), SEEDS)
def test_dots_at_random_are_as_many_as_asked(family, shape, coverage, seed):
    trace = ScanDesign(family, shape, coverage, seed=seed).trace()
    assert len(trace.visited) == len(trace.path) == max(1, round(coverage * math.prod(shape)))


@pytest.mark.parametrize("family", ["line-hop", "serpentine"])
@given(SMALL, st.floats(0.001, 1), SEEDS)
def test_lines_are_the_nearest_whole_number(family, shape, coverage, seed):
    trace = ScanDesign(family, shape, coverage, seed=seed).trace()
    lines = len(trace.visited) / shape[1]
    assert lines == max(1, round(coverage * shape[0]))


@given(st.integers(1, 200), st.floats(0.005, 1))
def test_fields_are_the_nearest_of_all_interlaces(height, coverage):
    reached = ScanDesign("interleaved", (height, 3), coverage).trace().coverage
    counts = {-(-(height - f) // n) for n in range(1, height + 1) for f in range(n)}
    nearest = min(abs(count / height - coverage) for count in counts)
    assert abs(reached - coverage) == pytest.approx(nearest, abs=1e-12)


@given(SMALL, st.floats(0.002, 1))
def test_hilbert_s_order_is_the_nearest(shape, coverage):
    asked = ScanDesign("hilbert", shape, coverage)
    orders = [achieved(asked, knobs=(float(order),)) for order in range(6)]
    nearest = min(abs(share - coverage) for share in orders)
    assert abs(asked.trace().coverage - coverage) == pytest.approx(nearest)


@given(SMALL, st.floats(0.01, 1))
def test_grids_of_dots_have_the_nearest_number_of_rows_and_columns(shape, coverage):
    asked = ScanDesign("dots", shape, coverage)
    pitches = np.geomspace(1, 2 * max(shape), 80)
    others = [achieved(asked, float(pitch)) for pitch in pitches]
    nearest = min(abs(share - coverage) for share in others if share)
    assert abs(asked.trace().coverage - coverage) <= nearest + 1e-12


@settings(max_examples=15)
@given(st.tuples(st.integers(300, 400), st.integers(300, 400)), st.floats(1 / 20, 1 / 4))
def test_lissajous_curves_come_within_a_few_percent(shape, coverage):
    reached = ScanDesign("lissajous", shape, coverage).trace().coverage
    assert reached == pytest.approx(coverage, rel=0.06)


@pytest.mark.parametrize("family", SPARSE_FAMILIES)
@settings(max_examples=12)
@given(SMALL, st.floats(1e-4, 1), SEEDS)
def test_any_frame_and_coverage_measures_something(family, shape, coverage, seed):
    assert ScanDesign(family, shape, coverage, seed=seed).trace().mask.any()


@pytest.mark.parametrize("family", FAMILIES)
def test_random_designs_of_a_family_differ_and_are_drawn(family):
    rng = np.random.default_rng(1)
    designs = [random_design((192, 256), rng, (family,), (0.02, 0.1)) for _ in range(8)]
    masks = {d.trace().mask.tobytes() for d in designs}
    assert all(d.solved() is d for d in designs)
    assert len(masks) > (0 if family == "raster" else 1)


@pytest.mark.parametrize(
    ("wanted", "reached", "family", "said"),
    [
        (1 / 20, 1 / 20.1, "dots", None),
        (
            1 / 13,
            1 / 12.8,
            "serpentine",
            "1/12.8 is the nearest coverage that whole lines reach (wanted 1/13)",
        ),
        (0.5, 0.4, None, "1/2.5 is the nearest coverage within reach (wanted 1/2)"),
        (
            0.001012,
            0.001001,
            None,
            "1/999 is the nearest coverage within reach (wanted 1/988)",
        ),
    ],
)
def test_what_is_only_near_is_said(wanted, reached, family, said):
    assert coverage_note(wanted, reached, family) == said


@given(SHAPES, st.integers(1, 30), SEEDS)
def test_custom_paths_fit_every_shape(shape, count, seed):
    fractions = np.random.default_rng(seed).uniform(-0.3, 1.3, (count, 2))
    fractions[0] = 0.5
    trace = ScanDesign("custom", shape, custom=CustomPath(fractions)).trace()
    np.testing.assert_allclose((trace.path + 0.5) / shape, fractions)
    inside = ((fractions >= 0) & (fractions < 1)).all(axis=1)
    pixels = np.floor(fractions[inside] * shape).astype(int)
    np.testing.assert_array_equal(np.unique(pixels, axis=0), np.argwhere(trace.mask))
    assert not trace.joined


def test_custom_dwells_weigh_pixels_and_stretch_time():
    fractions = np.array([[0.1, 0.1], [0.1, 0.12], [0.9, 0.9], [2.0, 2.0]])
    custom = CustomPath(fractions, np.array([1.0, 2.0, 4.0, 1.0]))
    trace = ScanDesign("custom", (4, 4), custom=custom).trace()
    np.testing.assert_allclose(trace.durations, [1 / 8, 2 / 8, 4 / 8, 1 / 8])
    assert trace.dwell[0, 0] == 3 / 2
    assert trace.dwell[3, 3] == 4 / 2
    np.testing.assert_array_equal(trace.visited, [0, 15])
    np.testing.assert_allclose(trace.time, [0, 3 / 8])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ScanDesign("hilbert", (8, 8), pitch=3), "no pitch"),
        (lambda: ScanDesign("random", (8, 8)), "needs a coverage"),
        (lambda: ScanDesign("interleaved", (8, 8), pitch=2.5), "whole pitch"),
        (lambda: ScanDesign("custom", (8, 8)), "custom path"),
        (lambda: ScanDesign("dots", (8, 8), 0.1, custom=custom()), "custom path"),
        (lambda: ScanDesign("custom", (8, 8), 0.1, custom=custom()), "leave out"),
        (lambda: ScanDesign("dots", (8, 8), pitch=20, offset=(9, 9)).trace(), "nothing"),
        (lambda: CustomPath(np.zeros((0, 2))), "shape"),
        (lambda: CustomPath(np.zeros((2, 3))), "shape"),
        (lambda: CustomPath(np.array([[0, 0], [0, np.inf]])), "position 1"),
        (lambda: CustomPath(np.zeros((2, 2)), np.ones(3)), "one dwell"),
        (lambda: CustomPath(np.zeros((2, 2)), np.zeros(2)), "above 0"),
    ],
)
def test_what_cannot_be_drawn_is_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()


def custom():
    return CustomPath(np.full((1, 2), 0.5))
