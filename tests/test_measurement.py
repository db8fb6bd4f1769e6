"""Measuring: the operator, the noise in the path's order, and the intensity scale."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stemgan.errors import InputError
from stemgan.measurement import (
    Noise,
    PartialScan,
    Scale,
    forward,
    intensity_scale,
    measure,
)
from stemgan.scan import ScanDesign

SHAPE = (40, 56)
IMAGES = arrays(np.float32, SHAPE, elements=st.floats(-1e3, 1e3, width=32))


@pytest.fixture
def trace():
    return ScanDesign("spiral", SHAPE, coverage=0.1).trace()


@pytest.fixture
def image():
    return np.random.default_rng(0).random(SHAPE).astype(np.float32) + 1


@settings(max_examples=25)
@given(IMAGES, IMAGES, st.integers(0, 99))
def test_the_operator_is_its_own_adjoint_and_square(x, y, seed):
    mask = np.random.default_rng(seed).random(SHAPE) < 0.2
    left = np.vdot(forward(x, mask).astype(float), y)
    right = np.vdot(x.astype(float), forward(y, mask))
    assert left == pytest.approx(right)
    np.testing.assert_array_equal(forward(forward(x, mask), mask), forward(x, mask))


def test_without_noise_the_image_itself_is_measured(image, trace):
    scan = measure(image, trace)
    np.testing.assert_array_equal(scan.values, forward(image, trace.mask))
    np.testing.assert_array_equal(np.isnan(scan.with_nan()), ~trace.mask)
    distance, infill = scan.nearest
    np.testing.assert_array_equal(infill[trace.mask], image[trace.mask])
    assert (distance[trace.mask] == 0).all()


def test_shot_noise_has_the_variance_of_its_electrons(trace):
    flat = np.full(SHAPE, 7.0, np.float32)
    rng = np.random.default_rng(1)
    read = np.concatenate(
        [measure(flat, trace, Noise(electrons=50), rng).values[trace.mask] for _ in range(50)]
    )
    assert read.mean() == pytest.approx(7, rel=0.01)
    assert read.std() / 7 == pytest.approx(50**-0.5, rel=0.05)


def test_drift_moves_along_the_path_and_not_down_the_frame():
    ramp = np.tile(np.arange(200, dtype=np.float32), (200, 1))
    trace = ScanDesign("spiral", (200, 200), coverage=0.1).trace()
    scan = measure(ramp, trace, Noise(drift=6), np.random.default_rng(2))
    column = trace.visited % 200
    inside = (column > 5) & (column < 194)
    moved = (scan.values - ramp).ravel()[trace.visited]
    # The displacement is a straight line in time: nothing is left of a fit.
    fit = np.polyval(np.polyfit(trace.time[inside], moved[inside], 1), trace.time[inside])
    assert np.abs(moved[inside] - fit).max() < 1e-3
    assert np.abs(moved[inside]).max() > 0.1


def test_noise_follows_from_its_generator(image, trace):
    noise = Noise(electrons=20, readout=0.1, jitter=0.3, drift=1)
    one, two = (measure(image, trace, noise, np.random.default_rng(5)).values for _ in range(2))
    np.testing.assert_array_equal(one, two)
    with pytest.raises(ValueError, match="rng"):
        measure(image, trace, noise)


@given(
    arrays(np.float32, 400, elements=st.floats(-1e6, 1e6, width=32)),
    st.floats(1e-3, 1e3),
    st.floats(-1e3, 1e3),
)
@settings(max_examples=50)
def test_scales_are_undone(values, gain, offset):
    scale = Scale(offset, gain)
    back = scale.invert(scale.apply(values))
    assert np.abs(back - values).max() <= 1e-6 * (np.abs(values).max() + abs(offset))


def test_the_scale_is_of_measured_values_alone(image, trace):
    seen = measure(image, trace)
    hidden = image.copy()
    hidden[~trace.mask] = 1e9
    assert intensity_scale(measure(hidden, trace)) == intensity_scale(seen)
    scaled = intensity_scale(seen).apply(seen.values[trace.mask])
    np.testing.assert_allclose(np.percentile(scaled, (1, 99)), (-1, 1), atol=1e-5)


def test_vacuum_has_a_scale(trace):
    scale = intensity_scale(measure(np.full(SHAPE, 3.0, np.float32), trace))
    assert scale == Scale(3.0, 1.0)


@pytest.mark.parametrize(
    ("values", "dwell", "words"),
    [
        (np.zeros(9), np.ones(9), "dimensions"),
        (np.zeros((9, 9)), np.ones((9, 8)), "mask"),
        (np.zeros((1, 99)), np.ones((1, 99)), "at least 8"),
        (np.zeros((9, 9)), np.zeros((9, 9)), "0 measured"),
        (np.full((9, 9), np.nan), np.ones((9, 9)), "row 0, column 0"),
        (np.full((9, 9), np.inf), np.ones((9, 9)), "not finite"),
        (np.zeros((9, 9)), -np.ones((9, 9)), "negative"),
    ],
)
def test_what_is_no_partial_scan_is_refused_in_a_sentence(values, dwell, words):
    with pytest.raises(InputError, match=words):
        PartialScan(values.astype(np.float32), dwell.astype(np.float32))


def test_shapes_and_signs_are_checked(image):
    with pytest.raises(InputError, match="differ"):
        measure(image, ScanDesign("raster", (8, 8)).trace())
    with pytest.raises(InputError, match="electrons"):
        Noise(electrons=0)
    with pytest.raises(InputError, match="negative"):
        Noise(drift=-1)
