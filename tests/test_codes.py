"""Images as 16-bit codes and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stemgan.data.codes import quantise, restore


@given(
    arrays(
        np.float64,
        (4, 5),
        elements=st.floats(-1e12, 1e12) | st.floats(-1e-9, 1e-9) | st.floats(0, 1),
    )
)
def test_quantisation_is_within_half_a_step(image):
    codes, low, high = quantise(image)
    restored = restore(codes, low, high)
    rounding = np.abs(image).max() * 1e-6 + 1e-37  # of float32
    assert np.abs(restored - image).max() <= (np.ptp(image) / 65535) * 0.5001 + rounding


@given(arrays(np.int64, (3, 4), elements=st.integers(-32768, 32767)))
def test_counts_come_back_exactly(image):
    assert np.array_equal(restore(*quantise(image)), image)


@pytest.mark.parametrize("value", [0.37, -3, 1e25])
def test_constant_image_comes_back(value):
    restored = restore(*quantise(np.full((4, 4), value)))
    assert np.array_equal(restored, np.full((4, 4), np.float32(value)))
