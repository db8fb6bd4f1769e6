"""A training in phases: each with its rates, ended when validation no longer improves."""

from typing import Any, cast

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint, ModelCheckpoint

from stemgan.errors import check_number, check_whole
from stemgan_data_prep.catalogue.backbones import Network
from stemgan_data_prep.catalogue.schedule import Phase, Schedule


class PhasedTraining(LightningModule):
    """Train a network as a schedule says; `PhaseEnds` must be among the trainer's callbacks.

    Parameters
    ----------
    network : what is trained.
    schedule : its phases.
    monitor : the logged figure that ends phases and lowers rates.
    plateau_patience, plateau_factor : the learning rates fall by this factor when the figure
        has not improved for more than so many epochs.
    """

    def __init__(
        self,
        network: Network,
        schedule: Schedule,
        monitor: str,
        plateau_patience: int,
        plateau_factor: float,
    ) -> None:
        super().__init__()
        check_whole("plateau_patience", plateau_patience, 0)
        check_number("plateau_factor", plateau_factor, 0, 0.99, above=True)
        self.network, self.schedule, self.monitor = network, schedule, monitor
        self.plateau_patience, self.plateau_factor = plateau_patience, plateau_factor
        self._kept: dict[str, Any] = {}

    @property
    def phase(self) -> str:
        """Name the phase."""
        return str(self.schedule.phase)

    def groups(self) -> dict[str, torch.nn.Module]:
        """Return the modules whose parameters are optimised, by name."""
        return {"backbone": self.network.backbone, "head": self.network.head}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Make one Adam; a frozen backbone has no gradients, and is left as it is."""
        rates = _rates(self.schedule.phase)
        return torch.optim.Adam(
            [
                {"params": list(module.parameters()), "name": name, "lr": rates[name]}
                for name, module in self.groups().items()
            ]
        )

    def on_train_start(self) -> None:
        """Begin the first phase, or go on with that of the checkpoint.

        Not before, as each process must have been told of every parameter that will learn.
        """
        self.network.frozen(self.schedule.phase.frozen)
        self._watch_plateau()
        if self._kept:
            self.plateau.load_state_dict(self._kept)

    def begin_phase(self) -> None:
        """Begin the schedule's phase: with moments and rates as at the start."""
        optimizer, rates = self.trainer.optimizers[0], _rates(self.schedule.phase)
        self.network.frozen(self.schedule.phase.frozen)
        optimizer.state.clear()
        for group in optimizer.param_groups:
            group["lr"] = rates[group["name"]]
        self._watch_plateau()

    def _watch_plateau(self) -> None:
        self.plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            self.trainer.optimizers[0],
            mode=self.schedule.mode,
            factor=self.plateau_factor,
            patience=self.plateau_patience,
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep where the phases stand."""
        plateau = self.plateau.state_dict() if hasattr(self, "plateau") else self._kept
        checkpoint["phases"] = {"schedule": self.schedule.state_dict(), "plateau": plateau}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on from there."""
        self.schedule.load_state_dict(checkpoint["phases"]["schedule"])
        self._kept = checkpoint["phases"]["plateau"]

    def on_validation_epoch_start(self) -> None:
        """Give all processes the same moving statistics: the means of theirs."""
        if self.trainer.world_size == 1:
            return
        for name, buffer in self.network.named_buffers():
            if name.endswith(("running_mean", "running_var")):
                torch.distributed.all_reduce(buffer)
                buffer /= self.trainer.world_size

    def on_validation_model_train(self) -> None:
        """Train on what the phase trains: another than before, where one has ended."""
        self.train()

    def on_validation_epoch_end(self) -> None:
        """Log where the phases stand."""
        for group in self.trainer.optimizers[0].param_groups:
            self.log(f"learning_rate/{group['name']}", group["lr"])
        self.log("phase/side", float(self.schedule.phase.side))
        self.log("phase/number", float(self.schedule.number))


class PhaseEnds(Checkpoint):
    """End phases, after the best weights are saved and before where training stands is.

    The next phase goes on from the best weights so far; after the last one training stops.
    """

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Judge the epoch: alike in all processes."""
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        module = cast("PhasedTraining", pl_module)
        figure = float(trainer.callback_metrics[module.monitor])
        module.plateau.step(figure)
        if not module.schedule.over(figure):
            return
        module.schedule.advance()
        if module.schedule.finished:
            trainer.should_stop = True
            return
        callbacks = trainer.checkpoint_callbacks
        best = next(one for one in callbacks if isinstance(one, ModelCheckpoint))
        if best.best_model_path:
            kept = torch.load(best.best_model_path, map_location="cpu", weights_only=True)
            module.load_state_dict(kept["state_dict"])
        module.begin_phase()


def _rates(phase: Phase) -> dict[str, float]:
    return {"backbone": phase.backbone_rate, "head": phase.head_rate}
