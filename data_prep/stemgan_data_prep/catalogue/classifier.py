"""Training a classifier: one network, its phases, and what is measured on the way."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from stemgan.errors import check_number
from stemgan.training.divergence import Diverged, keep_step
from stemgan_data_prep.catalogue.augment import Augmentation, augmented, plain
from stemgan_data_prep.catalogue.backbones import make_network
from stemgan_data_prep.catalogue.objective import check_start, monitored, weights_of
from stemgan_data_prep.catalogue.phasing import PhasedTraining
from stemgan_data_prep.catalogue.schedule import Schedule, phases
from stemgan_data_prep.catalogue.squares import Batch


class Classifier(PhasedTraining):
    """Train a network to tell classes.

    The loss is cross-entropy, with weights of the classes whose mean over training pictures
    is 1. Adam's rates fall by `plateau_factor` when the monitored figure has not improved for
    more than `plateau_patience` epochs. What is random in a step follows from (seed, step), so
    that a training that was interrupted goes on exactly.

    Parameters
    ----------
    classes : their names.
    counts : training pictures of each.
    backbone, pretrained, dropout : of the network, see `make_network`.
    start, sizes, epochs, head_epochs, learning_rate, fine_tuning : see `schedule.phases`.
    class_weights : "balanced", inversely as their counts, or "none".
    label_smoothing : share of the truth that is spread over all classes.
    monitor : "loss" or "macro_f1", of the validation pictures.
    patience : epochs without improvement, after which a phase ends.
    plateau_patience, plateau_factor : of the learning rates.
    augmentation : how training pictures are changed.
    channels_last : memory order of the convolutions, which most hardware prefers.
    seed : of augmentation and dropout.

    Raises
    ------
    InputError : a choice or a number that there cannot be, or weights that do not fit.
    """

    def __init__(
        self,
        classes: Sequence[str],
        counts: Sequence[int],
        backbone: str = "resnet18",
        start: str = "scratch",
        pretrained: str | Path | None = None,
        *,
        sizes: Sequence[int] = (224,),
        epochs: int | Sequence[int] = 30,
        head_epochs: int = 10,
        learning_rate: float = 1e-3,
        fine_tuning: float = 0.1,
        dropout: float = 0.2,
        class_weights: str = "balanced",
        label_smoothing: float = 0.05,
        monitor: str = "loss",
        patience: int = 8,
        plateau_patience: int = 3,
        plateau_factor: float = 0.3,
        augmentation: Augmentation | None = None,
        channels_last: bool = True,
        seed: int = 0,
    ) -> None:
        from torchmetrics import MeanMetric
        from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score

        check_number("label_smoothing", label_smoothing, 0, 0.9)
        figure = monitored(monitor)
        planned = phases(
            start,
            sizes,
            epochs,
            head_epochs=head_epochs,
            learning_rate=learning_rate,
            fine_tuning=fine_tuning,
        )
        check_start(start, pretrained)
        network = make_network(backbone, len(classes), pretrained=pretrained, dropout=dropout)
        network.check_side(min(sizes))
        schedule = Schedule(planned, patience, largest=monitor != "loss")
        super().__init__(network, schedule, figure, plateau_patience, plateau_factor)
        self.label_smoothing, self.seed = label_smoothing, seed
        self.augmentation = augmentation or Augmentation()
        if channels_last:
            self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.register_buffer("weights", weights_of(class_weights, counts), persistent=False)
        count = len(classes)
        self.seen_accuracy = MulticlassAccuracy(count, average="micro")
        self.val_loss = MeanMetric()
        self.val_accuracy = MulticlassAccuracy(count, average="micro")
        self.val_macro_f1 = MulticlassF1Score(count, average="macro")
        self.save_hyperparameters(
            {
                "classes": list(classes),
                "backbone": backbone,
                "start": start,
                "augmentation": asdict(self.augmentation),
            }
        )

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch."""
        side, step = self.schedule.phase.side, self.global_step
        pictures = augmented(
            batch["image"], side, batch["key"], self.augmentation, seed=self.seed, epoch=step
        )
        with self._numbers_of(step):
            logits = self.network(pictures).float()
        loss = self._loss(logits, batch["label"], self.label_smoothing).mean()
        self._guard(loss.detach(), batch)
        self.seen_accuracy(logits, batch["label"])
        self.log("train/loss", loss, prog_bar=True)
        mean = {"on_step": False, "on_epoch": True, "batch_size": len(logits)}
        self.log("train/epoch_loss", loss, sync_dist=True, **mean)
        self.log("train/accuracy", self.seen_accuracy, **mean)
        return loss

    def _loss(self, logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
        """Return the weighted cross-entropy of each picture, (B,)."""
        each = F.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none")
        return each * self.get_buffer("weights")[labels]

    @contextmanager
    def _numbers_of(self, step: int) -> Iterator[None]:
        """Let dropout follow from the seed and the step, and leave torch's generator alone."""
        place = (self.seed, step, self.global_rank)
        number = int(np.random.SeedSequence(place).generate_state(1, np.uint32)[0])
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(number)
            yield

    def _guard(self, loss: Tensor, batch: Batch) -> None:
        """Stop ahead of a step that would poison the weights: all processes, or none."""
        mean = loss.clone()
        if self.trainer.world_size > 1:
            torch.distributed.all_reduce(mean)
        if torch.isfinite(mean):
            return
        folder, step = Path(self.trainer.default_root_dir), self.global_step
        path = keep_step(folder, step, self.global_rank, loss=loss, batch=batch)
        raise Diverged(
            f"the loss of step {step} is not finite: look at its batch in {path}, and go on "
            "from last.ckpt with a smaller learning rate"
        )

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Measure."""
        logits = self.network(plain(batch["image"], self.schedule.phase.side)).float()
        labels = batch["label"]
        self.val_loss.update(self._loss(logits, labels, 0.0))
        self.val_accuracy.update(logits, labels)
        self.val_macro_f1.update(logits, labels)
        for name in ("loss", "accuracy", "macro_f1"):
            metric = getattr(self, f"val_{name}")
            self.log(f"val/{name}", metric, on_epoch=True, prog_bar=True)

    def step_flops(self, batch: Batch) -> int:
        """Count the floating-point operations of a step: a backward pass costs two forward."""
        modes = {part: part.training for part in self.network.modules()}
        self.network.eval()
        try:
            with torch.no_grad(), FlopCounterMode(display=False) as counter:
                self.network(plain(batch["image"][:1], self.schedule.phase.side))
        finally:
            for part, mode in modes.items():
                part.training = mode
        passes = 1 if self.schedule.phase.frozen else 3
        return passes * counter.get_total_flops() * len(batch["image"])
