"""The end of `stemgan catalogue train`: a classifier of the best weights, judged."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.cli.common import progress

if TYPE_CHECKING:
    from lightning.pytorch import Trainer
    from omegaconf import DictConfig

    from stemgan_data_prep.catalogue.classifier import Classifier
    from stemgan_data_prep.catalogue.loading import Pictures


def finished(
    config: "DictConfig",
    trainer: "Trainer",
    model: "Classifier",
    data: "Pictures",
    output: Path,
) -> dict[str, Any]:
    """Make the classifier of the best weights, judge it, and log how good it is.

    Parameters
    ----------
    config : of the run.
    trainer, model, data : after the training.
    output : the folder of the run.

    Returns
    -------
    Where the classifier is, of what it was made, and how good it is.
    """
    from stemgan_data_prep.catalogue.finishing import finish

    best = _best(output)
    model.load_state_dict(best["state_dict"])
    model.schedule.load_state_dict(best["phases"]["schedule"])
    last = _state(output / "last.ckpt")["global_step"]
    training = {
        "start": config.start,
        "pretrained": Path(config.pretrained).name if config.pretrained else None,
        "sizes": list(config.sizes),
        "steps": last,
        "best_step": best["global_step"],
        "seed": config.seed,
        "pictures": {split: len(pictures) for split, pictures in data.sides.items()},
    }
    device = "cuda" if trainer.strategy.root_device.type == "cuda" else "cpu"
    side = model.schedule.phase.side
    found = finish(
        output,
        model.network,
        data,
        side,
        training,
        report=config.report,
        device=device,
        watch=progress,
    )
    _log(trainer, found, last)
    return {
        "output_dir": str(output),
        "classes": list(data.classes),
        "side": side,
        "phase": model.phase,
        **training,
        **found,
    }


def _best(output: Path) -> dict[str, Any]:
    """Return the best checkpoint, or the last of a training too short for a validation."""
    best = output / "best.ckpt"
    return _state(best if best.is_file() else output / "last.ckpt")


def _state(path: Path) -> dict[str, Any]:
    from stemgan.cli.export import read_checkpoint

    return read_checkpoint(path)


def _log(trainer: "Trainer", found: dict[str, Any], step: int) -> None:
    """Send the last figures, and the confusion matrix, to where the others went."""
    from PIL import Image

    from stemgan.watching.loggers import send_pictures

    figures = {"temperature": found["temperature"]}
    for split in ("val", "test"):
        for name, value in (found[split] or {}).items():
            if isinstance(value, float):
                figures[f"final_{split}/{name}"] = value
    for logger in trainer.loggers:
        logger.log_metrics(figures, step)
        logger.save()
    if found["report"]:
        with Image.open(Path(found["report"]).parent / "confusion.png") as picture:
            send_pictures(trainer, "confusion", [picture.convert("RGB")])
