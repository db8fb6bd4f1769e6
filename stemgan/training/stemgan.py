"""Training of today's generator: one network for all scan paths, coverages and doses."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from stemgan import losses
from stemgan.data import Batch
from stemgan.errors import check_number
from stemgan.infill import gaussian_blur
from stemgan.kriging import krige
from stemgan.networks import Completion, Generator, GeneratorConfig
from stemgan.networks.discriminator import DiscriminatorConfig, Discriminators
from stemgan.training.adversarial import (
    AdversarialSettings,
    adversarial_terms,
    bounded,
    measured,
)
from stemgan.training.engine import Engine, Terms
from stemgan.training.fidelity import auxiliary_terms, fidelity_terms
from stemgan.training.randomness import normal, uniform
from stemgan.training.schedules import cosine
from stemgan.training.starting import check_sizes, learn_only

_PLACES, _NOISE = 1, 2  # streams of random numbers


class ReconstructionTraining(Engine):
    """Train for least error against the blurred and the raw truth, then for texture too.

    Parameters
    ----------
    generator : sizes of the generator, by name (see `GeneratorConfig`).
    discriminators : theirs (see `DiscriminatorConfig`); made only with adversarial steps.
    adversarial : how they judge (see `AdversarialSettings`).
    fidelity_steps, adversarial_steps : steps without and with the discriminators; over each,
        the learning rate falls to a fiftieth, as a cosine.
    learning_rate : of Adam in the fidelity phase, after the warm-up.
    warmup_steps : steps of each phase over which the learning rate rises from 0.
    raw_weight, log_weight, auxiliary_weight, uncertainty_weight : of the loss terms (see
        `losses`).
    spectrum_weight : of the distance of logarithmic spectra to the raw truth's.
    error_limit : relative error above which a sample's gradient no longer grows.
    ema_decay : of the averaged weights, which are validated and exported.
    lattices : whether kriging on this device looks for lattices, on the CPU's threads.
    only : parts of the generator that learn, such as outer.deviation; all of it if None.
    gradient_norm, accumulate, channels_last, compiled : see `Engine`.
    """

    generator: Generator

    def __init__(
        self,
        generator: dict[str, Any] | None = None,
        *,
        discriminators: dict[str, Any] | None = None,
        adversarial: dict[str, Any] | None = None,
        fidelity_steps: int = 10_000,
        adversarial_steps: int = 0,
        learning_rate: float = 1e-3,
        warmup_steps: int = 100,
        raw_weight: float = 0.4,
        log_weight: float = 0.05,
        auxiliary_weight: float = 0.3,
        uncertainty_weight: float = 0.01,
        spectrum_weight: float = 0.0,
        error_limit: float = 0.2,
        ema_decay: float = 0.998,
        lattices: bool = True,
        only: list[str] | None = None,
        gradient_norm: float | None = 1.0,
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
        check_number("learning_rate", learning_rate, 0, above=True)
        self.save_hyperparameters()
        self.settings = AdversarialSettings(**(adversarial or {}))
        self.generator = Generator(GeneratorConfig.from_dict(generator or {}))
        learn_only(self.generator, only)
        self.averaged = AveragedModel(
            self.generator, multi_avg_fn=get_ema_multi_avg_fn(ema_decay)
        )
        # Distributed training waits for a gradient of every parameter that wants one.
        self.averaged.requires_grad_(False)
        self.discriminators = (
            self._discriminators(discriminators or {}) if adversarial_steps else None
        )

    def _discriminators(self, sizes: dict[str, Any]) -> Discriminators:
        channels = 3 if self.settings.conditional else 1
        return Discriminators(DiscriminatorConfig.from_dict({**sizes, "channels": channels}))

    def start_from(self, generator: Generator) -> None:
        """Take the weights of a trained generator of the same sizes, with or without noise.

        Raises
        ------
        InputError : its sizes are others.
        """
        own, taken = self.generator.config, generator.config
        if isinstance(taken, GeneratorConfig) and not taken.noise:
            taken = replace(taken, noise=own.noise)
        check_sizes(taken, own)
        state = self.generator.state_dict()
        self.generator.load_state_dict(state | generator.state_dict())
        self.averaged.module.load_state_dict(self.generator.state_dict())

    @property
    def validated(self) -> nn.Module:
        """Return the averaged weights."""
        return self.averaged.module

    def groups(self) -> dict[str, nn.Module]:
        """Return the generator, and the discriminators where there are some."""
        found: dict[str, nn.Module] = {"generator": self.generator}
        if self.discriminators is not None:
            found["discriminators"] = self.discriminators
        return found

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam with a second moment that forgets faster than by default (batches are small)."""
        return self.adam(betas=(0.9, 0.99))

    def learning_rates(self) -> dict[str, float]:
        """Rise and fall once in each phase."""
        step, hparams = self.steps_done, self.hparams
        if step < self.fidelity_steps or not self.adversarial_steps:
            share = self._schedule(step, self.fidelity_steps)
            rates = {"generator": share * hparams["learning_rate"], "discriminators": 0.0}
        else:
            share = self._schedule(step - self.fidelity_steps, self.adversarial_steps)
            rates = {
                "generator": share * self.settings.learning_rate,
                "discriminators": share * self.settings.discriminator_learning_rate,
            }
        return {name: rates[name] for name in self.groups()}

    def _schedule(self, step: int, steps: int) -> float:
        return cosine(step, steps, self.hparams["warmup_steps"])

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Krige on this device what the loader has not (`data.crops.kriged=false`)."""
        if batch.kriged is not None:
            return batch
        return batch._replace(
            kriged=krige(batch.infill, batch.dwell, lattices=self.hparams["lattices"])
        )

    def terms(self, batch: Batch) -> Terms:
        """Return the terms of the phase."""
        assert batch.kriged is not None
        out = self.generator(
            batch.infill, batch.dwell, batch.distance, batch.kriged, self._noise(batch)
        )
        if self.phase == "fidelity":
            return self._fidelity_terms(batch, out)
        return self._adversarial_terms(batch, out)

    def _fidelity_terms(self, batch: Batch, out: Completion) -> Terms:
        return fidelity_terms(batch, out, self.hparams)

    def _adversarial_terms(self, batch: Batch, out: Completion) -> Terms:
        """Compare blurred with blurred, and leave the fine texture to the discriminators.

        As Ede & Beanland, Sci Rep 10, 8332 (2020), did.
        """
        assert self.discriminators is not None
        blurred, smooth = gaussian_blur(batch.target), gaussian_blur(out.raw)
        places = uniform(batch.key, (len(self.discriminators.config.scales), 2), _PLACES)
        real, fake = bounded(batch.target), bounded(out.raw)
        limit = self.hparams["error_limit"]
        fidelity = losses.mean_error(smooth, blurred, batch.span, limit=limit)
        if out.image is not out.raw:  # without texture there is a completion besides
            fidelity = fidelity + losses.mean_error(out.image, blurred, batch.span, limit=limit)
        return {
            "fidelity": fidelity,
            **auxiliary_terms(batch, out, blurred, self.hparams),
            **adversarial_terms(
                self.discriminators,
                self.settings,
                real,
                fake,
                places,
                measured(batch) if self.settings.conditional else None,
            ),
        }

    def _noise(self, batch: Batch) -> Tensor | None:
        """Draw the texture that no scan has seen; fidelity wants none."""
        channels = self.generator.config.noise
        if not channels or self.phase == "fidelity":
            return None
        return normal(batch.key, (channels, *batch.target.shape[2:]), _NOISE)

    def step_done(self) -> None:
        """Average the weights."""
        self.averaged.update_parameters(self.generator)

    @torch.no_grad()
    def complete(self, batch: Batch) -> Completion:
        """Complete by the averaged weights."""
        assert batch.kriged is not None
        return self.averaged.module(
            batch.infill, batch.dwell, batch.distance, batch.kriged, self._noise(batch)
        )
