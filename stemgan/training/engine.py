"""What every training has in common: one step."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from stemgan.data import Batch
from stemgan.data.batch import parts_of
from stemgan.errors import InputError, check_number, check_whole
from stemgan.networks.discriminator import Discriminators
from stemgan.training.divergence import diverged, keep_step, silent_share
from stemgan.training.phases import Phases

if TYPE_CHECKING:
    from lightning.pytorch.core.optimizer import LightningOptimizer

Terms = dict[str, Tensor]


class Engine(Phases):
    """Train a generator for fidelity, then against discriminators.

    A step is one backward pass of the sum of all terms and one step of one Adam whose groups of
    parameters are named: its state is that of each parameter, so it is as many Adams, and
    `global_step` counts steps. The discriminators are frozen in the generator's terms and see a
    detached image in their own, so that gradients do not mix. Optimisation is manual, for
    clipping by group.

    Parameters
    ----------
    fidelity_steps, adversarial_steps : of the phases (see `Phases`).
    gradient_norm : largest norm of the gradient of the generator's parameters and of the
        discriminators', each; None for any.
    accumulate : parts in which a batch is computed, one after another, to save memory.
    channels_last : memory order of the convolutions, which some hardware prefers.
    compiled : whether torch compiles the generator.
    """

    generator: nn.Module
    discriminators: Discriminators | None

    def __init__(
        self,
        *,
        fidelity_steps: int,
        adversarial_steps: int,
        gradient_norm: float | None,
        accumulate: int,
        channels_last: bool,
        compiled: bool,
    ) -> None:
        super().__init__(fidelity_steps, adversarial_steps)
        self.automatic_optimization = False
        check_whole("accumulate", accumulate, 1)
        if gradient_norm is not None:
            check_number("gradient_norm", gradient_norm, 0, above=True)
        if not (isinstance(channels_last, bool) and isinstance(compiled, bool)):
            raise InputError(
                f"channels_last={channels_last} and compiled={compiled}: say true or false"
            )
        self.gradient_norm, self.accumulate = gradient_norm, accumulate
        self.channels_last, self.compiled = channels_last, compiled
        self.last_terms: Terms = {}

    # What an architecture says.

    def terms(self, batch: Batch) -> Terms:
        """Return the terms of the loss by name, weighted: scalars, means over samples."""
        raise NotImplementedError

    def groups(self) -> dict[str, nn.Module]:
        """Return the modules whose parameters are optimised, by the name of their group."""
        raise NotImplementedError

    def learning_rates(self) -> dict[str, float]:
        """Return the learning rate of each group at this step."""
        raise NotImplementedError

    def drawn(self, batch: Batch) -> Batch | None:
        """Return what is trained on in place of a batch; None skips the step."""
        return batch

    def backward_done(self) -> None:
        """Change gradients before they are clipped."""

    def step_done(self) -> None:
        """Follow a step: averaged weights, moving moments."""

    # What they share.

    @property
    def validated(self) -> nn.Module:
        """Return the generator that is validated and exported."""
        return self.generator

    def adam(self, betas: tuple[float, float]) -> torch.optim.Adam:
        """Make the optimiser of all groups."""
        rates = self.learning_rates()
        return torch.optim.Adam(
            [
                {"params": list(module.parameters()), "name": name, "lr": rates[name]}
                for name, module in self.groups().items()
            ],
            betas=betas,
        )

    def on_fit_start(self) -> None:
        """Lay out and compile the generator, once it is where it runs."""
        if self.trainer.precision not in ("32-true", "bf16-mixed"):
            raise InputError(
                f"precision {self.trainer.precision}: choose 32-true or bf16-mixed (16-mixed "
                "overflows here)"
            )
        if self.channels_last:
            self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if self.compiled:
            self.generator.compile()

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Do one step: every term's gradient, clipped, guarded, stepped."""
        drawn = self.drawn(batch)
        if drawn is None:
            return
        optimizer = cast("LightningOptimizer", self.optimizers())
        rates = self.learning_rates()
        for group in optimizer.param_groups:
            group["lr"] = rates[group["name"]]
        optimizer.zero_grad()
        terms = self._gradients(drawn)
        self.backward_done()
        self.log("train/silent", silent_share(self.generator))
        norm, means = self._clip(), self._means(terms)
        self._guard(drawn, terms, means, norm)
        optimizer.step()
        self.step_done()
        self._log_step(means, rates)

    def _gradients(self, batch: Batch) -> Terms:
        """Add up the gradients of a batch's parts, and return its terms."""
        total: Terms = {}
        parts = parts_of(batch, self.accumulate)
        for i, part in enumerate(parts):
            share = len(part.target) / len(batch.target)
            with self._local() if i + 1 < len(parts) else nullcontext():
                terms = self.terms(part)
                loss = sum(terms.values(), torch.zeros((), device=self.device))
                self.manual_backward(share * loss)
            for name, term in terms.items():
                total[name] = total.get(name, 0) + share * term.detach()
        return total

    def _local(self) -> AbstractContextManager[None]:
        """Leave gradients unreduced until a batch's last part."""
        model = self.trainer.model
        return cast("Any", model).no_sync() if hasattr(model, "no_sync") else nullcontext()

    def _clip(self) -> Tensor:
        limit = float("inf") if self.gradient_norm is None else self.gradient_norm
        norms = [
            nn.utils.clip_grad_norm_(module.parameters(), limit)
            for module in (self.generator, self.discriminators)
            if module is not None
        ]
        # Where nothing has a gradient, as discriminators in the first phase, the norm is a
        # zero on the CPU.
        return torch.stack([norm.to(self.device) for norm in norms]).sum()

    def _means(self, terms: Terms) -> Terms:
        means = self.over_processes(torch.stack(list(terms.values())))
        return dict(zip(terms, means.unbind(), strict=True))

    def _guard(self, batch: Batch, terms: Terms, means: Terms, norm: Tensor) -> None:
        """Stop before a step that would poison the weights, and keep what led to it.

        Means and gradients are those of all processes, so all stop, each with its own batch.
        """
        loss = sum(means.values(), torch.zeros((), device=self.device))
        if not torch.isfinite(loss + norm):
            folder, step = Path(self.trainer.default_root_dir), self.global_step
            path = keep_step(folder, step, self.global_rank, terms=terms, batch=batch._asdict())
            raise diverged(step, path, **means, gradient=norm)

    def _log_step(self, terms: Terms, rates: dict[str, float]) -> None:
        self.last_terms = terms
        self.log_dict({f"train/{name}": term for name, term in terms.items()})
        own = [term for name, term in terms.items() if not name.startswith("discriminator")]
        self.log("train/loss", torch.stack(own).sum(), prog_bar=True)
        self.log_dict({f"learning_rate/{name}": rate for name, rate in rates.items()})

    def over_processes(self, values: Tensor) -> Tensor:
        """Return the means of the values that all processes have, who all must call this."""
        if self.trainer.world_size == 1:
            return values
        # Lightning's own reduction waits at a barrier besides, in every step.
        total = values.clone()
        torch.distributed.all_reduce(total)
        return total / self.trainer.world_size
