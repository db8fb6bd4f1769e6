"""The terms of a generator and of the discriminators that judge it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from stemgan import losses
from stemgan.data import Batch
from stemgan.errors import InputError
from stemgan.networks.discriminator import Discriminators

LOSSES = {
    "relativistic": (losses.relativistic_generator, losses.relativistic_discriminator),
    "least-squares": (
        lambda real, fake: losses.least_squares_generator(fake),
        losses.least_squares_discriminator,
    ),
}

_SEEN_LIMIT = 4.0
"""Values beyond twice the measured range are cut before the discriminators see them."""


@dataclass(frozen=True)
class AdversarialSettings:
    """How discriminators judge.

    loss : "relativistic" (R3GAN, Huang et al., NeurIPS 2024) or "least-squares" (as in 2020).
    weight : of the generator's adversarial term.
    penalty : of the squared gradients of the discriminators, on true and on completed images.
    conditional : whether they see the measured values and the mask beside the image.
    learning_rate, discriminator_learning_rate : of the adversarial phase.

    Raises
    ------
    InputError : the loss is unknown, or a number negative.
    """

    loss: str = "relativistic"
    weight: float = 0.01
    penalty: float = 0.1
    conditional: bool = True
    learning_rate: float = 2e-4
    discriminator_learning_rate: float = 2e-4

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise InputError(f"adversarial loss {self.loss!r}: choose {' or '.join(LOSSES)}")
        if min(self.weight, self.penalty) < 0:
            raise InputError(
                f"adversarial weight {self.weight:g} and penalty {self.penalty:g}: "
                "give 0 or more"
            )


def adversarial_terms(
    discriminators: Discriminators,
    settings: AdversarialSettings,
    real: Tensor,
    fake: Tensor,
    places: Tensor,
    condition: Tensor | None = None,
) -> dict[str, Tensor]:
    """Return the generator's term, and those of the discriminators, which it does not feel.

    Parameters
    ----------
    real, fake : truths and completions, (B, 1, H, W).
    places : of the crops, the same in both (see `Discriminators`).
    condition : what the discriminators see beside the image, (B, C, H, W); it takes no part in
        the penalty.

    Returns
    -------
    `adversarial`, `discriminator` and, with a penalty, `discriminator_penalty`.
    """
    for_generator, for_discriminators = LOSSES[settings.loss]
    places = torch.cat([places, places])
    beside = [] if condition is None else [torch.cat([condition, condition])]
    with frozen(discriminators):
        scores = discriminators(torch.cat([torch.cat([real, fake]), *beside], 1), places)
    judged = for_generator(*scores.chunk(2))
    images = torch.cat([real, fake.detach()]).requires_grad_(settings.penalty > 0)
    scores = discriminators(torch.cat([images, *beside], 1), places)
    terms = {
        "adversarial": settings.weight * judged.mean(),
        "discriminator": for_discriminators(*scores.chunk(2)).mean(),
    }
    if settings.penalty:
        # R1 + R2: a mean over truths and one over completions.
        steep = 2 * losses.gradient_penalty(scores, images).mean()
        terms["discriminator_penalty"] = settings.penalty * steep
    return terms


def bounded(image: Tensor) -> Tensor:
    """Cut what is so bright that discriminators would see nothing else."""
    return image.clamp(-_SEEN_LIMIT, _SEEN_LIMIT)


def measured(batch: Batch) -> Tensor:
    """Return measured values, 0 elsewhere, and the mask, (B, 2, H, W)."""
    mask = (batch.dwell > 0).float()
    return torch.cat([bounded(batch.infill) * mask, mask], dim=1)


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Let gradients pass through a module without reaching its parameters."""
    module.requires_grad_(False)
    try:
        yield
    finally:
        module.requires_grad_(True)
