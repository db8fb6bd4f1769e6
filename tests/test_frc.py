"""Fourier ring correlation, and the period of a lattice."""

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from stemgan.metrics import frc, lattice
from stemgan.metrics.frc import half_frequency, ring_correlation
from stemgan.metrics.lattice import lattice_period

SHAPES = [(48, 64), (63, 50), (40, 40)]


@pytest.mark.parametrize("module", [frc, lattice])
def test_examples(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("shape", SHAPES)
def test_rings_equal_the_definition(shape):
    """Against the formula over the whole transform, without its symmetry."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=shape)
    image = truth + rng.normal(size=shape)
    hann = [0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n) for n in shape]
    window = np.outer(*hann)
    one, other = (
        np.fft.fft2((x - (x * window).sum() / window.sum()) * window) for x in (image, truth)
    )
    radius = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1]))
    rings = ring_correlation(image, truth)
    assert len(rings.value) == min(shape) // 2
    for low, high, value, count in zip(*rings, strict=True):
        at = (low <= radius) & (radius < high)
        assert count == at.sum()
        power = np.sum(abs(one[at]) ** 2) * np.sum(abs(other[at]) ** 2)
        expected = np.sum(one[at] * other[at].conj()).real / np.sqrt(power)
        assert value == pytest.approx(expected)


@given(st.integers(0, 2**31), st.floats(0.5, 3))
def test_correlation_is_symmetric_and_knows_neither_scale_nor_offset(seed, scale):
    rng = np.random.default_rng(seed)
    image, truth = rng.normal(size=(2, 24, 31))
    one = ring_correlation(image, truth).value
    other = ring_correlation(scale * truth - 3, image).value
    np.testing.assert_allclose(one, other, atol=1e-9)
    np.testing.assert_allclose(ring_correlation(-image, truth).value, -one, atol=1e-9)


def test_as_much_noise_as_signal_leaves_the_root_of_a_half():
    rng = np.random.default_rng(1)
    truth, noise = rng.normal(size=(2, 256, 256))
    edges = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    np.testing.assert_allclose(
        ring_correlation(truth + noise, truth, edges).value, np.sqrt(0.5), atol=0.03
    )


def test_half_frequency_is_where_noise_overtakes():
    """A noisy copy has a correlation of 1 / sqrt(1 + noise / signal): 1/2 at a ratio of 3."""
    rng = np.random.default_rng(2)
    sigma = 3.0
    truth = gaussian_filter(rng.normal(size=(384, 384)), sigma, mode="wrap")
    ratio = 0.01  # noise over the signal at frequency 0
    noise = np.sqrt(ratio) * rng.normal(size=truth.shape)
    expected = np.sqrt(np.log(3 / ratio)) / (2 * np.pi * sigma)
    assert half_frequency(truth + noise, truth) == pytest.approx(expected, abs=0.01)


def test_half_frequency_at_its_ends():
    rng = np.random.default_rng(3)
    truth, other = rng.normal(size=(2, 128, 96))
    assert half_frequency(truth + 0.5 * other, truth) == 0.5
    assert half_frequency(other, truth) == 0
    assert half_frequency(np.zeros_like(truth), truth) == 0
    assert np.isnan(half_frequency(truth, np.ones_like(truth)))
    assert np.isnan(half_frequency(truth[:7], truth[:7]))


def test_other_shapes_are_refused():
    for measure in (ring_correlation, half_frequency):
        with pytest.raises(ValueError, match="differ in shape"):
            measure(np.zeros((8, 9)), np.zeros((9, 8)))


@given(
    st.tuples(st.integers(64, 120), st.integers(64, 120)),
    st.floats(3, 10),
    st.floats(0, np.pi),
    st.integers(0, 1000),
)
def test_period_of_noisy_fringes_is_found(shape, period, angle, seed):
    y, x = np.indices(shape)
    wave = np.sin(2 * np.pi * (y * np.sin(angle) + x * np.cos(angle)) / period)
    noise = np.random.default_rng(seed).normal(size=shape)
    found = lattice_period(wave + 0.5 * noise)
    assert found is not None
    assert 1 / found == pytest.approx(1 / period, abs=0.15 / min(shape))


def test_period_is_of_the_strongest_peak_and_not_of_slow_shading():
    y, x = np.indices((128, 160))
    lattice = 0.4 * np.sin(2 * np.pi * x / 9) + np.sin(2 * np.pi * y / 14) + 5 * (y / 128) ** 2
    assert lattice_period(lattice) == pytest.approx(14, rel=0.01)


@pytest.mark.parametrize("kind", ["noise", "edge", "blobs", "small", "constant", "wide"])
def test_no_period_where_no_lattice_is(kind):
    rng = np.random.default_rng(4)
    y, x = np.indices((128, 128))
    image = {
        "noise": rng.normal(size=(128, 128)),
        "edge": (x + 0.3 * y > 70).astype(float),
        "blobs": (gaussian_filter(rng.normal(size=(128, 128)), 4) > 0.01).astype(float),
        "small": np.sin(x)[:31],
        "constant": np.ones((128, 128)),
        "wide": np.sin(2 * np.pi * x / 40),
    }[kind]
    assert lattice_period(image) is None
