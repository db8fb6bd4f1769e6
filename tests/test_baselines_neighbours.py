"""Natural neighbours, triangles and the held-out width against slow twins and known truths."""

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import LinearNDInterpolator
from scipy.spatial import Delaunay

from stemgan.baselines import triangles
from stemgan.baselines.natural import natural_neighbour
from stemgan.baselines.smoothing import along_path, gap_length, smooth, weights
from stemgan.baselines.widths import SHARES, USUAL_SHARE, held_out, held_out_width
from stemgan.measurement import PartialScan
from stemgan.metrics import rmse
from stemgan_kernels import sibson, variation
from stemgan_kernels import triangles as drawing
from stemgan_kernels.distance import distance_transform
from stemgan_kernels.sibson import discrete_sibson
from stemgan_kernels.triangles import draw_triangles


def smooth_field(shape, sigma=12, seed=0):
    image = smooth(np.random.default_rng(seed).normal(size=shape).astype(np.float32), sigma)
    return (image / image.std()).astype(np.float32)


def dotted(image, share, seed=0, noise=0.0):
    rng = np.random.default_rng(seed)
    mask = rng.random(image.shape) < share
    values = image + noise * rng.normal(size=image.shape)
    return PartialScan(np.where(mask, values, 0).astype(np.float32), mask.astype(np.float32))


@settings(deadline=None, max_examples=15)
@given(
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    number=st.integers(1, 20),
    seed=st.integers(0, 2**32 - 1),
)
def test_sibson_against_its_definition(height, width, number, seed):
    rng = np.random.default_rng(seed)
    mask = np.zeros((height, width), bool)
    mask.ravel()[rng.integers(0, mask.size, number)] = True
    distance, index = distance_transform(mask)
    values = rng.normal(size=mask.shape).astype(np.float32).ravel()[index]
    y, x = np.indices(mask.shape)
    expected = np.empty(mask.shape)
    square = np.rint(distance.astype(float) ** 2)
    for i, j in np.ndindex(mask.shape):
        takes = (y - i) ** 2 + (x - j) ** 2 < square
        takes[i, j] = True
        expected[i, j] = values[takes].mean(dtype=float)
    found = discrete_sibson(distance, values)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(found[mask], values[mask], atol=1e-6)


@settings(deadline=None, max_examples=15)
@given(number=st.integers(4, 60), seed=st.integers(0, 2**32 - 1))
def test_drawn_triangles_equal_scipy(number, seed):
    shape = (25, 33)
    rng = np.random.default_rng(seed)
    points = rng.uniform(-3, 36, (number, 2))
    values = rng.normal(size=number)
    mesh = Delaunay(points)
    image = np.full(shape, np.nan, np.float32)
    draw_triangles(image, points, mesh.simplices, values)
    expected = LinearNDInterpolator(mesh, values)(np.indices(shape).reshape(2, -1).T)
    expected = expected.reshape(shape)
    np.testing.assert_array_equal(np.isfinite(image), np.isfinite(expected))
    # The slopes of slivers amplify rounding; nothing else may differ.
    differs = np.abs(image - expected) > 1e-4
    assert differs.sum() <= 0.01 * image.size


@pytest.mark.parametrize(
    ("method", "limit"),
    [(triangles.smoothed_linear, 0.05), (triangles.cubic, 0.02), (natural_neighbour, 0.05)],
)
def test_interpolation_of_a_smooth_image(method, limit):
    image = smooth_field((128, 150))
    scan = dotted(image, 0.05)
    found = method(scan, before=0, after=0)
    np.testing.assert_allclose(found[scan.mask], image[scan.mask], atol=1e-5)
    assert np.abs(found - image)[10:-10, 10:-10].mean() < limit


@pytest.mark.parametrize(
    "method", [triangles.smoothed_linear, triangles.cubic, natural_neighbour]
)
def test_noise_is_taken_out(method):
    image = smooth_field((128, 150))
    scan = dotted(image, 0.1, noise=0.5)
    raw, quiet = method(scan, before=0, after=0), method(scan)
    assert rmse(quiet, image, 1.0) < 0.6 * rmse(raw, image, 1.0)


def test_values_along_the_path_are_averaged_over_measured_pixels_alone():
    dwell = np.zeros((30, 40), np.float32)
    dwell[10], dwell[20] = 1, 1
    values = np.zeros_like(dwell)
    values[10], values[20] = 1, 5
    scan = PartialScan(values, dwell)
    found = along_path(scan.values, weights(scan), 1.5)
    np.testing.assert_allclose(found[10], 1, atol=1e-3)
    np.testing.assert_allclose(found[20], 5, atol=1e-3)
    assert not found[dwell == 0].any()


def test_the_width_grows_with_noise_and_shrinks_with_detail():
    coarse, fine = smooth_field((200, 256), 20), smooth_field((200, 256), 4)
    widths = [held_out_width(dotted(coarse, 0.1, noise=n)) for n in (0, 0.5, 2)]
    assert widths[0] < widths[1] < widths[2]
    assert held_out_width(dotted(fine, 0.1, noise=0.5)) < widths[1]


def test_the_width_is_near_the_best_that_the_truth_would_choose():
    image = smooth_field((200, 256), 10)
    scan = dotted(image, 0.08, noise=0.6)
    infill, gap = scan.nearest[1], gap_length(scan)
    errors = [rmse(smooth(infill, s * gap), image, 1.0) for s in SHARES]
    assert rmse(smooth(infill, held_out_width(scan)), image, 1.0) < 1.1 * min(errors)


@pytest.mark.parametrize(("gain", "offset"), [(1e-9, 0.0), (-300.0, 1e4)])
def test_the_width_does_not_depend_on_the_unit(gain, offset):
    scan = dotted(smooth_field((100, 120)), 0.1, noise=0.3)
    values = np.where(scan.mask, gain * scan.values + offset, 0).astype(np.float32)
    other = PartialScan(values, scan.dwell)
    assert held_out_width(other) == pytest.approx(held_out_width(scan), rel=1e-2)


def test_the_usual_width_where_nothing_can_be_held_out():
    dwell = np.zeros((64, 64), np.float32)
    dwell[:4, :4] = 1
    scan = PartialScan(dwell, dwell)
    assert held_out_width(scan) == pytest.approx(USUAL_SHARE * gap_length(scan))


@settings(deadline=None, max_examples=20)
@given(
    height=st.integers(8, 90),
    width=st.integers(8, 90),
    gap=st.floats(4, 60),
    shift=st.sampled_from([0.0, 0.5]),
)
def test_held_out_discs_cover_less_than_half(height, width, gap, shift):
    held = held_out((height, width), gap, (shift, shift))
    assert held.shape == (height, width)
    if min(height, width) > 4 * gap:
        # π / 16 of the area
        assert 0.1 < held.mean() < 0.3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: discrete_sibson(np.zeros((2, 3), np.float32), np.zeros(3, np.float32)),
            "diff",
        ),
        (
            lambda: draw_triangles(
                np.zeros((2, 2), np.float32),
                np.zeros((3, 2)),
                np.zeros((1, 3), int),
                np.zeros(2),
            ),
            "do not fit",
        ),
        (
            lambda: draw_triangles(
                np.zeros((2, 2), np.float32),
                np.zeros((3, 2)),
                np.zeros((1, 2), int),
                np.zeros(3),
            ),
            "three corners",
        ),
    ],
)
def test_arguments_that_do_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("module", [sibson, drawing, variation])
def test_doctests(module):
    assert doctest.testmod(module).failed == 0
