import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgan.infill import gaussian_blur
from stemgan.losses import log_spectrum
from stemgan.losses.spectrum import radial_power
from stemgan.metrics import log_spectrum_ratio, radial_power_spectrum

SIDES = st.integers(8, 40)


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def slow_power(image):
    """The mean power of each ring, by the definition: all frequencies of the whole plane."""
    height, width = image.shape
    side = min(height, width)
    window = np.outer(*(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n) for n in image.shape))
    power = np.abs(np.fft.fft2((image - image.mean()) * window)) ** 2 / image.size
    members = {}
    for y in range(height):
        for x in range(width):
            fy, fx = np.fft.fftfreq(height)[y], np.fft.fftfreq(width)[x]
            members.setdefault(round(side * math.hypot(fy, fx)), []).append(power[y, x])
    return [np.mean(members[k]) for k in range(1, side // 2 + 1)]


@settings(max_examples=20, deadline=None)
@given(SIDES, SIDES)
def test_both_are_the_definition(height, width):
    image = noise(1, 1, height, width, seed=height)
    expected = slow_power(image[0, 0].double().numpy())
    frequency, power = radial_power_spectrum(image[0, 0].numpy())
    np.testing.assert_allclose(power, expected, rtol=1e-9)
    assert frequency[-1] <= 0.5
    # float32 may put a frequency between two rings into either.
    np.testing.assert_allclose(radial_power(image)[0], expected, rtol=0.2)


@pytest.mark.parametrize("shape", [(64, 64), (33, 80)])
def test_torch_and_numpy_agree(shape):
    truth, image = noise(1, 1, *shape), gaussian_blur(noise(1, 1, *shape, seed=1))
    expected = log_spectrum_ratio(image[0, 0].numpy(), truth[0, 0].numpy())
    assert log_spectrum(image, truth, above=0.5).item() == pytest.approx(expected, rel=1e-3)


def test_white_noise_has_the_power_of_the_window():
    power = radial_power_spectrum(np.random.default_rng(0).normal(0, 3, (256, 200)))[1]
    assert power[20:].mean() == pytest.approx(9 * 9 / 64, rel=0.02)
    assert power[20:].std() < 0.15


def test_what_the_ratio_means():
    truth, other = (
        np.random.default_rng(seed).normal(100, 5, (120, 96)).astype(np.float32)
        for seed in (0, 1)
    )
    assert log_spectrum_ratio(truth, truth) == 0
    assert log_spectrum_ratio(0.5 * truth, truth) == pytest.approx(2 * math.log(2), rel=1e-4)
    # Other noise of the same strength is as good, however far each pixel is off.
    assert log_spectrum_ratio(other, truth) < 0.15
    smooth = gaussian_blur(torch.from_numpy(truth)[None, None])[0, 0].numpy()
    assert log_spectrum_ratio(smooth, truth) > 4
    unit = log_spectrum_ratio(
        3e-6 * smooth.astype(np.float64) - 1, 3e-6 * truth.astype(np.float64) - 1
    )
    assert unit == pytest.approx(log_spectrum_ratio(smooth, truth), rel=1e-4)


def test_a_flat_image_lacks_texture_finitely_and_a_flat_truth_has_none():
    truth = np.random.default_rng(0).normal(size=(40, 50))
    flat = np.full_like(truth, 7.0)
    assert 15 < log_spectrum_ratio(flat, truth) < 30
    assert math.isnan(log_spectrum_ratio(truth, flat))
    assert math.isnan(log_spectrum_ratio(truth[:7], truth[:7]))
    with pytest.raises(ValueError, match="differ"):
        log_spectrum_ratio(truth, truth[:20])


def test_the_loss_brings_texture_back():
    truth = noise(2, 1, 40, 32)
    image = gaussian_blur(noise(2, 1, 40, 32, seed=5)).requires_grad_()
    optimizer = torch.optim.Adam([image], lr=0.05)
    start = log_spectrum(image, truth).mean().item()
    for _ in range(60):
        optimizer.zero_grad()
        loss = log_spectrum(image, truth).mean()
        loss.backward()
        optimizer.step()
    assert loss.item() < start / 4


def test_the_loss_is_finite_on_empty_fields_and_keeps_samples_apart():
    truth = torch.cat([torch.zeros(1, 1, 32, 32), noise(1, 1, 32, 32)])
    image = noise(2, 1, 32, 32, seed=3).requires_grad_()
    both = log_spectrum(image, truth)
    both[1].backward()
    assert torch.isfinite(both).all()
    assert (image.grad[0] == 0).all()
    assert torch.isfinite(image.grad).all()
    assert log_spectrum(truth, truth).tolist() == [0, 0]


def test_training_may_follow_validation_and_run_in_half_precision():
    truth = noise(1, 1, 24, 22)
    with torch.inference_mode():
        log_spectrum(truth, truth)
    image = noise(1, 1, 24, 22, seed=1).requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        loss = log_spectrum(image, truth)
    loss.backward()
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, log_spectrum(image, truth))
