"""Scan designs: coverage, pitch, randomness and refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgan.errors import InputError
from stemgan.scan import (
    SPARSE_FAMILIES,
    ScanDesign,
    format_coverage,
    parse_coverage,
    random_design,
)

SPIRALS = ("spiral", "spiral-clv")


@pytest.mark.parametrize("family", SPIRALS)
@settings(max_examples=15)
@given(
    st.tuples(st.integers(120, 300), st.integers(120, 300)),
    st.floats(1 / 40, 1 / 5),
)
def test_spirals_reach_the_coverage_that_is_asked(family, shape, coverage):
    reached = ScanDesign(family, shape, coverage=coverage).trace().coverage
    assert reached == pytest.approx(coverage, rel=0.02)


@pytest.mark.parametrize(("family", "within"), [("jittered-grid", 0.15), ("dots", 0.05)])
@pytest.mark.parametrize("inverse", [10, 17.9, 50, 87])
def test_grids_come_as_near_as_whole_lines_and_dots_allow(family, within, inverse):
    reached = ScanDesign(family, (512, 512), coverage=1 / inverse).trace().coverage
    assert reached == pytest.approx(1 / inverse, rel=within)


def test_a_pitch_is_taken_as_it_is():
    design = ScanDesign("spiral", (512, 512), pitch=16)
    assert 1 / design.trace().coverage == 17.859653903801608
    assert design.solved() is design


def test_a_raster_needs_no_coverage_and_measures_all():
    trace = ScanDesign("raster", (30, 40)).trace()
    assert trace.coverage == 1
    assert trace.mask.all()
    assert trace.dwell.dtype == np.float32


@pytest.mark.parametrize("family", SPARSE_FAMILIES)
def test_random_designs_stay_within_the_range_of_coverages(family):
    rng = np.random.default_rng(0)
    reached = [random_design((256, 256), rng, (family,)).trace().coverage for _ in range(60)]
    coarse = family in ("hilbert", "jittered-grid")  # reach few coverages on few lines
    assert (0.005 if coarse else 0.009) < min(reached) < 0.014
    assert 0.2 < max(reached) < 0.28


def test_the_same_generator_draws_the_same_designs():
    one, two = (random_design((64, 64), np.random.default_rng(3)) for _ in range(2))
    assert one == two
    np.testing.assert_array_equal(one.path(), two.path())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("spirall", (64, 64), 0.1), "did you mean spiral"),
        (("spiral", (64, 64), 0.0), "coverage"),
        (("spiral", (64, 64), 1.5), "coverage"),
        (("spiral", (64, 64), float("nan")), "coverage"),
        (("spiral", (64, 64), None, 0.5), "pitch"),
        (("spiral", (64, 64), 0.1, 5), "either"),
        (("spiral", (64, 64)), "either"),
        (("spiral", (0, 64), 0.1), "at least 1"),
    ],
)
def test_wrong_designs_are_refused_in_a_sentence(arguments, words):
    with pytest.raises(InputError, match=words):
        ScanDesign(*arguments)


@pytest.mark.parametrize(("text", "value"), [("1/20", 0.05), ("0.056", 0.056), ("1", 1.0)])
def test_coverages_are_read_as_they_are_written(text, value):
    assert parse_coverage(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "0", "-1/20", "2", "1/0", "a", "1/2/3", "nan"])
def test_what_is_no_coverage_is_refused(text):
    with pytest.raises(InputError, match="coverage"):
        parse_coverage(text)


def test_coverages_are_written_as_they_are_said():
    assert format_coverage(1 / 17.86) == "1/17.9"
