"""The LightningModule: how a generator is trained and validated."""

import math
from typing import TYPE_CHECKING, Any, cast

import torch
from lightning.pytorch import LightningModule
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from stemgan import losses
from stemgan.data import Batch
from stemgan.errors import InputError
from stemgan.networks import Generator, GeneratorConfig
from stemgan.scan import FAMILIES

if TYPE_CHECKING:
    from lightning.pytorch.core.optimizer import LightningOptimizer


class ReconstructionTraining(LightningModule):
    """Train a generator for fidelity: least error against the blurred and the raw truth.

    Optimisation is manual, as every further optimiser (of discriminators) needs it to be.

    Parameters
    ----------
    generator : sizes of the generator, by name (see `GeneratorConfig`).
    learning_rate : of Adam, after the warm-up.
    warmup_steps : steps over which the learning rate rises from 0.
    total_steps : steps over which it falls to a fiftieth, as a cosine.
    raw_weight, auxiliary_weight, uncertainty_weight : of the loss terms (see `losses`).
    error_limit : relative error above which a sample's gradient no longer grows.
    gradient_norm : largest norm of a step's gradient.
    ema_decay : of the averaged weights, which are validated and exported.
    """

    def __init__(
        self,
        generator: dict[str, Any] | None = None,
        *,
        learning_rate: float = 1e-3,
        warmup_steps: int = 100,
        total_steps: int = 10_000,
        raw_weight: float = 0.1,
        auxiliary_weight: float = 0.3,
        uncertainty_weight: float = 0.01,
        error_limit: float = 0.2,
        gradient_norm: float = 1.0,
        ema_decay: float = 0.998,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.automatic_optimization = False
        self.generator = Generator(GeneratorConfig.from_dict(generator or {}))
        self.averaged = AveragedModel(
            self.generator, multi_avg_fn=get_ema_multi_avg_fn(ema_decay)
        )
        # Distributed training waits for a gradient of every parameter that wants one.
        self.averaged.requires_grad_(False)

    def start_from(self, generator: Generator) -> None:
        """Take the weights of a trained generator of the same sizes.

        Raises
        ------
        InputError : its sizes are others.
        """
        if generator.config != self.generator.config:
            raise InputError(
                f"the starting weights have sizes {generator.config.to_dict()}, the model "
                f"{self.generator.config.to_dict()}: choose the model of the weights"
            )
        self.generator.load_state_dict(generator.state_dict())
        self.averaged.module.load_state_dict(generator.state_dict())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam with a second moment that forgets faster than by default (batches are small)."""
        return torch.optim.Adam(
            self.generator.parameters(), lr=self.hparams["learning_rate"], betas=(0.9, 0.99)
        )

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """One step: complete, weigh the terms, step, average."""
        optimizer = cast("LightningOptimizer", self.optimizers())
        terms = self._terms(batch)
        loss = sum(terms.values(), torch.zeros((), device=self.device))
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss of step {self.global_step} is {loss.item()}")
        for group in optimizer.param_groups:
            group["lr"] = self._learning_rate()
        optimizer.zero_grad()
        self.manual_backward(loss)
        torch.nn.utils.clip_grad_norm_(
            self.generator.parameters(), self.hparams["gradient_norm"]
        )
        optimizer.step()
        self.averaged.update_parameters(self.generator)
        self.log_dict({f"train/{name}": term for name, term in terms.items()})
        self.log("train/loss", loss, prog_bar=True)
        self.log("learning_rate", self._learning_rate())

    def _terms(self, batch: Batch) -> dict[str, Tensor]:
        out = self.generator(batch.infill, batch.dwell, batch.distance, batch.kriged)
        blurred = losses.gaussian_blur(batch.target)
        weights = self.hparams
        return {
            "fidelity": losses.fidelity(
                out.image,
                batch.target,
                blurred,
                batch.span,
                raw_weight=weights["raw_weight"],
                limit=weights["error_limit"],
            ),
            "auxiliary": weights["auxiliary_weight"]
            * losses.auxiliary(out.half, blurred, batch.span, limit=weights["error_limit"]),
            "uncertainty": weights["uncertainty_weight"]
            * losses.uncertainty(out.log_std, out.image, blurred),
        }

    def _learning_rate(self) -> float:
        step, weights = self.global_step, self.hparams
        warm = min(1.0, (step + 1) / max(1, weights["warmup_steps"]))
        share = min(1.0, step / max(1, weights["total_steps"]))
        fall = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share))
        return weights["learning_rate"] * warm * fall

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Error of the averaged weights, beside that of the kriged infill they start from."""
        generator: Generator = self.averaged.module  # type: ignore[assignment]
        blurred = losses.gaussian_blur(batch.target)
        out = generator(batch.infill, batch.dwell, batch.distance, batch.kriged)
        error = 100 * losses.relative_rmse(out.image, blurred, batch.span)
        before = 100 * losses.relative_rmse(batch.kriged, blurred, batch.span)
        size = len(batch.span)
        self._log("val/rmse_blurred", error, size, prog_bar=True)
        self._log("val/rmse_kriged", before, size)
        raw = 100 * losses.relative_rmse(out.image, batch.target, batch.span)
        self._log("val/rmse_raw", raw, size)
        for code in batch.family.unique().tolist():
            of = batch.family == code
            self._log(f"val/rmse_blurred/{FAMILIES[code]}", error[of], int(of.sum()))

    def _log(self, name: str, values: Tensor, size: int, *, prog_bar: bool = False) -> None:
        self.log(name, values.mean(), batch_size=size, prog_bar=prog_bar, sync_dist=True)
