"""How fast training is, what share of the hardware's peak that is, and what waits for data."""

import time
from typing import TYPE_CHECKING, Any, cast

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from stemgan.watching.flops import step_flops
from stemgan.watching.peak import Peak, peak_flops

if TYPE_CHECKING:
    from torch import Tensor

    from stemgan.data import Batch
    from stemgan.training import Engine


class Throughput(Callback):
    """Log the speed of training, validations and checkpoints left out.

    speed/images_per_s : over all processes.
    speed/mfu : FLOP of a step (see `step_flops`) over its time, as a share of the peak of one
        device (see `peak_flops`).
    speed/waiting : share of the time in which the next batch was not there yet: at most so long
        a device had nothing to do for want of data.
    memory/gpu_mb : the most that tensors have held since the last figures [MiB].

    Parameters
    ----------
    every : steps between two figures.
    """

    def __init__(self, every: int = 20) -> None:
        self.every = max(1, every)
        self._flops: dict[str, int] = {}
        self._peak: Peak | None = None
        self._figures: dict[str, float] = {}
        self._begin()

    def _begin(self) -> None:
        self._images = self._steps = 0
        self._busy = self._waited = 0.0
        self._ended: float | None = None
        self._started, self._phase = 0.0, ""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Find the peak of the device, and say which it is."""
        self._peak = peak_flops(pl_module.device, str(trainer.precision))
        for logger in trainer.loggers:
            logger.log_hyperparams(
                {"peak_tflops": self._peak.flops / 1e12, "peak_source": self._peak.source}
            )
        self._begin()

    def on_train_batch_start(
        self,
        trainer: Trainer,
        pl_module: "Engine",
        batch: "Batch | dict[str, Tensor]",
        batch_idx: int,
    ) -> None:
        """Note how long the batch was waited for."""
        now = time.perf_counter()
        if self._ended is not None:
            self._waited += now - self._ended
            self._busy += now - self._ended
        self._phase = pl_module.phase  # after the step it may be the next
        if self._phase not in self._flops:
            own: Any = getattr(pl_module, "step_flops", None)  # of what completes no scans
            flops = own(batch) if own else step_flops(pl_module, cast("Batch", batch))
            self._flops[self._phase] = flops
        self._started = time.perf_counter()

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: "Engine",
        outputs: object,
        batch: "Batch | dict[str, Tensor]",
        batch_idx: int,
    ) -> None:
        """Add the step, measure now and then, and log what was measured last."""
        if self._ended is None:  # the first of a stretch: what came before it is not known
            self._ended = time.perf_counter()
            return
        self._images += len(batch["image"] if isinstance(batch, dict) else batch.target)
        self._steps += 1
        now = time.perf_counter()
        self._busy += now - self._started
        self._ended = now
        if self._steps >= self.every:
            self._measure(trainer, pl_module)
        # In every step, as loggers write but some of them, and not those in which this counts.
        pl_module.log_dict(self._figures)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop the clock."""
        self._ended = None

    def _measure(self, trainer: Trainer, module: "Engine") -> None:
        figures = {
            "speed/images_per_s": self._images * trainer.world_size / self._busy,
            "speed/waiting": self._waited / self._busy,
        }
        if self._peak is not None:
            rate = self._flops[self._phase] * self._steps / self._busy
            figures["speed/mfu"] = rate / self._peak.flops
        if module.device.type == "cuda":
            figures["memory/gpu_mb"] = torch.cuda.max_memory_allocated(module.device) / 2**20
            torch.cuda.reset_peak_memory_stats(module.device)
        self._figures = figures
        ended = self._ended
        self._begin()
        self._ended = ended
