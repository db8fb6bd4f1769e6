"""Errors of pixels: each a small function with its equation.

x is the completion, t the truth, b = G * t the blurred truth, s the truth's range; all are
(B, 1, H, W) but for s, (B,). G is the 5 x 5 Gaussian of sigma = 2.5 px by which the published
errors are measured (Ede & Beanland, Sci Rep 10, 8332, 2020).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

LEAST_RANGE = 0.1
"""Ranges below this [scaled units] are noise on vacuum, whose error should not count more."""


_LEAST_ERROR = 0.002
"""Errors below this are as good as none: d above."""


def relative_rmse(image: Tensor, truth: Tensor, span: Tensor) -> Tensor:
    """sqrt(mean (x - t)^2) / s for each sample, (B,): the error as it is reported."""
    # Divided first: squares of a bright spot that no scan has seen may overflow.
    error = (image - truth) / span.clamp_min(LEAST_RANGE)[:, None, None, None]
    return (error.square().mean(dim=(1, 2, 3)) + 1e-8).sqrt()


def limited(error: Tensor, limit: float) -> Tensor:
    """Errors e above the limit l become e l / stop-gradient(e): their gradient falls by l / e.

    A fixed limit in place of the moving one of adaptive learning rate clipping (Ede & Beanland,
    Mach Learn Sci Technol 1, 015011, 2020): a few hopeless samples must not decide a step.
    """
    return error * (limit / error.detach().clamp_min(limit))


def fidelity(
    image: Tensor,
    raw: Tensor,
    truth: Tensor,
    blurred: Tensor,
    span: Tensor,
    *,
    raw_weight: float,
    log_weight: float,
    limit: float,
) -> Tensor:
    """Mean over samples of f(rmse(x, b) / s) + w f(rmse(y, t) / s), f(e) = e + v ln(e + d).

    y is the completion of the raw truth, which may be another one than x. Both e are limited.
    The logarithm counts shares of an error: without it, a lattice that kriging completes to 1 %
    decides nothing beside one that it misses, and a network leaves it worse than it was.
    """
    weights = {"limit": limit, "log_weight": log_weight}
    error = mean_error(image, blurred, span, **weights)
    return error + raw_weight * mean_error(raw, truth, span, **weights)


def mean_error(
    image: Tensor, truth: Tensor, span: Tensor, *, limit: float, log_weight: float = 0.0
) -> Tensor:
    """Mean over samples of e + v ln(e + d), e = rmse(x, t) / s being limited.

    Of G * x and b, it is what stands beside an adversarial loss: the finest texture, which no
    scan tells, is left to the discriminators, and everything coarser still has to be right.
    """
    error = relative_rmse(image, truth, span)
    return (limited(error, limit) + log_weight * (error + _LEAST_ERROR).log()).mean()


ERROR_WEIGHT = 200.0
"""Of the squared error in 2020: with it, losses of 1 are errors of 3.5 % of the scale."""


def squared_error(image: Tensor, target: Tensor) -> Tensor:
    """200 mean (x - t)^2 for each sample, (B,); both on a scale from -1 to 1.

    As published (Ede & Beanland, Sci Rep 10, 8332, 2020).
    """
    return ERROR_WEIGHT * (image.float() - target.float()).square().mean(dim=(1, 2, 3))


def auxiliary(half: Tensor, blurred: Tensor, span: Tensor, *, limit: float) -> Tensor:
    """rmse(h, b binned 2 x 2) / s, for the half-size completion h of the auxiliary head."""
    return mean_error(half, F.avg_pool2d(blurred, 2), span, limit=limit)


def uncertainty(log_std: Tensor, image: Tensor, truth: Tensor) -> Tensor:
    """Mean of log sigma + (x - t)^2 / (2 sigma^2): a Gaussian's negative log-likelihood.

    The error is detached, so that the completion does not get worse where it is uncertain. It
    is cut at ten times the range of what was measured, and squares above 25 sigma^2 count with
    the gradient of that limit: a bright spot that no scan has seen may be any size.
    """
    error = (image - truth).detach().clamp(-20, 20)
    squares = error.square() * torch.exp(-2 * log_std)
    return (log_std + 0.5 * limited(squares, 25)).mean()
