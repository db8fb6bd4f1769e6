"""What a training run says of itself: read from its checkpoint and the files beside it."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_PLACES = ("output_dir", "default_root_dir", "save_dir", "folder", "resume")
_SOURCES = ("datasets", "weights")

Node = dict[str, Any]


def summary_of(checkpoint: Node, path: Path) -> Node:
    """Return what weights should say of their training.

    Steps, phase, images trained on, the error of the last validation up to these weights by
    name, the code's revision, the datasets' digests and the configuration; what the run's
    folder does not tell is left out.

    Parameters
    ----------
    checkpoint : of `stemgan train`.
    path : its file, in the folder of its run.
    """
    import stemgan

    steps = checkpoint["global_step"]
    configuration = _configuration(path.with_name("config.yaml"))
    starts = _starts(path.with_name("run.json"))
    batch_size = ((configuration or {}).get("data") or {}).get("batch_size")
    found = {
        "steps": steps,
        "phase": _phase(checkpoint["hyper_parameters"], steps),
        "stemgan": stemgan.__version__,
        "val_rmse_blurred": _best_error(checkpoint, path.name),
        "images_seen": _images_seen(starts, steps, batch_size),
        "validation": _last_validation(checkpoint, path.parent),
        "code": starts[-1].get("code") if starts else None,
        "datasets": starts[-1].get("datasets") if starts else None,
    }
    known = {key: value for key, value in found.items() if value is not None}
    return known | {"configuration": configuration}


def _phase(settings: Node, steps: int) -> str:
    late = settings.get("adversarial_steps") and steps > settings["fidelity_steps"]
    return "adversarial" if late else "fidelity"


def _best_error(checkpoint: Node, name: str) -> float | None:
    """Return the validation error where it is that of these very weights.

    Every checkpoint knows the error of the best one, and what that one's file is called.
    """
    for key, state in checkpoint.get("callbacks", {}).items():
        if not key.startswith("ModelCheckpoint") or state["best_model_score"] is None:
            continue
        if _last_part(state["best_model_path"]) == name:
            return round(float(state["best_model_score"]), 4)
    return None


def _starts(path: Path) -> list[Node]:
    """Return what the run noted whenever it started."""
    return json.loads(path.read_text("utf-8"))["starts"] if path.is_file() else []


def _images_seen(starts: list[Node], steps: int, batch_size: int | None) -> int | None:
    """Count the images of all steps: a start takes the place of steps that came after it."""
    if not starts or batch_size is None:
        return None
    images, end = 0, steps
    for start in reversed(starts):
        if start["step"] < end:
            images += (end - start["step"]) * start["processes"] * batch_size
            end = start["step"]
    return images


def _last_validation(checkpoint: Node, folder: Path) -> Node | None:
    """Return the figures of the last validation up to a checkpoint, and its step."""
    try:
        progress = checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]
        batches = progress["total"]["processed"]
    except KeyError:
        return None
    # Figures bear the number of batches ahead of theirs; some batches make no step.
    skipped = batches - checkpoint["global_step"]
    rows = [row for row in _validations(folder) if int(row["step"]) < batches]
    if not rows:
        return None
    last = max(rows, key=lambda row: int(row["step"]))
    figures = {
        name: round(float(value), 4)
        for name, value in last.items()
        if value and name.startswith(("val/", "seen/"))
    }
    return {"steps": max(0, int(last["step"]) + 1 - skipped), **figures}


def _validations(folder: Path) -> Iterator[Node]:
    """Yield the logged rows that hold a validation, the latest resumption's first."""
    paths = folder.glob("metrics/version_*/metrics.csv")
    for path in sorted(paths, key=lambda p: int(p.parent.name.split("_")[1]), reverse=True):
        with path.open(newline="", encoding="utf-8") as file:
            yield from (row for row in csv.DictReader(file) if row.get("val/rmse_blurred"))


def _configuration(path: Path) -> Node | None:
    """Return the configuration that the run wrote beside its checkpoints, without its places.

    Weights travel: where they were made is nobody's business, so only the names are kept.
    """
    from omegaconf import OmegaConf

    if not path.is_file():
        return None
    return without_places(OmegaConf.to_container(OmegaConf.load(path), resolve=True))


def without_places(node: Any) -> Any:  # noqa: ANN401 (whatever a configuration holds)
    """Leave out the folders of a configuration, and cut paths of sources to their names."""
    if isinstance(node, list):
        return [without_places(value) for value in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _last_part(value) if key in _SOURCES else without_places(value)
        for key, value in node.items()
        if key not in _PLACES
    }


def _last_part(path: Any) -> Any:  # noqa: ANN401 (a path, several, or none)
    """Return the name of a file or folder of any system, or of each in a list."""
    if isinstance(path, list):
        return [_last_part(one) for one in path]
    return re.split(r"[/\\]", path)[-1] if isinstance(path, str) else path
