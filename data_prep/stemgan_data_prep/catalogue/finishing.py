"""What a training leaves: a classifier whose confidence is right, and how good it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from stemgan_data_prep.catalogue.calibration import fit_temperature, probabilities
from stemgan_data_prep.catalogue.classifier_file import FILE_NAME, Info, save_classifier
from stemgan_data_prep.catalogue.measures import figures
from stemgan_data_prep.catalogue.predicting import (
    Predictions,
    Watch,
    logits,
    predict,
    unwatched,
)

if TYPE_CHECKING:
    from stemgan_data_prep.catalogue.backbones import Network
    from stemgan_data_prep.catalogue.loading import Pictures
    from stemgan_data_prep.catalogue.squares import Squares

CHOSEN_ON = (
    "These are validation pictures, by which the weights were chosen: no picture was kept for "
    "a test, so that the figures are rather too good."
)
"""What a report on validation pictures says."""

_SUMMED = ("images", "groups", "accuracy", "precision", "recall", "f1", "ece", "log_loss")


def finish(
    folder: Path,
    network: "Network",
    data: "Pictures",
    side: int,
    training: Mapping[str, Any],
    *,
    report: bool = True,
    device: str = "cpu",
    watch: Watch = unwatched,
) -> dict[str, Any]:
    """Write a trained classifier's file, and a report on pictures that did not train it.

    Parameters
    ----------
    folder : of the run: `classifier.safetensors`, and report/ if that is wanted.
    network : with its best weights.
    data : what it was trained on.
    side : of the pictures that it was validated on [px].
    training : what the file says of the training besides.
    report : whether to write the report: on the test pictures, or on those of validation where
        there are none.
    device : "auto", "cpu" or "cuda".
    watch : see `predict`.

    Returns
    -------
    temperature, val and test (the figures of `measures.figures`; test is None where there are
    no such pictures), classifier and report (paths).

    Raises
    ------
    InputError : a file cannot be written.
    """
    from stemgan.reconstruct.devices import choose_device
    from stemgan_data_prep.catalogue.reporting import write_report

    network = network.to(choose_device(device)).eval()
    val = cast("Squares", data.val_dataloader().dataset)
    given = logits(network, val.images[val.numbers], side, data.batch_size)
    truth = val.labels[val.numbers]
    temperature = fit_temperature(given, truth)
    found: dict[str, Any] = {"temperature": temperature}
    chances = probabilities(given, temperature)
    pictures = data.sides
    found["val"] = figures(chances, truth, data.classes, [p.group for p in pictures["val"]])
    found["test"] = None
    info = Info(data.classes, network.name, side, temperature, {})
    if pictures["test"]:
        tested = predict(network, info, pictures["test"], device=device, watch=watch)
        found["test"] = _tested(tested)
    else:
        tested = Predictions(pictures["val"], chances, data.classes)
    said = {**training, "val": _summed(found["val"]), "test": _summed(found["test"])}
    info = Info(data.classes, network.name, side, temperature, said)
    found["classifier"] = str(folder / FILE_NAME)
    save_classifier(folder / FILE_NAME, network, info)
    found["report"] = None
    if report:
        notes = [] if pictures["test"] else [CHOSEN_ON]
        facts = _facts(data, info, network, training)
        write_report(folder / "report", tested, facts=facts, notes=notes)
        found["report"] = str(folder / "report" / "report.html")
    return found


def _tested(predictions: Predictions) -> dict[str, Any]:
    number = {name: index for index, name in enumerate(predictions.classes)}
    truth = np.array([number[picture.label] for picture in predictions.pictures])
    groups = [picture.group for picture in predictions.pictures]
    return figures(predictions.probabilities, truth, predictions.classes, groups)


def _summed(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if found is None else {name: found[name] for name in _SUMMED}


def _facts(
    data: "Pictures", info: Info, network: "Network", training: Mapping[str, Any]
) -> dict[str, Any]:
    counts = {split: len(pictures) for split, pictures in data.sides.items()}
    return {
        "backbone": info.backbone,
        "start": training.get("start"),
        "parameters": sum(one.numel() for one in network.parameters()),
        "side [px]": info.side,
        "temperature": round(info.temperature, 3),
        "pictures": ", ".join(f"{count} {split}" for split, count in counts.items()),
        "steps": training.get("steps"),
        "seed": training.get("seed"),
    }
