"""Scan paths and masks: the published ones exactly, the rest by their properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from stemgan_kernels.distance import distance_transform
from stemgan_kernels.masks import blurred_dwell, mask_of, visit
from stemgan_kernels.paths import archimedean_spiral, dot_grid, jittered_grid, raster

SHAPES = st.tuples(st.integers(20, 90), st.integers(20, 90))


def mask(path, shape, *, joined=True):
    return mask_of(visit(path, shape, joined=joined), shape)


@pytest.mark.parametrize(
    ("pitch", "inverse"),
    [
        (16, 17.859653903801608),
        (25, 27.264066562662506),
        (36, 38.23012979437072),
        (49, 49.98932112890923),
        (64, 60.51338873499538),
        (81, 73.65664512503513),
        (100, 87.0332005312085),
    ],
)
def test_published_spirals_have_the_published_coverages(pitch, inverse):
    spiral = mask(archimedean_spiral((512, 512), pitch), (512, 512))
    assert 1 / spiral.mean() == inverse


def test_the_published_dwell_map_is_the_blurred_spiral_of_pitch_20(real_data):
    import tifffile

    spiral = mask(archimedean_spiral((512, 512), 20), (512, 512))
    published = tifffile.imread(real_data / "partial_scans" / "mask.tif")
    assert np.abs(blurred_dwell(spiral) - published).max() == 0


@pytest.mark.parametrize(
    ("pitch", "inverse"), [(4, 16), (5, 24.7), (6, 35.4), (8, 64), (10, 96.9)]
)
def test_published_dot_grids_have_the_published_coverages(pitch, inverse):
    dots = mask(dot_grid((512, 512), pitch), (512, 512), joined=False)
    assert 1 / dots.mean() == pytest.approx(inverse, abs=0.05)


@given(
    st.lists(st.tuples(st.integers(0, 39), st.integers(0, 29)), min_size=2, max_size=9),
)
def test_drawn_lines_are_those_of_pillow(vertices):
    image = Image.new("L", (30, 40))
    ImageDraw.Draw(image).line([(x, y) for y, x in vertices], fill=1)
    drawn = mask(np.array(vertices, float), (40, 30))
    np.testing.assert_array_equal(drawn, np.array(image) > 0)


@settings(max_examples=30)
@given(SHAPES, st.floats(3, 20), st.integers(0, 5))
def test_paths_are_finite_and_visits_inside_once_and_in_order(shape, pitch, seed):
    for path, joined in (
        (archimedean_spiral(shape, pitch, rotation=seed), True),
        (archimedean_spiral(shape, pitch, constant_speed=True), True),
        (jittered_grid(shape, pitch, seed=seed), True),
        (dot_grid(shape, pitch), False),
        (raster(shape), False),
    ):
        assert path.dtype == np.float64
        assert np.isfinite(path).all()
        visits = visit(path, shape, joined=joined)
        assert len(np.unique(visits.pixels)) == len(visits.pixels) > 0
        assert visits.pixels.min() >= 0
        assert visits.pixels.max() < shape[0] * shape[1]
        assert (np.diff(visits.times) > 0).all()
        assert 0 <= visits.times[0] <= visits.times[-1] <= 1


def test_a_raster_measures_every_pixel_in_reading_order():
    np.testing.assert_array_equal(
        visit(raster((7, 9)), (7, 9), joined=False).pixels, np.arange(63)
    )


def test_a_spiral_at_constant_speed_takes_equal_steps_on_the_same_curve():
    steps = np.hypot(
        *np.diff(archimedean_spiral((200, 300), 12, constant_speed=True), axis=0).T
    )
    assert np.abs(steps[5:] - 1).max() < 0.01
    angular = mask(archimedean_spiral((200, 300), 12), (200, 300))
    linear = mask(archimedean_spiral((200, 300), 12, constant_speed=True), (200, 300))
    # Positions 1 px apart are joined across corners, so pixels may move aside by one.
    assert distance_transform(angular).distance[linear].max() < 1.5


def test_seeds_repeat_and_never_touch_the_global_generator():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first, again = (jittered_grid((60, 80), 9, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, jittered_grid((60, 80), 9, seed=5))
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@given(SHAPES, st.integers(0, 1000), st.integers(1, 40))
def test_distance_is_that_of_scipy(shape, seed, measured):
    from scipy.ndimage import distance_transform_edt

    random = np.random.default_rng(seed)
    at = np.zeros(shape, bool)
    at.ravel()[random.choice(at.size, measured, replace=False)] = True
    distance, nearest = distance_transform(at)
    np.testing.assert_allclose(distance, distance_transform_edt(~at), atol=1e-5)
    assert ((distance == 0) == at).all()
    assert at.ravel()[nearest].all()
    there = np.stack(np.divmod(nearest, shape[1])) - np.indices(shape)
    np.testing.assert_allclose(np.hypot(*there), distance, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: archimedean_spiral((8, 8), 0.5), "pitch"),
        (lambda: dot_grid((0, 8), 2), "empty side"),
        (lambda: visit(np.zeros((3, 3)), (8, 8), joined=True), "shape"),
        (lambda: visit(np.array([[np.nan, 0]]), (8, 8), joined=True), "finite"),
        (lambda: distance_transform(np.zeros((4, 4), bool)), "no measured"),
        (lambda: distance_transform(np.zeros(4, bool)), "dimensions"),
    ],
)
def test_bad_arguments_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@given(st.integers(20, 90), st.integers(20, 90), st.floats(4, 30), st.integers(0, 99))
def test_a_jittered_grid_turns_to_its_columns_outside_the_frame(height, width, pitch, seed):
    path = jittered_grid((height, width), pitch, seed=seed)
    step = np.hypot(*np.diff(path, axis=0).T)
    # Elsewhere lines follow each other a pitch apart, give or take their walks.
    assert step.max() <= 2 * pitch + 12
