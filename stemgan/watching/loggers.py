"""Sending pictures to those loggers that take some."""

from typing import TYPE_CHECKING, Any

from lightning.pytorch import Trainer
from lightning.pytorch.loggers import WandbLogger

if TYPE_CHECKING:
    from PIL.Image import Image


def send_pictures(trainer: Trainer, name: str, pictures: "list[Image]") -> None:
    """Send pictures to Weights & Biases, where the run goes there; on the first process."""
    for logger in trainer.loggers:
        if isinstance(logger, WandbLogger):
            images: list[Any] = list(pictures)
            logger.log_image(name, images, step=trainer.global_step)
