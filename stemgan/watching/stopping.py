"""When training has gone on for long enough."""

from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from stemgan.errors import InputError


class UntilLossesPart(Callback):
    """Stop once held-out scans no longer improve while scans of training images still do.

    Ede & Beanland, Sci Rep 10, 8332 (2020), stopped before the two parted, and said so. A
    network that has nothing left to learn improves on neither, and goes on; `EarlyStopping`
    of Lightning stops then, too.

    Parameters
    ----------
    patience : validations without the least `monitor`, before training stops.
    least_fall : relative fall of an error that counts as an improvement.
    monitor, seen : logged errors of held-out scans and of scans of training images.

    Raises
    ------
    InputError : the patience is not 1 or more, or the least fall negative.
    """

    def __init__(
        self,
        patience: int = 10,
        least_fall: float = 0.001,
        monitor: str = "val/rmse_blurred",
        seen: str = "seen/rmse_blurred",
    ) -> None:
        if patience < 1 or least_fall < 0:
            raise InputError(
                f"patience {patience} and least fall {least_fall}: choose 1 or more, 0 or more"
            )
        self.patience, self.least_fall = patience, least_fall
        self.monitor, self.seen = monitor, seen
        self.best, self.seen_then, self.seen_least = (float("inf"),) * 3
        self.waited = 0

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compare, and say when it is enough: alike in all processes."""
        figures = trainer.callback_metrics
        if trainer.sanity_checking or not {self.monitor, self.seen} <= set(figures):
            return
        if self.parted(float(figures[self.monitor]), float(figures[self.seen])):
            trainer.should_stop = True

    def parted(self, held_out: float, seen: float) -> bool:
        """Take the errors of a validation, and tell whether the two have parted.

        Examples
        --------
        >>> stopping = UntilLossesPart(patience=2)
        >>> [stopping.parted(*pair) for pair in ((5, 5), (4, 4), (4.1, 3.9), (4.2, 3.8))]
        [False, False, False, True]
        """
        if held_out < self.best * (1 - self.least_fall):
            self.best, self.waited = held_out, 0
            self.seen_then = self.seen_least = seen
            return False
        self.waited += 1
        self.seen_least = min(self.seen_least, seen)
        still = self.seen_least < self.seen_then * (1 - self.least_fall)
        return self.waited >= self.patience and still

    def state_dict(self) -> dict[str, Any]:
        """Keep what was seen."""
        names = ("best", "seen_then", "seen_least", "waited")
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from it."""
        for name, value in state_dict.items():
            setattr(self, name, value)
