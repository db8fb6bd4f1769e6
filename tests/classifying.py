"""Small pictures of three kinds, and trainings of a classifier on them that take seconds."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from PIL import Image

KINDS = ("bars", "dots", "flat")


def pictures(folder: Path, count: int = 12, side: int = 40) -> Path:
    """Write a folder of PNG files for each kind, `count` of each."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:side, :side]
    for kind in KINDS:
        (folder / kind).mkdir(parents=True)
        for number in range(count):
            first, second = random.uniform(0, 6, 2)
            along = np.sin(random.uniform(0.6, 0.9) * x + first)
            down = np.sin(random.uniform(0.6, 0.9) * y + second)
            shape = {"bars": along, "dots": along * down, "flat": np.zeros_like(along)}[kind]
            image = 128 + 60 * shape + random.normal(0, 12, (side, side))
            Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(
                folder / kind / f"{number:02}.png"
            )
    return folder


def overrides(images: Path, output: Path, *more: str) -> list[str]:
    """List the overrides of a training of four steps an epoch, without a word."""
    return [
        f"images={images.as_posix()}",
        f"output_dir={output.as_posix()}",
        "split=[0.7,0.15,0.15]",
        "backbone=resnet18",
        "sizes=[32]",
        "epochs=2",
        "data.batch_size=6",
        "data.workers=0",
        "watching=none",
        "report=false",
        "+trainer.enable_progress_bar=false",
        *more,
    ]


def checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint."""
    return torch.load(path, weights_only=True)


class SameWeights(Callback):
    """Fail where processes do not have the same parameters in the end."""

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compare."""
        own = torch.stack([one.detach().double().sum() for one in pl_module.parameters()])
        every = [torch.empty_like(own) for _ in range(trainer.world_size)]
        torch.distributed.all_gather(every, own)
        assert all(torch.equal(own, other) for other in every)
        assert trainer.world_size > 1
