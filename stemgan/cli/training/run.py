"""One run: from a configuration to a trained model in a folder."""

import logging
import os
import sys
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.cli.training import processes
from stemgan.errors import InputError, check_whole

if TYPE_CHECKING:
    from lightning.pytorch import Trainer
    from omegaconf import DictConfig

    from stemgan.training import Engine

Figures = dict[str, Any]

_NOISE = (
    "Checkpoint directory .* exists and is not empty",
    ".*LeafSpec.* is deprecated",
    "The '.*_dataloader' does not have many workers",
    "The number of training batches .* is smaller than the logging interval",
    ".*broadcast_buffers. is deprecated",
)
"""Lightning's warnings of what is meant to be so."""


def run(config: "DictConfig", words: list[str] | None = None) -> Figures | None:
    """Train as a configuration says.

    Parameters
    ----------
    config : the configuration, composed.
    words : the overrides it was composed from, for the processes that training starts; those
        of the process's own arguments by default.

    Returns
    -------
    Where the result is and how good; None in every process but the first.

    Raises
    ------
    InputError : the configuration names what there is not, or what does not go together.
    """
    with (
        processes.until_stopped(),
        redirect_stdout(sys.stderr),
    ):  # where Lightning's progress belongs
        return _run(config, words)


def text(figures: Figures) -> str:
    """Put a run's figures in words."""
    score = figures["val_rmse_blurred"]
    quality = "never validated" if score is None else f"best validation error {score:.3f} %"
    return f"{figures['output_dir']}: {figures['steps']} steps, {quality}"


def _run(config: "DictConfig", words: list[str] | None) -> Figures | None:
    from lightning.pytorch import seed_everything
    from omegaconf import OmegaConf

    from stemgan.files import whole_file

    if not (isinstance(config.seed, int) and config.seed >= 0):
        raise InputError(f"a seed is 0 or more, not {config.seed}")
    if not OmegaConf.select(config, "data.datasets", throw_on_missing=False):
        raise InputError("no dataset is given: say data.datasets=[FOLDER,...]")
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    seed_everything(config.seed, workers=True, verbose=False)
    _set_precision(config.float32_precision)
    output = Path(config.output_dir)
    check_whole("trainer.max_steps", config.trainer.max_steps, -1)
    if isinstance(config.trainer.val_check_interval, int):  # a duration is Lightning's to judge
        check_whole("trainer.val_check_interval", config.trainer.val_check_interval, 1)
    model = made(config.model)
    _check_phases(model, config.trainer.max_steps)
    if config.weights:
        _start_from(model, config.weights)
    resume = _checkpoint(config.resume, output, model)
    data = made(config.data)
    if model.discriminators is not None:  # whose steps may be a million away
        model.discriminators.config.check(data.crops.size)
    data.setup()  # so that a wrong dataset leaves no folder behind
    if not len(data.train_dataloader()):
        raise InputError(
            f"an epoch has fewer samples than a batch of {config.data.batch_size}: give "
            "data.samples_per_epoch, or a smaller data.batch_size"
        )
    trainer = _trainer(config, output)
    if trainer.is_global_zero:
        _make(output)
        with whole_file(output / "config.yaml") as path:
            OmegaConf.save(config, path, resolve=True)
    with processes.beginning(words, output), warnings.catch_warnings():
        for message in _NOISE:
            warnings.filterwarnings("ignore", message)
        for logger in trainer.loggers:
            logger.log_hyperparams(OmegaConf.to_container(config, resolve=True))  # type: ignore
        trainer.fit(model, datamodule=data, ckpt_path=resume, weights_only=True)
    return _figures(trainer, output) if trainer.is_global_zero else None


def _make(output: Path) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(
            f"output_dir {output} cannot be made ({reason}): choose another"
        ) from error
    if not os.access(output, os.W_OK):
        raise InputError(f"output_dir {output} cannot be written to: choose another")


def _set_precision(name: str) -> None:
    """Say how many bits products of 32-bit numbers keep, of matrices and in convolutions."""
    import torch

    if name not in ("highest", "high", "medium"):
        raise InputError(f"float32_precision {name!r}: choose highest, high or medium")
    torch.set_float32_matmul_precision(name)
    torch.backends.cudnn.allow_tf32 = name != "highest"


def _trainer(config: "DictConfig", output: Path) -> "Trainer":
    from lightning.pytorch.callbacks import ProgressBar

    from stemgan.watching import LastCheckpoint, best_checkpoint

    watching = [made(node) for node in (config.get("watching") or {}).values()]
    if config.trainer.get("enable_progress_bar") is False:
        watching = [one for one in watching if not isinstance(one, ProgressBar)]
    shown = any(isinstance(one, ProgressBar) for one in watching)  # Lightning's own is not
    last = LastCheckpoint(output, config.checkpoint_minutes)
    loggers = [made(logger) for logger in (config.get("logger") or {}).values()]
    callbacks = [*watching, best_checkpoint(output), last]
    return made(config.trainer, logger=loggers, callbacks=callbacks, enable_progress_bar=shown)


def made(node: "DictConfig", **arguments: Any) -> Any:  # noqa: ANN401 (what the node names)
    """Instantiate a node; what its class does not take is the user's mistake."""
    from hydra.errors import InstantiationException
    from hydra.utils import instantiate
    from lightning.fabric.utilities.exceptions import MisconfigurationException

    try:
        return instantiate(node, _convert_="all", **arguments)
    except InstantiationException as error:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        if isinstance(cause, KeyError) and "SLURM_" in str(cause):
            raise InputError(
                "trainer=slurm wants a job of SLURM: start it with srun, or choose trainer=ddp"
            ) from error
        if not isinstance(cause, (ValueError, TypeError, MisconfigurationException)):
            raise
        reason = " ".join(str(cause).split())
        raise InputError(f"{reason} (see stemgan train --cfg job)") from error


def _check_phases(model: "Engine", most: int) -> None:
    """Refuse adversarial steps that training would end ahead of."""
    fidelity, adversarial = model.fidelity_steps, model.adversarial_steps
    if adversarial and 0 <= most <= fidelity:
        raise InputError(
            f"trainer.max_steps={most} ends ahead of the adversarial steps, which follow on "
            f"model.fidelity_steps={fidelity}: give that, and trainer.max_steps as the sum of "
            "both"
        )


def _start_from(model: Any, weights: str) -> None:  # noqa: ANN401 (any architecture)
    from stemgan.weights import load_generator

    generator = load_generator(weights)[0]
    if type(generator) is not type(model.generator):
        raise InputError(
            f"the weights {weights} are of a {type(generator).__name__}, the model is a "
            f"{type(model.generator).__name__}: choose the model of the weights"
        )
    model.start_from(generator)


def _checkpoint(resume: str | None, output: Path, model: "Engine") -> str | None:
    """Return the checkpoint to go on from; "auto" is the run's own, where there is one."""
    from stemgan.cli.export import read_checkpoint

    if resume == "auto":
        last = output / "last.ckpt"
        resume = str(last) if last.is_file() else None
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


def _figures(trainer: "Trainer", output: Path) -> Figures:
    from lightning.pytorch.callbacks import ModelCheckpoint

    callbacks = getattr(trainer, "callbacks", [])
    best = next(one for one in callbacks if isinstance(one, ModelCheckpoint))
    score = best.best_model_score
    return {
        "output_dir": str(output),
        "steps": trainer.global_step,
        "val_rmse_blurred": None if score is None else float(score),
    }
