"""What a generator and discriminators play for; every value is of a sample, (B,).

D_k(x) is the score that the discriminator of the k-th crop scale gives to an image, larger for
one that it takes for real; scores are (B, scales), and terms are summed over the scales. t is a
real image and x the generated one of the same sample, seen in crops of the same place.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def least_squares_generator(fake: Tensor) -> Tensor:
    """sum_k (D_k(x) - 1)^2 (Mao et al., ICCV 2017)."""
    return (fake - 1).square().sum(1)


def least_squares_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """sum_k (D_k(t) - 1)^2 + D_k(x)^2 (Mao et al., ICCV 2017)."""
    return ((real - 1).square() + fake.square()).sum(1)


def relativistic_generator(real: Tensor, fake: Tensor) -> Tensor:
    """sum_k softplus(D_k(t) - D_k(x)): x is to look more real than its own truth.

    Of pairs (Jolicoeur-Martineau, ICLR 2019), as in R3GAN (Huang et al., NeurIPS 2024), where
    it converges together with the gradient penalties of both kinds of images.
    """
    return F.softplus(real - fake).sum(1)


def relativistic_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """sum_k softplus(D_k(x) - D_k(t)), for which `relativistic_generator` plays."""
    return F.softplus(fake - real).sum(1)


def gradient_penalty(scores: Tensor, images: Tensor) -> Tensor:
    """|gradient of sum_k D_k(x) with respect to x|^2, (B,): zero-centred.

    R1 for real and R2 for generated images (Mescheder et al., ICML 2018). The scales are taken
    as one discriminator, so that one backward pass is enough.

    Parameters
    ----------
    scores : (B, scales), computed from `images` by a function that mixes no samples.
    images : (B, C, H, W), of which the gradient is required.
    """
    (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    return gradient.float().square().sum(dim=(1, 2, 3))
