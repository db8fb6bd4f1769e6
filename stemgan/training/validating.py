"""What every training is validated by: errors of fixed scans, of held-out and seen images."""

from typing import Any, cast

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from stemgan import losses
from stemgan.data import Batch
from stemgan.infill import gaussian_blur
from stemgan.metrics import ErrorByDistance
from stemgan.metrics.validation import ValidationErrors
from stemgan.networks import Completion
from stemgan.scan import FAMILIES

VALIDATED = ("val", "seen")
"""Held-out images, and as many training images: where their errors part, training overfits."""


class Validating(LightningModule):
    """Measure completions; the figures are those of all processes together."""

    def __init__(self) -> None:
        super().__init__()
        self.errors = nn.ModuleDict({name: ValidationErrors(FAMILIES) for name in VALIDATED})
        self.errors_by_distance = ErrorByDistance()

    def complete(self, batch: Batch) -> Completion:
        """Complete partial scans by the weights that are validated, in the batch's scale."""
        raise NotImplementedError

    def on_validation_epoch_start(self) -> None:
        """Start anew."""
        self.errors_by_distance = ErrorByDistance()

    def validation_step(
        self, batch: Batch, batch_idx: int, dataloader_idx: int = 0
    ) -> dict[str, Tensor | None]:
        """Measure the error; returns the completion, for pictures."""
        out = self.complete(batch)
        blurred = gaussian_blur(batch.target)
        errors = cast("ValidationErrors", self.errors[VALIDATED[dataloader_idx]])
        errors.update(
            out.image, out.raw, batch.target, blurred, batch.kriged, batch.span, batch.family
        )
        if dataloader_idx == 0:
            self._add_by_distance(out.image, blurred, batch)
        return {"image": out.image, "log_std": out.log_std}

    def _add_by_distance(self, image: Tensor, blurred: Tensor, batch: Batch) -> None:
        span = batch.span.clamp_min(losses.LEAST_RANGE)[:, None, None, None]
        error = (100 * (image - blurred) / span).float().cpu().numpy()
        for one, distance in zip(error, batch.distance.cpu().numpy(), strict=True):
            self.errors_by_distance.update(one[0], distance[0])

    def on_validation_epoch_end(self) -> None:
        """Log what all ranks measured together."""
        for name, errors in self.errors.items():
            metric = cast("ValidationErrors", errors)
            for figure, value in metric.compute().items():
                if name == "val" or figure == "rmse_blurred":
                    shown = figure == "rmse_blurred"
                    self.log(f"{name}/{figure}", value, prog_bar=shown, sync_dist=True)
            metric.reset()
        self.errors_by_distance = _over_ranks(self.errors_by_distance)


def _over_ranks(profile: ErrorByDistance) -> ErrorByDistance:
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return profile
    packed: list[Any] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(packed, profile.pack())
    return sum((ErrorByDistance.unpack(one) for one in packed), ErrorByDistance())
