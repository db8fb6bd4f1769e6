"""One bar for the whole training, with the numbers that matter; lines where none can move."""

import sys
from typing import TYPE_CHECKING, Any, cast

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ProgressBar
from tqdm import tqdm

if TYPE_CHECKING:
    from stemgan.training import Engine

_SHOWN = {
    "train/loss": "loss",
    "val/rmse_blurred": "val",
    "seen/rmse_blurred": "seen",
    "speed/images_per_s": "img/s",
}


class Progress(ProgressBar):
    """Show steps, time left, loss, validation error [%] and images/s on stderr.

    On a terminal it is a bar; elsewhere, in a log say, a line a validation.

    Parameters
    ----------
    shown : logged figures and what they are called here; those of reconstruction by default.
    """

    def __init__(self, shown: dict[str, str] | None = None) -> None:
        super().__init__()
        self._shown = _SHOWN if shown is None else shown
        self._enabled = True
        self._bar: tqdm | None = None

    def disable(self) -> None:
        """Show nothing."""
        self._enabled = False

    def enable(self) -> None:
        """Show it again."""
        self._enabled = True

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin where training does, and say what is trained."""
        if self._enabled:
            tqdm.write(trained(pl_module), file=sys.stderr)
        if self._enabled and sys.stderr.isatty():
            total = trainer.max_steps if trainer.max_steps > 0 else None
            self._bar = tqdm(total=total, initial=trainer.global_step, desc="training")

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Move on."""
        if self._bar is not None:
            self._bar.update(trainer.global_step - self._bar.n)
            if trainer.global_step % 10 == 0:
                self._bar.set_postfix_str(self._figures(trainer, pl_module), refresh=False)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Say that it validates, which may take a while."""
        if self._bar is not None:
            self._bar.set_description("validating")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Say what came out."""
        if self._bar is not None:
            self._bar.set_description("training")
            self._bar.set_postfix_str(self._figures(trainer, pl_module))
        elif self._enabled and not trainer.sanity_checking:
            most = f"/{trainer.max_steps}" if trainer.max_steps > 0 else ""
            words = f"step {trainer.global_step}{most}: {self._figures(trainer, pl_module)}"
            print(words, file=sys.stderr, flush=True)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the bar as it is."""
        self._close()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Leave the bar as it is."""
        self._close()

    def _figures(self, trainer: Trainer, module: Any) -> str:  # noqa: ANN401 (with a phase or not)
        """Put the latest figures in a line."""
        found = trainer.callback_metrics
        names = self._shown.items()
        shown = [f"{name} {float(found[key]):.4g}" for key, name in names if key in found]
        phase = getattr(module, "phase", "")
        return ", ".join([phase, *shown] if phase else shown)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def trained(module: LightningModule) -> str:
    """Say what is trained, and where."""
    parts = {
        name: sum(p.numel() for p in part.parameters())
        for name, part in cast("Engine", module).groups().items()
    }
    listed = ", ".join(f"{name} {count:,}" for name, count in parts.items())
    return f"training {sum(parts.values()):,} parameters on {module.device}: {listed}"
