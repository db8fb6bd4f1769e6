"""Pictures of validation scans: partial scan, completion, truth, error and uncertainty."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from lightning.pytorch import Callback, LightningModule, Trainer
from numpy.typing import NDArray

from stemgan.data import Batch
from stemgan.files import whole_file
from stemgan.images.pictures import picture
from stemgan.scan import FAMILIES
from stemgan.watching.loggers import send_pictures

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

Panel = tuple[str, NDArray[np.floating]]
_LARGEST_ERROR = 20.0
"""Drawn white, and less is drawn black [% of the truth's range]."""


class Panels(Callback):
    """Draw some validation scans, the same ones every time, to ``panels/`` and to wandb.

    A picture a validation, a row a scan: the partial scan, the completion by the weights that
    are validated, the truth, the signed error, and the standard deviation where the network
    estimates one. The first process draws its own part of the validation.

    Parameters
    ----------
    folder : the run's.
    count : scans a picture; 0 draws none.
    every : validations between two pictures.
    """

    def __init__(self, folder: str | Path, count: int = 4, every: int = 1) -> None:
        self.folder, self.count, self.every = Path(folder) / "panels", count, max(1, every)
        self._rows: list[Image] = []
        self._validations = 0

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 (Lightning's)
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Take what is to be drawn of a batch of held-out scans."""
        if not trainer.is_global_zero or dataloader_idx or self._validations % self.every:
            return
        # Spread over all batches, as datasets come one after another.
        due = math.ceil(self.count * (batch_idx + 1) / trainer.num_val_batches[0])
        for i in range(min(due - len(self._rows), len(batch.target))):
            panels, limits = _panels(batch, outputs["image"], outputs["log_std"], i)
            self._rows.append(picture(panels, limits=limits))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write and send the picture."""
        rows, self._rows = self._rows, []
        self._validations += not trainer.sanity_checking
        if trainer.sanity_checking or not rows:
            return
        sheet = _stacked(rows)
        self.folder.mkdir(parents=True, exist_ok=True)
        with whole_file(self.folder / f"step_{trainer.global_step:08d}.png") as path:
            sheet.save(path)
        send_pictures(trainer, "val/panels", [sheet])

    def state_dict(self) -> dict[str, int]:
        """Keep the count of validations."""
        return {"validations": self._validations}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Go on counting."""
        self._validations = state_dict["validations"]


def _panels(
    batch: Batch, image: "Tensor", log_std: "Tensor | None", i: int
) -> tuple[list[Panel], list[tuple[float, float]]]:
    """Return sample i's panels with their captions, and the limits of their greys."""
    truth, completed, infill = (
        _array(field[i]) for field in (batch.target, image, batch.infill)
    )
    partial = np.where(_array(batch.dwell[i]) > 0, infill, np.nan)
    span = max(float(batch.span[i]), 1e-6)
    error = 100 * (completed - truth) / span
    low, high = (float(x) for x in np.percentile(truth, (0.5, 99.5)))
    family, coverage = FAMILIES[int(batch.family[i])], float(batch.coverage[i])
    rmse = float(np.sqrt(np.mean(error**2)))
    panels = [
        (f"{family}\n1/{1 / max(coverage, 1e-6):.1f}", partial),
        ("completion", completed),
        ("truth", truth),
        (f"error, raw truth\n{rmse:.2f} % RMSE", error),
    ]
    limits = [(low, high)] * 3 + [(-_LARGEST_ERROR, _LARGEST_ERROR)]
    if log_std is not None:
        std = 100 * np.exp(_array(log_std[i])) / span
        panels.append((f"uncertainty\nmean {float(std.mean()):.2f} %", std))
        limits.append((0.0, _LARGEST_ERROR / 2))
    return panels, limits


def _array(image: "Tensor") -> NDArray[np.float32]:
    return image[0].detach().float().cpu().numpy()


def _stacked(rows: "list[Image]") -> "Image":
    from PIL import Image

    sheet = Image.new(
        "RGB", (max(row.width for row in rows), sum(row.height for row in rows)), "white"
    )
    top = 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height
    return sheet
