"""The run of Weights & Biases that a training is: kept in its folder, to go on with."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from stemgan.files import whole_file

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger
    from omegaconf import DictConfig

NAME = "wandb_run.txt"
"""What holds the run's id, which wandb takes for one of the run to go on with."""


def known_run(node: "DictConfig", output: Path) -> dict[str, str]:
    """Return what makes a logger that is wandb's go on with the run in a folder.

    Parameters
    ----------
    node : the logger, as the configuration says it; an id that it gives itself stays.
    output : the folder of a training that goes on.
    """
    if not node.get("_target_", "").endswith("WandbLogger") or node.get("id"):
        return {}
    file = output / NAME
    known = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
    return {"id": known} if known else {}


def keep_run(loggers: "Iterable[Logger]", output: Path) -> None:
    """Write the id of the run that wandb has begun, or goes on with, if it has one."""
    from lightning.pytorch.loggers import WandbLogger

    for logger in loggers:
        if isinstance(logger, WandbLogger) and not logger.experiment.disabled:
            with whole_file(output / NAME) as path:
                path.write_text(f"{logger.experiment.id}\n", encoding="utf-8")
