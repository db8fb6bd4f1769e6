"""The weights that validate best, known again where a run goes on whose folder was moved."""

from pathlib import Path
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

_NAME = "best"


class BestCheckpoint(ModelCheckpoint):
    """Keep the best weights in ``best.ckpt``, and what they reached.

    Lightning's own knows folders by their names: in a folder that was moved it forgets the best
    figure, and replaces the best weights by the next ones, however bad.
    """

    def __init__(self, folder: str | Path, monitor: str, mode: str) -> None:
        super().__init__(
            dirpath=folder,
            filename=_NAME,
            monitor=monitor,
            mode=mode,
            enable_version_counter=False,
            # Ahead of last.ckpt, and of whatever else follows a validation.
            save_on_train_epoch_end=False,
        )
        self._going_on: str | Path | None = None

    @property
    def state_key(self) -> str:
        """Be called in checkpoints what Lightning's own is."""
        return super().state_key.replace(type(self).__qualname__, ModelCheckpoint.__qualname__)

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Note which checkpoint training goes on from: its state is loaded next."""
        self._going_on = trainer.ckpt_path

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with the best weights of this folder, whatever it was called.

        A run that goes on in another folder than that of its checkpoint has none there yet.
        """
        folder = Path(self.dirpath or "")
        if state_dict["dirpath"] != self.dirpath:
            own = folder / f"{_NAME}{self.FILE_EXTENSION}"
            same = Path(self._going_on or "").parent.resolve() == folder.resolve()
            if not same or not own.is_file() or state_dict["best_model_score"] is None:
                return
            score = state_dict["best_model_score"]
            moved = {"dirpath": self.dirpath, "best_k_models": {str(own): score}}
            places = dict.fromkeys(("best_model_path", "kth_best_model_path"), str(own))
            state_dict = {**state_dict, **moved, **places}
        super().load_state_dict(state_dict)


def best_checkpoint(
    folder: str | Path, monitor: str = "val/rmse_blurred", mode: str = "min"
) -> BestCheckpoint:
    """Make the callback that keeps the weights that validate best, in ``best.ckpt``.

    Parameters
    ----------
    folder : where the checkpoint goes.
    monitor : the logged figure.
    mode : "min" if the less the better, "max" if the more.
    """
    return BestCheckpoint(folder, monitor, mode)
