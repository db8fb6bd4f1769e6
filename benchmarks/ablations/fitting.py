"""One run: an arm is trained for as many steps as its operations allow, then judged."""

import logging
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from arms import FULL, Arm
from lightning.pytorch import Callback, LightningModule, Trainer
from samples import FIXED, SPIRAL, TRAIN, Kept
from torch.utils.data import DataLoader

from stemgan import losses
from stemgan.data import Batch
from stemgan.data.samples import collate
from stemgan.infill import gap_length, gaussian_blur, smooth
from stemgan.networks import Completion, Generator
from stemgan.networks.features import BEST, SMOOTHED
from stemgan.scan import FAMILIES
from stemgan.training import Engine
from stemgan.weights import load_generator

Errors = dict[str, dict[str, list[Any]]]


def order(count: int, wanted: int, seed: int) -> list[int]:
    """Draw samples: all in random order, and again in another, as often as it takes."""
    rng = np.random.default_rng(seed)
    rounds = [rng.permutation(count) for _ in range(-(-wanted // count))]
    return np.concatenate(rounds)[:wanted].tolist()


class _Says(Callback):
    def __init__(self, name: str, steps: int) -> None:
        self.name, self.steps, self.last = name, steps, time.monotonic()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, *_: object
    ) -> None:
        if time.monotonic() - self.last > 30:
            self.last = time.monotonic()
            loss = trainer.callback_metrics.get("train/loss", torch.tensor(torch.nan))
            step = f"{self.name} {trainer.global_step}/{self.steps}"
            print(f"  {step} loss {loss:.4f}", flush=True)


def fit(
    arm: Arm, seed: int, steps: int, samples: dict[str, Kept], device: torch.device
) -> tuple[Errors, float]:
    """Train an arm, and return its errors and the seconds that training took."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        training = arm.make(steps)
    pool = samples[SPIRAL if arm.fixed else TRAIN]
    start = time.perf_counter()
    _train(
        training,
        _loader(pool, order(len(pool), steps * arm.batch, seed), arm.batch),
        _Says(f"{arm.name} seed {seed}", steps),
        device,
    )
    seconds = time.perf_counter() - start
    training.to(device).eval()
    judged = [FIXED] if arm.fixed else _judged(samples)
    return judge(training.complete, judged, samples, device), seconds


def _train(training: Engine, loader: DataLoader, says: _Says, device: torch.device) -> None:
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        # No loading processes, no loop of validation, few steps: all meant.
        warnings.simplefilter("ignore")
        trainer = Trainer(
            max_steps=says.steps,
            max_epochs=-1,
            accelerator="gpu" if device.type == "cuda" else "cpu",
            devices=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            limit_val_batches=0,
            callbacks=[says],
        )
        trainer.fit(training, loader)
    if trainer.global_step != says.steps:
        raise RuntimeError(f"{says.name}: {trainer.global_step} steps of {says.steps}")


def _loader(samples: Kept, indices: list[int], batch: int) -> DataLoader:
    return DataLoader(samples, batch_size=batch, sampler=indices, collate_fn=collate)


def _judged(samples: dict[str, Kept]) -> list[str]:
    return [name for name in samples if name not in (TRAIN, SPIRAL)]


def judge(
    complete: Callable[[Batch], Completion],
    names: list[str],
    samples: dict[str, Kept],
    device: torch.device,
) -> Errors:
    """Return each validation sample's error, of blurred and raw truth [% of its range]."""
    return {name: _errors(complete, samples[name], device) for name in names}


@torch.no_grad()
def _errors(
    complete: Callable[[Batch], Completion], samples: Kept, device: torch.device
) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {"blurred": [], "raw": [], "family": []}
    for batch in _batches(samples, device):
        out, blurred = complete(batch), gaussian_blur(batch.target)
        pairs = {"blurred": (out.image, blurred), "raw": (out.raw, batch.target)}
        for name, (image, truth) in pairs.items():
            error = 100 * losses.relative_rmse(image, truth, batch.span)
            found[name] += [round(value, 5) for value in error.tolist()]
        found["family"] += [FAMILIES[i] for i in batch.family.tolist()]
    return found


def _batches(samples: Kept, device: torch.device) -> Iterator[Batch]:
    for batch in _loader(samples, list(range(len(samples))), FULL.batch):
        yield Batch(*(None if field is None else field.to(device) for field in batch))  # type: ignore[arg-type]


def _kriged(batch: Batch) -> Completion:
    assert batch.kriged is not None
    return Completion(batch.kriged, batch.kriged, None, None, None)


def _blurred(batch: Batch) -> Completion:
    assert batch.kriged is not None
    return Completion(gaussian_blur(batch.kriged), batch.kriged, None, None, None)


def _smoothed(batch: Batch) -> Completion:
    smoothed = smooth(batch.infill, SMOOTHED[BEST] * gap_length(batch.distance))
    return Completion(smoothed, smoothed, None, None, None)


UNTRAINED: dict[str, tuple[str, Callable[[Batch], Completion]]] = {
    "kriging": ("kriging alone, nothing trained", _kriged),
    "kriging-blurred": ("kriging, blurred as the truth is, nothing trained", _blurred),
    "smoothed": ("nearest infill smoothed by 0.3 gaps, nothing trained", _smoothed),
}


def without(
    arm: Arm, model: str, samples: dict[str, Kept], device: torch.device
) -> tuple[str, Errors]:
    """Return what is other, and the errors of trained weights that are changed as an arm is."""
    generator, _ = load_generator(model)
    assert isinstance(generator, Generator)
    changes = "as shipped"
    if arm.change is not None:
        arm.change(generator)
        changes = f"{arm.changes}; not trained again"
    generator.to(device)

    def complete(batch: Batch) -> Completion:
        assert batch.kriged is not None
        return generator(batch.infill, batch.dwell, batch.distance, batch.kriged)

    return changes, judge(complete, _judged(samples), samples, device)


def untrained(samples: dict[str, Kept], device: torch.device) -> dict[str, Errors]:
    """Return the errors of what needs no training."""
    names = _judged(samples)
    return {
        name: judge(complete, names, samples, device)
        for name, (_, complete) in UNTRAINED.items()
    }
