"""What every training from a configuration does: its folder, trainer, checkpoint and start."""

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.cli.common import say
from stemgan.cli.overrides import TRAIN, Configuration
from stemgan.cli.training import processes
from stemgan.cli.training.tracking import keep_run, known_run
from stemgan.errors import InputError

if TYPE_CHECKING:
    from lightning.pytorch import LightningModule, Trainer
    from lightning.pytorch.callbacks import Checkpoint
    from omegaconf import DictConfig

_NOISE = (
    "Checkpoint directory .* exists and is not empty",
    ".*LeafSpec.* is deprecated",
    "The '.*_dataloader' does not have many workers",
    "The number of training batches .* is smaller than the logging interval",
    ".*broadcast_buffers. is deprecated",
)
"""Lightning's warnings of what is meant to be so."""


def set_up(config: "DictConfig") -> None:
    """Seed what is random, set how exact products are, and keep Lightning quiet.

    Raises
    ------
    InputError : the seed or the precision is none.
    """
    from lightning.pytorch import seed_everything

    if not (isinstance(config.seed, int) and config.seed >= 0):
        raise InputError(f"a seed is 0 or more, not {config.seed}")
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    seed_everything(config.seed, workers=True, verbose=False)
    _set_precision(config.float32_precision)


def _set_precision(name: str) -> None:
    """Say how many bits products of 32-bit numbers keep, of matrices and in convolutions."""
    import torch

    if name not in ("highest", "high", "medium"):
        raise InputError(f"float32_precision {name!r}: choose highest, high or medium")
    torch.set_float32_matmul_precision(name)
    torch.backends.cudnn.allow_tf32 = name != "highest"


def make_folder(output: Path) -> None:
    """Make the folder of a run.

    Raises
    ------
    InputError : it cannot be made or written to.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(
            f"output_dir {output} cannot be made ({reason}): choose another"
        ) from error
    if not os.access(output, os.W_OK):
        raise InputError(f"output_dir {output} cannot be written to: choose another")


def trainer_of(
    config: "DictConfig",
    output: Path,
    keeping: Sequence["Checkpoint"],
    of: Configuration = TRAIN,
    *,
    going_on: bool = False,
    **options: Any,  # noqa: ANN401 (the trainer's)
) -> "Trainer":
    """Make the trainer, with its loggers and callbacks.

    Parameters
    ----------
    config : the configuration.
    output : the folder of the run.
    keeping : callbacks that follow validations, ahead of the one that writes last.ckpt.
    of : which configuration it is.
    going_on : whether the folder's training goes on, and its run of Weights & Biases too.
    options : of the trainer, in place of the configuration's.
    """
    from lightning.pytorch.callbacks import ProgressBar

    from stemgan.watching import LastCheckpoint

    watching = [made(node, of) for node in (config.get("watching") or {}).values()]
    if config.trainer.get("enable_progress_bar") is False:
        watching = [one for one in watching if not isinstance(one, ProgressBar)]
    shown = any(isinstance(one, ProgressBar) for one in watching)  # Lightning's own is not
    last = LastCheckpoint(output, config.checkpoint_minutes)
    loggers = [
        made(node, of, **(known_run(node, output) if going_on else {}))
        for node in (config.get("logger") or {}).values()
    ]
    callbacks = [*watching, *keeping, last]
    options |= {"logger": loggers, "callbacks": callbacks, "enable_progress_bar": shown}
    return made(config.trainer, of, **options)


def made(
    node: "DictConfig",
    of: Configuration = TRAIN,
    **arguments: Any,  # noqa: ANN401 (what the node's class takes)
) -> Any:  # noqa: ANN401 (what the node names)
    """Instantiate a node; what its class does not take is the user's mistake."""
    from hydra.errors import InstantiationException
    from hydra.utils import instantiate
    from lightning.fabric.utilities.exceptions import MisconfigurationException

    try:
        return instantiate(node, _convert_="all", **arguments)
    except InstantiationException as error:
        cause: BaseException = error
        while cause.__cause__ is not None and not isinstance(cause, InputError):
            cause = cause.__cause__
        if isinstance(cause, KeyError) and "SLURM_" in str(cause):
            raise InputError(
                "trainer=slurm wants a job of SLURM: start it with srun, or choose trainer=ddp"
            ) from error
        if not isinstance(cause, (ValueError, TypeError, MisconfigurationException)):
            raise
        reason = " ".join(str(cause).split())
        raise InputError(f"{reason} {of.see}") from error


def checkpoint_of(resume: str | None, output: Path, model: "LightningModule") -> str | None:
    """Return the checkpoint to go on from; "auto" is the run's own, where there is one.

    Raises
    ------
    InputError : the folder holds another run, or the checkpoint is of another model.
    """
    from lightning.pytorch.utilities import rank_zero_only

    from stemgan.cli.export import read_checkpoint

    if resume == "auto":
        last = output / "last.ckpt"
        resume = str(last) if last.is_file() else None
        if resume is None:
            rank_zero_only(say)(f"nothing to go on with in {output}: training starts afresh")
    elif resume is not None and Path(resume).is_dir():
        resume = str(Path(resume) / "last.ckpt")
    taken = (output / "last.ckpt").is_file()
    if taken and (resume is None or Path(resume).resolve().parent != output.resolve()):
        raise InputError(
            f"{output} holds another run: go on with it by resume=auto, or choose another "
            "output_dir"
        )
    if resume is not None:
        kept = read_checkpoint(Path(resume))["state_dict"]
        own = {name: value.shape for name, value in model.state_dict().items()}
        if own != {name: value.shape for name, value in kept.items()}:
            raise InputError(
                f"{resume} is a checkpoint of another model, or of other sizes: give the "
                "overrides that it was trained with"
            )
    return resume


@contextmanager
def begun(
    trainer: "Trainer",
    config: "DictConfig",
    output: Path,
    words: list[str] | None,
    of: Configuration = TRAIN,
) -> Iterator[None]:
    """Make the folder, keep the configuration in it, and start what is around a training.

    Parameters
    ----------
    words : the overrides, for the processes that training starts; those of the process's own
        arguments by default.
    """
    from omegaconf import OmegaConf

    from stemgan.files import whole_file

    if trainer.is_global_zero:
        make_folder(output)
        with whole_file(output / "config.yaml") as path:
            OmegaConf.save(config, path, resolve=True)
    with processes.beginning(words, output, of.command), warnings.catch_warnings():
        for message in _NOISE:
            warnings.filterwarnings("ignore", message)
        for logger in trainer.loggers:
            logger.log_hyperparams(OmegaConf.to_container(config, resolve=True))  # type: ignore
        if trainer.is_global_zero:
            keep_run(trainer.loggers, output)
        yield
