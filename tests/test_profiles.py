import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgan_kernels import profiles
from stemgan_kernels.profiles import error_statistics


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


def test_doctests():
    assert doctest.testmod(profiles).failed == 0
