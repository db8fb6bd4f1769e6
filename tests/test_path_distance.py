import doctest
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgan_kernels import path_distance as module
from stemgan_kernels.distance import distance_transform
from stemgan_kernels.masks import path_mask
from stemgan_kernels.path_distance import path_distance

near = st.floats(-20, 60)
whole = st.integers(-3, 20).map(float)
paths = st.one_of(
    st.lists(st.tuples(near, near), min_size=1, max_size=30),
    st.lists(st.tuples(whole, whole), min_size=1, max_size=60),
).map(np.array)
shapes = st.tuples(st.integers(1, 40), st.integers(1, 40))


def by_every_segment(path, shape, joined):
    """The slow twin: every pixel against every segment."""
    y, x = np.indices(shape).reshape(2, -1).astype(float)
    least = np.full(y.size, np.inf)
    lines = joined and len(path) > 1
    ends = itertools.pairwise(path) if lines else zip(path, path, strict=True)
    for (ay, ax), (by, bx) in ends:
        dy, dx = by - ay, bx - ax
        square = dy * dy + dx * dx
        along = np.clip(((y - ay) * dy + (x - ax) * dx) / square, 0, 1) if square > 1e-24 else 0
        least = np.minimum(least, np.hypot(y - ay - along * dy, x - ax - along * dx))
    return least.reshape(shape)


@settings(deadline=None)
@given(paths, shapes, st.booleans(), st.integers(2, 4))
def test_exact_and_the_same_for_any_number_of_threads(path, shape, joined, threads):
    distance = path_distance(path, shape, joined)
    assert distance.dtype == np.float32
    expected = by_every_segment(path, shape, joined)
    np.testing.assert_allclose(distance, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(path_distance(path, shape, joined, threads), distance)


def test_many_positions_far_finer_than_a_pixel():
    angle = np.linspace(0, 2 * np.pi, 30_000)
    circle = np.stack([20 + 15.3 * np.sin(angle), 30 + 15.3 * np.cos(angle)], axis=1)
    y, x = np.indices((41, 67))
    expected = np.abs(np.hypot(y - 20, x - 30) - 15.3)
    for joined in (True, False):
        distance = path_distance(circle, (41, 67), joined)
        np.testing.assert_allclose(distance, expected, atol=2e-3)


@settings(deadline=None, max_examples=25)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.001, 0.02, 0.2, 2.0]),
    st.booleans(),
    st.integers(1, 3),
)
def test_wavering_paths_of_any_fineness_are_exact(seed, step, joined, threads):
    rng = np.random.default_rng(seed)
    heading = np.cumsum(rng.normal(0, step**0.5, 700))
    way = step * np.stack([np.sin(heading), np.cos(heading)], axis=1)
    way[rng.integers(700, size=3)] += rng.normal(0, 8, (3, 2))  # jumps
    path = 10 + np.cumsum(way, axis=0)
    distance = path_distance(path, (19, 27), joined, threads)
    expected = by_every_segment(path, (19, 27), joined)
    np.testing.assert_allclose(distance, expected, rtol=1e-6, atol=1e-6)


def test_whole_positions_are_as_far_as_their_pixels():
    rng = np.random.default_rng(5)
    dots = np.stack([rng.integers(0, 50, 40), rng.integers(0, 70, 40)], axis=1).astype(float)
    mask = path_mask(dots, (50, 70), joined=False)
    expected = distance_transform(mask).distance
    np.testing.assert_array_equal(path_distance(dots, (50, 70), False), expected)


@pytest.mark.parametrize(
    ("path", "shape", "words"),
    [
        (np.zeros(4), (4, 4), r"\(n, 2\)"),
        (np.array([[0.0, np.inf]]), (4, 4), "not finite"),
        (np.array([[0.0, 1e12]]), (4, 4), "beyond"),
        (np.zeros((1, 2)), (0, 4), "at least 1"),
    ],
)
def test_wrong_arguments_are_named(path, shape, words):
    with pytest.raises(ValueError, match=words):
        path_distance(path, shape, True)


def test_doctests():
    assert doctest.testmod(module).failed == 0
