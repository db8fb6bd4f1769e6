"""One run of `stemgan catalogue train`: from a configuration to a classifier in a folder."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from stemgan.amounts import amount
from stemgan.cli.catalogues.checking import check
from stemgan.cli.catalogues.finishing import finished
from stemgan.cli.catalogues.train import CATALOGUE
from stemgan.cli.common import progress, say
from stemgan.cli.left_out import say_left_out
from stemgan.cli.training import parts
from stemgan.errors import InputError

if TYPE_CHECKING:
    from lightning.pytorch import Trainer
    from lightning.pytorch.callbacks import Checkpoint
    from omegaconf import DictConfig

    from stemgan_data_prep.catalogue.classifier import Classifier
    from stemgan_data_prep.catalogue.loading import Pictures

T = TypeVar("T")


def run(config: "DictConfig", words: list[str] | None = None) -> dict[str, Any] | None:
    """Train a classifier as a configuration says.

    Parameters
    ----------
    config : the configuration, composed.
    words : the overrides it was composed from, for the processes that training starts.

    Returns
    -------
    Where the classifier is and how good; None in every process but the first.

    Raises
    ------
    InputError : what it names is not there, or does not go together.
    """
    from stemgan.watching import best_checkpoint
    from stemgan_data_prep.catalogue.phasing import PhaseEnds

    start = time.perf_counter()
    check(config)
    parts.set_up(config)
    output = Path(config.output_dir)
    _model(config, ["a", "b"], [1, 1])  # refuses what there is not, before pictures are read
    data = _data(config)
    parts.set_up(config)  # so that weights do not depend on what came before
    model = _model(config, data.classes, data.counts)
    resume = parts.checkpoint_of(config.resume, output, model)
    if resume is not None:
        _check_own(Path(resume), output)
    step = _step(Path(resume), model, data) if resume is not None else 0
    over = model.schedule.finished
    keeping = [best_checkpoint(output, model.monitor, model.schedule.mode), PhaseEnds()]
    trainer = _trainer(config, output, keeping, going_on=resume is not None)
    batches = trainer.val_check_interval = data.batches(trainer.world_size)
    trainer.fit_loop.epoch_loop.max_steps = _most(config, step + batches * model.schedule.left)
    with parts.begun(trainer, config, output, words, CATALOGUE):
        if trainer.is_global_zero:
            _tell(output, data, model, resume)
        if not over:
            trainer.fit(model, datamodule=data, ckpt_path=resume, weights_only=True)
        if not trainer.is_global_zero:
            return None
        figures = finished(config, trainer, model, data, output)
    return figures | {"seconds": round(time.perf_counter() - start, 1)}


def _model(config: "DictConfig", classes: Iterable[str], counts: Iterable[int]) -> "Classifier":
    return parts.made(config.model, CATALOGUE, classes=list(classes), counts=list(counts))


def _data(config: "DictConfig") -> "Pictures":
    """Read the pictures, so that wrong ones leave no folder behind."""
    split = config.split
    shares = split if isinstance(split, str) else ",".join(map(str, split))
    data = parts.made(
        config.data,
        CATALOGUE,
        split=shares,
        side=max(config.sizes),
        watch=_reading,
    )
    data.setup()
    return data


def _reading(steps: Iterable[T], total: int) -> Iterable[T]:
    return progress(steps, "reading", total)


def _trainer(
    config: "DictConfig", output: Path, keeping: "list[Checkpoint]", *, going_on: bool
) -> "Trainer":
    """Make a trainer that counts in steps, from which a training goes on exactly."""
    counted = {"max_epochs": -1, "check_val_every_n_epoch": None, "val_check_interval": 1}
    return parts.trainer_of(config, output, keeping, CATALOGUE, going_on=going_on, **counted)


def _most(config: "DictConfig", steps: int) -> int:
    """Return how many steps there may be, of so many that the phases take."""
    wanted = config.trainer.max_steps
    return steps if wanted < 0 else min(steps, wanted)


def _check_own(resume: Path, output: Path) -> None:
    """Refuse to go on in another folder, which has not the best weights so far."""
    if resume.resolve().parent != output.resolve():
        raise InputError(
            f"{resume} goes on in its own folder alone, where its best weights are: give "
            f"output_dir={resume.parent} resume=auto"
        )


def _step(resume: Path, model: "Classifier", data: "Pictures") -> int:
    """Take up where a checkpoint's phases stand; refuse another's.

    Returns
    -------
    The step at which its epoch began, which the phases count whole until it is validated.
    """
    from stemgan.cli.export import read_checkpoint
    from stemgan_data_prep.catalogue.sides import NAME, read_split

    kept = read_checkpoint(resume)
    own = dict(model.hparams)
    if kept["hyper_parameters"] != own:
        odd = next(key for key in own if kept["hyper_parameters"].get(key) != own[key])
        raise InputError(
            f"{resume} was trained with another {odd}: give the overrides and images that it "
            "was trained with"
        )
    table = resume.parent / NAME
    if table.is_file():
        for split, pictures in data.sides.items():
            before = [(one.key, one.label) for one in read_split(table, split)]
            if before != [(one.key, one.label) for one in pictures]:
                raise InputError(
                    f"the {split} pictures are not those of {table}: give the images and the "
                    "split that it was trained with, or choose another output_dir"
                )
    model.schedule.load_state_dict(kept["phases"]["schedule"])
    batches = kept["loops"]["fit_loop"]["epoch_loop.batch_progress"]
    within = 0 if batches["is_last_batch"] else batches["current"]["processed"]
    return kept["global_step"] - within


def _tell(output: Path, data: "Pictures", model: "Classifier", resume: str | None) -> None:
    """Write which pictures are on which side, and say what is trained on."""
    from stemgan_data_prep.catalogue.sides import NAME, write_split

    write_split(output / NAME, data.sides, data.contents)
    say_left_out(data.left_out)
    counts = ", ".join(f"{len(pictures)} {split}" for split, pictures in data.sides.items())
    say(f"{amount(len(data.classes), 'class')} ({', '.join(data.classes)}): {counts}")
    if not data.sides["test"]:
        say(
            "no picture is kept for a test: figures will be of the validation pictures, by "
            "which the weights are chosen, and rather too good; give more groups, or another "
            "split="
        )
    if model.network.origin != "random" and resume is None:
        say(f"the backbone starts from {model.network.origin}")
