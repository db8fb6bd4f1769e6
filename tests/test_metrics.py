import doctest
import os
import subprocess
import sys

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from stemgan import metrics
from stemgan.metrics import (
    PITCH_EDGES,
    SCORES,
    ErrorByDistance,
    SystematicError,
    blurred,
    profiles,
    psnr,
    rmse,
    score,
    spectrum,
    ssim,
)


@pytest.fixture
def pair():
    rng = np.random.default_rng(1)
    truth = rng.normal(1000, 50, (33, 47)).astype(np.float32)
    return (truth + rng.normal(0, 20, truth.shape)).astype(np.float32), truth


def test_blur_is_the_published_kernel():
    """Against the definition written out: 5×5, σ = 2.5 px, reflected without the edge pixel."""
    image = np.random.default_rng(0).normal(size=(9, 12))
    y, x = np.mgrid[-2:3, -2:3]
    kernel = np.exp(-(x**2 + y**2) / (2 * 2.5**2))
    kernel /= kernel.sum()
    padded = np.pad(image, 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5))
    np.testing.assert_allclose(blurred(image), (windows * kernel).sum((2, 3)), rtol=1e-12)


def test_psnr_and_ssim_equal_scikit_image(pair):
    reconstruction, truth = (image.astype(np.float64) for image in pair)
    span = np.ptp(truth)
    assert psnr(reconstruction, truth) == pytest.approx(
        peak_signal_noise_ratio(truth, reconstruction, data_range=span)
    )
    expected = structural_similarity(
        truth,
        reconstruction,
        data_range=span,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert ssim(reconstruction, truth) == pytest.approx(expected)


def test_scores_do_not_depend_on_the_unit(pair):
    reconstruction, truth = pair
    volts, unit = (
        score(reconstruction, truth),
        score(reconstruction * 3e-6 - 1, truth * 3e-6 - 1),
    )
    assert volts.keys() == unit.keys()
    for name, value in volts.items():
        assert unit[name] == pytest.approx(value, rel=1e-2), name


def test_score_by_definition(pair):
    reconstruction, truth = pair
    figures = score(reconstruction, truth)
    assert tuple(figures) == SCORES
    error = np.sqrt(np.mean((reconstruction - truth).astype(np.float64) ** 2))
    assert figures["rmse_raw"] == pytest.approx(100 * error / np.ptp(truth), rel=1e-5)
    assert figures["nrmse_std"] == pytest.approx(error / truth.std(), rel=1e-5)
    assert score(truth, truth)["rmse_blurred"] > 0
    assert score(blurred(truth), truth)["rmse_blurred"] == 0


def test_the_mean_image_scores_one_standard_deviation(pair):
    truth = pair[1].astype(np.float64)
    assert score(np.full_like(truth, truth.mean()), truth)["nrmse_std"] == pytest.approx(1)


def test_constant_truth_has_no_percentage():
    truth = np.full((16, 20), 7.0, np.float32)
    figures = score(truth, truth)
    assert np.isnan(figures["rmse_raw"])
    assert np.isnan(figures["ssim"])


def test_shapes_must_agree():
    with pytest.raises(ValueError, match=r"\(4, 5\).*\(5, 4\)"):
        rmse(np.zeros((4, 5)), np.zeros((5, 4)), 1.0)


def test_profiles_add_up_to_the_total_error(pair):
    reconstruction, truth = pair
    rng = np.random.default_rng(2)
    error = (reconstruction - truth).astype(np.float64)
    profiles = []
    for share in (0.3, 0.01):
        mask = rng.random(truth.shape) < share
        distance = distance_transform_edt(~mask)
        profile = ErrorByDistance()
        profile.update(error, distance)
        assert profile.count[0] == mask.sum()
        profiles.append(profile)
    both = profiles[0] + profiles[1]
    assert both.count.sum() == 2 * truth.size
    assert both.total_squared.sum() == pytest.approx(2 * (error**2).sum())
    rows = both.rows()
    assert sum(row["pixels"] for row in rows) == 2 * truth.size
    assert rows[0]["distance_to"] == 0.5
    weighted = sum(row["pixels"] * row["rmse"] ** 2 for row in rows)
    assert weighted == pytest.approx(2 * (error**2).sum())


@pytest.mark.parametrize("scale", [1e-4, 0.5, 20.0])
def test_quantiles_are_right_to_within_a_level(scale):
    rng = np.random.default_rng(4)
    error = rng.gamma(2, scale, (90, 110)) - scale
    distance = rng.uniform(0, 30, error.shape)
    profile = ErrorByDistance()
    profile.update(error, distance)
    for share in (0.0, 0.05, 0.5, 0.95, 1.0):
        found = profile.quantile(share)
        for i in np.flatnonzero(profile.count):
            ring = error[(distance >= profile.edges[i]) & (distance < profile.edges[i + 1])]
            exact = np.quantile(ring, share, method="inverted_cdf")
            # 1/16 of the error, or 1/64 around 0; a rank between two pixels may be either's.
            near = np.sort(np.abs(ring - exact))[1]
            assert found[i] == pytest.approx(exact, rel=1 / 16, abs=1 / 64 + near)
    assert np.isnan(profile.quantile(0.5)[profile.count == 0]).all()


def test_profiles_by_pitch_merge_and_survive_packing():
    rng = np.random.default_rng(1)
    whole, halves = ErrorByDistance(PITCH_EDGES), ErrorByDistance(PITCH_EDGES)
    for pitch in (8.0, 23.5):
        error, distance = rng.normal(0, 3, (40, 30)), rng.uniform(0, 20, (40, 30))
        distance[::8] = 0
        whole.update(error, distance, unit=pitch)
        half = ErrorByDistance(PITCH_EDGES)
        half.update(error, distance / pitch)
        halves.merge(ErrorByDistance.unpack(half.pack(), PITCH_EDGES))
    assert whole.count[0] == 2 * 5 * 30
    np.testing.assert_array_equal(halves.count, whole.count)
    np.testing.assert_array_equal(halves.histogram, whole.histogram)
    np.testing.assert_array_equal(halves.total_squared, whole.total_squared)
    with pytest.raises(ValueError, match="differ"):
        whole.merge(ErrorByDistance())


def test_systematic_errors_add_over_images_and_processes():
    rng = np.random.default_rng(0)
    errors = rng.normal(1, 2, (6, 21, 34)).astype(np.float32)
    parts = [SystematicError() for _ in range(3)]
    for i, error in enumerate(errors):
        parts[i % 2].update(error, threads=1 + i % 3)
    both = parts[0] + parts[1] + parts[2]
    assert both.images == 6
    exact = errors.astype(float)
    expected = exact.mean(0), abs(exact).mean(0), np.sqrt((exact**2).mean(0))
    np.testing.assert_allclose(both.maps(), expected, rtol=1e-6, atol=1e-6)
    with pytest.raises(ValueError, match="needs an image"):
        parts[2].maps()
    other = SystematicError()
    other.update(np.zeros((3, 4)))
    with pytest.raises(ValueError, match="shape"):
        other.merge(both)


def test_imports_nothing_heavy():
    code = (
        "import sys, stemgan.metrics;"
        "assert not {'torch', 'lightning', 'skimage', 'torchmetrics'} & set(sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_doctests():
    assert doctest.testmod(metrics).failed == 0
    assert doctest.testmod(profiles).failed == 0
    assert doctest.testmod(spectrum).failed == 0
