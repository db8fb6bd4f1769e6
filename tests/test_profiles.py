import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgan_kernels import profiles
from stemgan_kernels.profiles import LEVELS, add_error, error_profile, error_statistics


def by_bincount(error, distance, edges):
    """The slow twin: numpy.digitize and numpy.bincount."""
    bins = len(edges) - 1
    index = np.digitize(distance.ravel(), edges) - 1
    inside = (index >= 0) & (index < bins)
    index, error = index[inside], error.ravel()[inside]
    return (
        np.bincount(index, minlength=bins),
        np.bincount(index, weights=error, minlength=bins),
        np.bincount(index, weights=error**2, minlength=bins),
    )


def by_histogram(error, distance, edges):
    """The slow twin of the histogram: a negative error counts as its mirror image does."""
    side = len(LEVELS) // 2
    size = np.digitize(np.minimum(np.abs(error), 255.9), LEVELS[side:]) - 1
    level = np.where(np.signbit(error), side - 1 - size, side + size)
    ring = np.digitize(distance, edges) - 1
    inside = (ring >= 0) & (ring < len(edges) - 1)
    counts = np.zeros((len(edges) - 1, len(LEVELS) - 1), np.int64)
    np.add.at(counts, (ring[inside], level[inside]), 1)
    return counts


@settings(max_examples=50)
@given(
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    seed=st.integers(0, 2**32 - 1),
    inner=st.sets(st.integers(1, 30), min_size=1, max_size=8),
)
def test_equals_bincount(height, width, seed, inner):
    rng = np.random.default_rng(seed)
    # Whole distances as well, so that pixels lie exactly on the edges.
    distance = np.round(rng.uniform(0, 35, (height, width)), rng.integers(0, 3))
    error = rng.normal(size=(height, width))
    edges = np.array([0.0, *sorted(inner)])
    for ours, theirs in zip(
        error_statistics(error, distance, edges),
        by_bincount(error, distance, edges),
        strict=True,
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def test_open_last_bin_counts_every_pixel_once():
    rng = np.random.default_rng(0)
    distance = rng.exponential(50, (37, 61)).astype(np.float32)
    error = rng.normal(size=(37, 61)).astype(np.float32)
    count, total, squared = error_statistics(error, distance, [0, 1, 5, np.inf])
    assert count.sum() == error.size
    assert total.sum() == pytest.approx(error.sum(dtype=float))
    assert squared.sum() == pytest.approx((error.astype(float) ** 2).sum())


@pytest.mark.parametrize(
    ("error", "distance", "edges", "message"),
    [
        (np.zeros((3, 4)), np.zeros((4, 3)), [0, 1], r"\(3, 4\).*\(4, 3\)"),
        (np.zeros((3, 4)), np.zeros((3, 4)), [0, 2, 2], "increasing"),
        (np.zeros((3, 4)), np.zeros((3, 4)), [0], "increasing"),
        (np.full((3, 4), np.nan), np.zeros((3, 4)), [0, 1], "NaN"),
        (np.zeros((3, 4)), np.full((3, 4), np.nan), [0, 1], "NaN"),
    ],
)
def test_wrong_arguments(error, distance, edges, message):
    with pytest.raises(ValueError, match=message):
        error_statistics(error, distance, edges)


@settings(max_examples=50)
@given(
    seed=st.integers(0, 2**32 - 1),
    edges=st.sets(st.floats(0, 40, width=32), min_size=2, max_size=9),
    spread=st.sampled_from([1e-3, 1.0, 30.0, 1e4]),
    whole=st.booleans(),
)
def test_histograms_are_those_of_the_slow_twin(seed, edges, spread, whole):
    rng = np.random.default_rng(seed)
    edges = sorted(edges)
    shape = (23, 31)
    error = rng.normal(0, spread, shape).astype(np.float32)
    error = np.round(error) if whole else error
    # Some distances lie exactly on the edges.
    distance = np.where(
        rng.random(shape) < 0.3, rng.choice(edges, shape), 50 * rng.random(shape)
    )
    profile = error_profile(error, distance, edges)
    np.testing.assert_array_equal(profile.histogram, by_histogram(error, distance, edges))
    np.testing.assert_array_equal(profile.histogram.sum(1), profile.count)


def test_profiles_are_the_same_for_any_number_of_threads_and_add():
    rng = np.random.default_rng(3)
    error, distance = rng.normal(0, 9, (700, 611)), rng.exponential(9, (700, 611))
    edges = [0, 1e-6, 0.1, 0.5, 1, np.inf]  # close to each other, and far
    alone = error_profile(error, distance, edges)
    for threads in (2, 3, 7):
        for ours, theirs in zip(
            error_profile(error, distance, edges, threads), alone, strict=True
        ):
            np.testing.assert_array_equal(ours, theirs)
    halves = [
        error_profile(e, d, edges)
        for e, d in ((error[:99], distance[:99]), (error[99:], distance[99:]))
    ]
    for whole, one, two in zip(alone, *halves, strict=True):
        np.testing.assert_allclose(whole, one + two, rtol=1e-12)
    with pytest.raises(ValueError, match="one thread"):
        error_profile(error, distance, edges, 0)


def test_levels_are_fine():
    assert LEVELS.shape == (451,)
    assert (np.diff(LEVELS) > 0).all()
    positive = LEVELS[LEVELS >= 1 / 64]
    assert (np.diff(positive) <= positive[:-1] / 16).all()
    np.testing.assert_array_equal(LEVELS, -LEVELS[::-1])


@pytest.mark.parametrize("threads", [1, 3])
def test_error_sums_by_pixel(threads):
    rng = np.random.default_rng(0)
    errors = rng.normal(size=(5, 13, 17)).astype(np.float32)
    sums = np.zeros((3, 13, 17))
    for error in errors:
        add_error(error, sums, threads)
    exact = errors.astype(float)
    np.testing.assert_allclose(
        sums, [exact.sum(0), abs(exact).sum(0), (exact**2).sum(0)], rtol=1e-12
    )
    with pytest.raises(ValueError, match="fit"):
        add_error(errors[0], sums[:2])
    with pytest.raises(ValueError, match="NaN"):
        add_error(np.full((13, 17), np.nan), sums, threads)


def test_doctests():
    assert doctest.testmod(profiles).failed == 0
