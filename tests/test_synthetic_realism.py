import numpy as np
import pytest

from stemgan.noise_estimate import noise_fraction
from stemgan.synthetic.realism import FEATURES, coherence, compare, features


def _noise(seed, blur=0.0, shape=(96, 96)):
    from stemgan.synthetic.fields import blur as blurred

    return blurred(np.random.default_rng(seed).standard_normal(shape), blur)


def test_features_do_not_depend_on_the_intensity_scale():
    image = _noise(0, 2.0)
    np.testing.assert_allclose(features(image), features(5000 + 700 * image), atol=1e-6)
    assert len(features(image)) == len(FEATURES)


def test_constant_images_have_finite_features():
    assert np.isfinite(features(np.ones((64, 64)))).all()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_noise_is_measured_on_a_smooth_scene(share):
    y, x = np.mgrid[:256, :256] / 256
    scene = np.sin(5 * y) + np.cos(4 * x)
    noisy = scene / scene.std() * np.sqrt(1 - share) + _noise(0, shape=(256, 256)) * np.sqrt(
        share
    )
    assert noise_fraction(noisy) == pytest.approx(share, rel=0.1)


def test_stripes_are_coherent_and_noise_is_not():
    stripes = np.tile(np.sin(np.arange(128) / 3), (128, 1))
    assert coherence(stripes, 4.0) > 0.95
    assert coherence(_noise(0), 6.0) < 0.2


def test_peaks_of_a_lattice_stand_out():
    y, x = np.mgrid[:128, :128]
    lattice = np.cos(y * 0.7) + np.cos(x * 0.7)
    at = FEATURES.index("peaks")
    assert features(lattice)[at] > features(_noise(0))[at] + 1


def test_like_cannot_be_told_from_like_and_unlike_can():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(30), 2)
    real = rng.normal(0, 1, (60, len(FEATURES)))
    same = compare(real, group, rng.normal(0, 1, (200, len(FEATURES))), repeats=100)
    assert same.overall == pytest.approx(1, abs=0.15)
    assert same.auc == pytest.approx(0.5, abs=0.15)
    other = compare(real, group, rng.normal(1, 1, (200, len(FEATURES))), repeats=100)
    assert other.overall > 1.5
    assert other.auc > 0.95


def test_too_few_images_are_refused():
    some = np.zeros((6, len(FEATURES)))
    with pytest.raises(ValueError, match="at least 4"):
        compare(some, np.zeros(6), some)
