import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from stemgan_kernels import distance as module
from stemgan_kernels.distance import distance_transform


def draw_mask(height, width, share, seed):
    rng = np.random.default_rng(seed)
    mask = rng.random((height, width)) < share
    mask[rng.integers(height), rng.integers(width)] = True
    return mask


@settings(max_examples=60)
@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from([0, 0.01, 0.1, 0.9]),
    st.integers(0, 2**32 - 1),
    st.integers(2, 5),
)
def test_exact_and_the_same_for_any_number_of_threads(height, width, share, seed, threads):
    mask = draw_mask(height, width, share, seed)
    distance, nearest = distance_transform(mask)
    expected = distance_transform_edt(~mask)
    np.testing.assert_array_equal(distance, np.asarray(expected, np.float32))
    assert mask.ravel()[nearest].all()
    y, x = np.indices(mask.shape)
    np.testing.assert_allclose(np.hypot(y - nearest // width, x - nearest % width), expected)
    parallel = distance_transform(mask, threads=threads)
    np.testing.assert_array_equal(parallel.distance, distance)
    np.testing.assert_array_equal(parallel.nearest, nearest)


@pytest.mark.parametrize("shape", [(1, 9000), (9000, 1), (3, 6000)])
def test_distances_beyond_what_float32_squares_hold(shape):
    mask = np.zeros(shape, bool)
    mask[-1, -1] = True
    expected = distance_transform_edt(~mask)
    np.testing.assert_array_equal(distance_transform(mask).distance, expected.astype("f4"))


def test_no_thread_is_refused():
    with pytest.raises(ValueError, match="one thread"):
        distance_transform(np.ones((3, 3), bool), threads=0)


def test_doctests():
    assert doctest.testmod(module).failed == 0
