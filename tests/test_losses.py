import doctest
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from stemgan import losses
from stemgan.infill import gaussian_blur
from stemgan.losses import AdaptiveLimit, alrc

LOSSES = st.lists(st.floats(0, 1e6, width=32), min_size=1, max_size=8)


def limited_with_gradient(limit, values):
    values = torch.tensor(values, requires_grad=True)
    limited = limit(values)
    limited.sum().backward()
    return limited.detach(), values.grad


def test_the_published_start_limits_a_loss_of_100():
    """By hand: L = 25 + 3 sqrt(900 - 625) = 74.7494."""
    limit = AdaptiveLimit()
    limited, gradient = limited_with_gradient(limit, [100.0, 74.0])
    torch.testing.assert_close(limited, torch.tensor([74.749372, 74.0]))
    torch.testing.assert_close(gradient, torch.tensor([0.74749372, 1.0]))
    limit.update(torch.tensor([100.0]))
    # 0.999 25 + 0.001 74.749372; 0.999 900 + 0.001 74.749372²
    assert limit.mean.item() == pytest.approx(25.049749, rel=1e-6)
    assert limit.second.item() == pytest.approx(904.687469, rel=1e-6)


def test_a_sequence_by_hand():
    limit = AdaptiveLimit(decay=0.5, deviations=3, first=1, second=2)
    # L = 1 + 3 sqrt(2 - 1) = 4
    limited, gradient = limited_with_gradient(limit, [8.0, 2.0])
    torch.testing.assert_close(limited, torch.tensor([4.0, 2.0]))
    torch.testing.assert_close(gradient, torch.tensor([0.5, 1.0]))
    # Capped losses 4 and 2: mean 3 and mean square 10; halfway there are 2 and 6.
    limit.update(torch.tensor([8.0, 2.0]))
    torch.testing.assert_close([limit.mean.item(), limit.second.item()], [2.0, 6.0])
    # L = 2 + 3 sqrt(6 - 4) = 6.242641
    limited, gradient = limited_with_gradient(limit, [6.0, 10.0])
    torch.testing.assert_close(limited, torch.tensor([6.0, 6.242641]))
    torch.testing.assert_close(gradient, torch.tensor([1.0, 0.6242641]))
    # Capped: mean 6.1213203, mean square (36 + 38.970563) / 2 = 37.485281
    limit.update(torch.tensor([6.0, 10.0]))
    assert limit.mean.item() == pytest.approx(4.0606602)
    assert limit.second.item() == pytest.approx(21.742641)
    # L = 4.0606602 + 3 sqrt(21.742641 - 16.488961) = 10.936933
    assert limit.limit.item() == pytest.approx(10.936933, rel=1e-6)


@given(st.lists(LOSSES, min_size=1, max_size=6))
def test_limits_follow_the_definition(steps):
    """Against the definition in double precision, step by step."""
    limit = AdaptiveLimit(decay=0.9)
    mean, second = 25.0, 900.0
    for values in steps:
        bound = mean + 3 * math.sqrt(max(0, second - mean**2) + 1e-8)
        capped = np.minimum(values, bound)
        found = limit(torch.tensor(values))
        np.testing.assert_allclose(found.numpy(), capped, rtol=1e-3)
        limit.update(torch.tensor(values))
        mean = 0.9 * mean + 0.1 * capped.mean()
        second = 0.9 * second + 0.1 * (capped**2).mean()


def test_reading_changes_nothing_so_parts_of_a_batch_are_limited_alike():
    limit = AdaptiveLimit(first=1, second=2)
    values = torch.tensor([1.0, 9.0, 3.0, 70.0])
    whole = limit(values)
    parts = torch.cat([limit(part) for part in values.split(2)])
    assert torch.equal(whole, parts)
    assert limit.mean.item() == 1


def test_equal_losses_leave_a_finite_limit():
    limit = AdaptiveLimit(decay=0.0, first=1, second=2)
    for _ in range(3):
        limit.update(torch.full((3,), 0.7))
    assert 0.7 <= limit.limit.item() < 0.71


def test_a_loss_that_is_not_finite_is_not_hidden():
    limited = AdaptiveLimit()(torch.tensor([float("inf"), float("nan"), 1.0]))
    assert torch.isfinite(limited).tolist() == [False, False, True]


def test_limits_are_saved_with_the_model():
    limit = AdaptiveLimit()
    limit.update(torch.tensor([3.0]))
    again = AdaptiveLimit()
    again.load_state_dict(limit.state_dict())
    assert torch.equal(again.limit, limit.limit)
    assert set(limit.state_dict()) == {"mean", "second"}


def test_impossible_start_moments_are_refused():
    with pytest.raises(ValueError, match="below the square"):
        AdaptiveLimit(first=25, second=600)


def test_huberised_losses_and_gradients():
    values = torch.tensor([0.0, 0.25, 1.0, 4.0, 100.0], requires_grad=True)
    out = losses.huberised(values)
    torch.testing.assert_close(out.detach(), torch.tensor([0.0, 0.25, 1.0, 2.0, 10.0]))
    out.sum().backward()
    torch.testing.assert_close(values.grad, torch.tensor([1.0, 1.0, 1.0, 0.25, 0.05]))


def test_squared_error_of_one_is_three_and_a_half_percent():
    truth = torch.rand(2, 1, 9, 7) * 2 - 1
    error = torch.tensor([0.0707107, 0.1414214])[:, None, None, None]
    torch.testing.assert_close(
        losses.squared_error(truth + error, truth), torch.tensor([1.0, 4.0])
    )


def test_the_mean_error_of_blurred_images_does_not_see_what_blurring_removes():
    truth = torch.rand(2, 1, 32, 40)
    blurred, span = gaussian_blur(truth), torch.ones(2)

    def loss(image):
        smooth = gaussian_blur(image)
        return losses.mean_error(smooth, blurred, span, limit=1.0).item()

    assert loss(truth) < 2e-4
    assert loss(truth + 0.1) == pytest.approx(0.1, rel=1e-3)
    assert loss(truth + 0.1 * (-1.0) ** torch.arange(40)) < 0.02


def test_least_squares_by_hand():
    real, fake = torch.tensor([[1.0, 3.0]]), torch.tensor([[0.0, 2.0]])
    assert losses.least_squares_generator(fake).tolist() == [2.0]  # 1 + 1
    assert losses.least_squares_discriminator(real, fake).tolist() == [8.0]  # 0 + 0 + 4 + 4


def test_relativistic_losses_play_against_each_other():
    real, fake = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 0.0]])
    expected = math.log1p(math.e**2) + math.log(2)
    assert losses.relativistic_generator(real, fake).item() == pytest.approx(expected)
    expected = math.log1p(math.e**-2) + math.log(2)
    assert losses.relativistic_discriminator(real, fake).item() == pytest.approx(expected)
    large = torch.full((1, 3), 1e4)
    assert torch.isfinite(losses.relativistic_generator(large, -large)).all()


def test_gradient_penalty_of_a_linear_score():
    """For D_k(x) = w_k · x the penalty is |sum_k w_k|², and its gradient 2 sum_k w_k."""
    images = torch.rand(3, 1, 4, 5, requires_grad=True)
    linear = nn.Linear(20, 2)
    penalty = losses.gradient_penalty(linear(images.flatten(1)), images)
    total = linear.weight.detach().sum(0)
    torch.testing.assert_close(penalty.detach(), total.square().sum().expand(3))
    penalty.mean().backward()
    torch.testing.assert_close(linear.weight.grad, (2 * total).expand(2, 20))


def test_gradient_penalty_keeps_samples_apart():
    images = torch.rand(2, 1, 6, 6, requires_grad=True)
    penalty = losses.gradient_penalty(images.pow(3).flatten(1).sum(1, keepdim=True), images)
    expected = (3 * images**2).square().sum((1, 2, 3))
    torch.testing.assert_close(penalty, expected)


def test_doctests():
    assert doctest.testmod(alrc).failed == 0
