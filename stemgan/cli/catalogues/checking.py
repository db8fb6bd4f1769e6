"""What a configuration of `stemgan catalogue train` must not say."""

from pathlib import Path
from typing import TYPE_CHECKING

from stemgan.errors import InputError, check_whole

if TYPE_CHECKING:
    from omegaconf import DictConfig


def check(config: "DictConfig") -> None:
    """Refuse what can be seen to be wrong before anything is read.

    Raises
    ------
    InputError : no images, or what contradicts training by epochs.
    """
    if not config.images:
        raise InputError("no images are given: say images=FOLDER")
    steps = config.trainer.max_steps
    if steps != -1:
        check_whole("trainer.max_steps", steps, 1)
    _check_apart(config)
    if config.trainer.get("val_check_interval") is not None:
        raise InputError("validation follows every epoch: leave trainer.val_check_interval out")
    if config.trainer.get("max_epochs", -1) not in (-1, None):
        raise InputError("say how many epochs by epochs=N: leave trainer.max_epochs out")


def _check_apart(config: "DictConfig") -> None:
    """Refuse an output among the images: its report's would be a class the next time."""
    given = [config.images] if isinstance(config.images, str) else list(config.images)
    output = Path(config.output_dir)
    for place in given:
        if output.resolve().is_relative_to(Path(place).resolve()):
            raise InputError(
                f"output_dir {output} lies in {place}, whose images are trained on: choose "
                "another"
            )
