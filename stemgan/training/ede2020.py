"""Training as Ede & Beanland did it: Scientific Reports 10, 8332 (2020)."""

from typing import Any

import torch
from torch import Tensor, nn

from stemgan import losses
from stemgan.data import Batch
from stemgan.infill import gaussian_blur
from stemgan.networks import Completion
from stemgan.networks.discriminator import DiscriminatorConfig, Discriminators
from stemgan.networks.ede2020 import (
    Ede2020Config,
    Ede2020Generator,
    decimated,
    ede2020_input,
)
from stemgan.training.adversarial import AdversarialSettings, adversarial_terms
from stemgan.training.engine import Engine, Terms
from stemgan.training.randomness import uniform
from stemgan.training.replay import ExperienceReplay
from stemgan.training.schedules import plateau
from stemgan.training.starting import check_sizes

_TINY = 1e-6
_FIDELITY_RATE, _ADVERSARIAL_RATE = 3e-4, 1e-4
_AUXILIARY_WEIGHT = 2.0
_PLACES = 1  # stream of random numbers


class Ede2020Training(Engine):
    """Train the 2020 generator by the published recipe.

    Truths are scaled to [-1, 1] by their own extremes, as they were: a completion outside
    training is scaled by what was measured. Losses are 200 times the mean squared error against
    the blurred truth, at both sizes, adaptively clipped and huberised; each part of the
    generator takes the losses that reach it, the auxiliary head twice its own. The published
    training showed every fiftieth sample without learning from it and called that validation:
    here, held-out images are.

    Parameters
    ----------
    generator : sizes, by name (see `Ede2020Config`).
    discriminators : theirs (see `DiscriminatorConfig`).
    fidelity_steps : steps without discriminators; the learning rate is 3e-4 over the first
        half, then falls in eight plateaus.
    adversarial_steps : steps with them, at 1e-4 and falling likewise.
    adversarial_weight : of the sum over scales of (D - 1)^2.
    replay : keep hard examples and train on them again (see `ExperienceReplay`).
    gradient_norm, accumulate, channels_last, compiled : see `Engine`; off as published.
    """

    generator: Ede2020Generator

    def __init__(
        self,
        generator: dict[str, Any] | None = None,
        *,
        discriminators: dict[str, Any] | None = None,
        fidelity_steps: int = 1_000_000,
        adversarial_steps: int = 0,
        adversarial_weight: float = 1.0,
        replay: bool = True,
        gradient_norm: float | None = None,
        accumulate: int = 1,
        channels_last: bool = False,
        compiled: bool = False,
    ) -> None:
        super().__init__(
            fidelity_steps=fidelity_steps,
            adversarial_steps=adversarial_steps,
            gradient_norm=gradient_norm,
            accumulate=accumulate,
            channels_last=channels_last,
            compiled=compiled,
        )
        self.save_hyperparameters()
        self.generator = Ede2020Generator(Ede2020Config.from_dict(generator or {}))
        self.discriminators = None
        if adversarial_steps:
            sizes = DiscriminatorConfig.from_dict(discriminators or {})
            self.discriminators = Discriminators(sizes)
        self.limits = nn.ModuleDict(
            {name: losses.AdaptiveLimit() for name in ("inner", "outer", "outer_blurred")}
        )
        # The run's seed, so that another seed replays others.
        self.replay = ExperienceReplay(seed=torch.initial_seed() % 2**63) if replay else None
        self._fresh: list[bool] = []
        self._batch: Batch | None = None
        self._errors: dict[str, list[Tensor]] = {}

    def start_from(self, generator: Ede2020Generator) -> None:
        """Take the weights of a trained generator of the same sizes.

        Raises
        ------
        InputError : its sizes are others.
        """
        check_sizes(generator.config, self.generator.config)
        self.generator.load_state_dict(generator.state_dict())

    def groups(self) -> dict[str, nn.Module]:
        """Return the three parts of the generator, and the discriminators if there are any."""
        generator = self.generator
        found: dict[str, nn.Module] = {
            "inner": generator.inner,
            "outer": generator.outer,
            "auxiliary": generator.auxiliary,
        }
        if self.discriminators is not None:
            found["discriminators"] = self.discriminators
        return found

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam with its usual moments; the published decay of the first was never connected."""
        return self.adam(betas=(0.9, 0.999))

    def learning_rates(self) -> dict[str, float]:
        """Hold each phase's rate for half of its steps, then fall in plateaus."""
        step = self.steps_done
        if self.adversarial_steps and step >= self.fidelity_steps:
            share = plateau((step - self.fidelity_steps) / self.adversarial_steps)
            rate = _ADVERSARIAL_RATE * share
        else:
            rate = _FIDELITY_RATE * plateau(step / max(1, self.fidelity_steps))
        rates = dict.fromkeys(self.groups(), rate)
        return rates | {name: _ADVERSARIAL_RATE for name in rates if name == "discriminators"}

    def drawn(self, batch: Batch) -> Batch | None:
        """Replace some samples by hard ones that were seen before."""
        self._errors = {name: [] for name in self.limits}
        self._batch, self._fresh = batch, [True] * len(batch.target)
        if self.replay is None:
            return batch
        exchanged = self.replay.exchange_all((batch.target, batch.infill, batch.dwell))
        if exchanged is None:  # the buffer is still being filled
            return None
        (target, infill, dwell), self._fresh = exchanged
        self._batch = batch._replace(target=target, infill=infill, dwell=dwell)
        return self._batch

    def terms(self, batch: Batch) -> Terms:
        """Return the terms of the phase."""
        low, span = extremes(batch.target)
        truth, infill = (2 * (x - low) / span - 1 for x in (batch.target, batch.infill))
        flat = span <= _TINY
        truth, infill = truth.masked_fill(flat, 0), infill.masked_fill(flat, 0)
        scan, _ = ede2020_input(infill, batch.dwell)
        out = self.generator(scan, auxiliary=True)
        inner = self._limited("inner", out.half, gaussian_blur(decimated(truth)))
        terms = {"inner": inner.mean()}
        blurred = gaussian_blur(truth)
        if self.phase == "fidelity":
            return terms | {"outer": self._limited("outer", out.image, blurred).mean()}
        smooth = gaussian_blur(out.image)
        outer = self._limited("outer_blurred", smooth, blurred).mean()
        return terms | {"outer": outer, **self._adversarial_terms(batch, truth, out.image)}

    def _limited(self, name: str, image: Tensor, target: Tensor) -> Tensor:
        """Return each sample's clipped and huberised loss, and remember it for the moments."""
        error = losses.squared_error(image, target)  # already 200 times the mean square
        self._errors[name].append(error.detach())
        return losses.huberised(self.limits[name](error))

    def _adversarial_terms(self, batch: Batch, real: Tensor, fake: Tensor) -> Terms:
        """Let the discriminators judge the unblurred completion beside the unblurred truth."""
        assert self.discriminators is not None
        places = uniform(batch.key, (len(self.discriminators.config.scales), 2), _PLACES)
        settings = AdversarialSettings(
            loss="least-squares", weight=self.hparams["adversarial_weight"], penalty=0
        )
        return adversarial_terms(self.discriminators, settings, real, fake, places)

    def backward_done(self) -> None:
        """Give the auxiliary head twice its loss."""
        for parameter in self.generator.auxiliary.parameters():
            if parameter.grad is not None:
                parameter.grad.mul_(_AUXILIARY_WEIGHT)

    def step_done(self) -> None:
        """Move the limits, and keep fresh samples that are hard."""
        errors = {name: torch.cat(of) for name, of in self._errors.items() if of}
        outer = "outer" if "outer" in errors else "outer_blurred"
        hardness = losses.huberised(self.limits[outer](errors[outer]))
        for name, of in errors.items():
            self.limits[name].update(of)  # type: ignore[operator]
        mean = self.over_processes(errors[outer].mean())
        share = (mean / losses.ERROR_WEIGHT).sqrt() / 2  # of the range from -1 to 1
        self.log("train/rmse_blurred", 100 * share, prog_bar=True)
        if self.replay is None or self._batch is None:
            return
        batch = self._batch
        samples = (batch.target, batch.infill, batch.dwell)
        self.replay.admit_all(samples, self._fresh, hardness.tolist())
        self.log_dict({f"replay/{name}": v for name, v in self.replay.figures().items()})

    @torch.no_grad()
    def complete(self, batch: Batch) -> Completion:
        """Complete by what was measured alone: its least value takes the background's place."""
        lowest = batch.infill.amin(dim=(1, 2, 3), keepdim=True)
        scan, unscale = ede2020_input(batch.infill - lowest - 1, batch.dwell)
        out = self.generator(scan)
        image = unscale(out.image) + lowest + 1
        return Completion(image, image, None, None, out.half)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the buffer, as resumed training must see what it would have."""
        if self.replay is not None:
            checkpoint["replay"] = self.replay.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take it up again."""
        if self.replay is not None and "replay" in checkpoint:
            self.replay.load_state_dict(checkpoint["replay"])


def extremes(image: Tensor) -> tuple[Tensor, Tensor]:
    """Return each image's minimum and range, (B, 1, 1, 1) each."""
    low, high = image.amin(dim=(1, 2, 3), keepdim=True), image.amax(dim=(1, 2, 3), keepdim=True)
    return low, (high - low).clamp_min(_TINY)
