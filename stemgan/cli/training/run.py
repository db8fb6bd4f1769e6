"""One run: from a configuration to a trained model in a folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.amounts import amount
from stemgan.cli.training import parts
from stemgan.cli.training.parts import made
from stemgan.errors import InputError, check_whole

if TYPE_CHECKING:
    from lightning.pytorch import Trainer
    from omegaconf import DictConfig

    from stemgan.training import Engine

Figures = dict[str, Any]


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
    from omegaconf import OmegaConf

    from stemgan.watching import best_checkpoint

    parts.set_up(config)
    if not OmegaConf.select(config, "data.datasets", throw_on_missing=False):
        raise InputError("no dataset is given: say data.datasets=[FOLDER,...]")
    output = Path(config.output_dir)
    check_whole("trainer.max_steps", config.trainer.max_steps, -1)
    if isinstance(config.trainer.val_check_interval, int):  # a duration is Lightning's to judge
        check_whole("trainer.val_check_interval", config.trainer.val_check_interval, 1)
    model = made(config.model)
    _check_phases(model, config.trainer.max_steps)
    if config.weights:
        _start_from(model, config.weights)
    resume = parts.checkpoint_of(config.resume, output, model)
    data = made(config.data)
    if model.discriminators is not None:  # whose steps may be a million away
        model.discriminators.config.check(data.crops.size)
    data.setup()  # so that a wrong dataset leaves no folder behind
    if not len(data.train_dataloader()):
        raise InputError(
            f"an epoch has fewer samples than a batch of {config.data.batch_size}: give "
            "data.samples_per_epoch, or a smaller data.batch_size"
        )
    keeping = [best_checkpoint(output)]
    trainer = parts.trainer_of(config, output, keeping, going_on=resume is not None)
    with parts.begun(trainer, config, output, words):
        trainer.fit(model, datamodule=data, ckpt_path=resume, weights_only=True)
    return _figures(trainer, output) if trainer.is_global_zero else None


def text(figures: Figures) -> str:
    """Put a run's figures in words."""
    score = figures["val_rmse_blurred"]
    quality = "never validated" if score is None else f"best validation error {score:.3f} %"
    return f"{figures['output_dir']}: {amount(figures['steps'], 'step')}, {quality}"


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
