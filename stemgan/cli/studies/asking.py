"""From the configuration of a study to what is asked for, with plain types."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from stemgan.cli.inputs import expand
from stemgan.errors import InputError, check_whole
from stemgan.study.planning import Request
from stemgan.study.sources import SYNTHETIC

_PARTS = 100_000


class Running(NamedTuple):
    """How a study is run: where, in how many processes, and which part of it."""

    folder: Path
    workers: int | None
    part: int
    parts: int
    overwrite: bool
    report: bool


def request_of(entries: Mapping[str, Any]) -> Request:
    """Return what a configuration asks for; files are looked up.

    Raises
    ------
    InputError : an image that there is none of, or an entry of the wrong kind.
    """
    files = files_of(entries["images"])
    folder = Path(str(entries["output_dir"]))
    if folder.resolve() in {Path(file).resolve().parent for file in files}:
        raise InputError(f"output_dir {folder} holds the images: choose another")
    return Request(
        images=files,
        scans=_several(entries["scans"]),
        coverages=_several(entries["coverages"]),
        methods=[str(name) for name in _several(entries["methods"])],
        doses=[None if one == "none" else one for one in _several(entries["doses"], bare=True)],
        dwells=_several(entries["dwells"]),
        lags=_several(entries["lags"]),
        synthetic=entries_of(entries, "synthetic"),
        flyback=entries["flyback"],
        settling=entries["settling"],
        controls=_truth(entries, "controls"),
        features=_features(entries),
        crop=entries["crop"],
        by=entries["by"],
        seed=entries["seed"],
        device=str(entries["device"]),
        examples=entries["examples"],
    )


def files_of(value: Any) -> Sequence[Path | str]:  # noqa: ANN401 (what YAML holds)
    """Return the files that the entry `images` names, or ["synthetic"].

    Raises
    ------
    InputError : there is no such file, or files are named beside simulated images.
    """
    images = [str(name) for name in _several(value)]
    if SYNTHETIC in images and len(images) > 1:
        raise InputError("images=synthetic goes alone: study files and simulated ones apart")
    return images if images == [SYNTHETIC] or not images else expand(images)


def running_of(entries: Mapping[str, Any]) -> Running:
    """Return how a configuration wants a study run.

    Raises
    ------
    InputError : a part that there is none of, or an entry of the wrong kind.
    """
    workers, part, parts = (entries[name] for name in ("workers", "part", "parts"))
    if workers is not None:
        check_whole("workers", workers, 1)
    check_whole("parts", parts, 1)
    check_whole("part", part, 0)
    if part >= parts:
        raise InputError(f"part={part} of parts={parts} is none: parts are counted from 0")
    overwrite = _truth(entries, "overwrite")
    if overwrite and parts > 1:
        raise InputError("overwrite=true would remove what other parts do: remove the folder")
    if not str(entries["output_dir"] or ""):
        raise InputError("output_dir is empty: name a folder")
    folder = Path(str(entries["output_dir"]))
    return Running(folder, workers, part, parts, overwrite, _truth(entries, "report"))


def _several(value: Any, *, bare: bool = False) -> Sequence[Any]:  # noqa: ANN401 (what YAML holds)
    """Return a list, of one value a list of it; null is an empty list, unless `bare`."""
    if isinstance(value, list):
        return value
    return [] if value is None and not bare else [value]


def entries_of(entries: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a group of entries; none where it is null.

    Raises
    ------
    InputError : it is no group.
    """
    value = entries[name] or {}
    if not isinstance(value, dict):
        raise InputError(f"{name}={value}: give entries, such as {name}.images=10")
    return value


def _features(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is looked for; nothing where no kind is named."""
    features = entries_of(entries, "features")
    return features if features.get("kinds") else {}


def _truth(entries: Mapping[str, Any], name: str) -> bool:
    value = entries[name]
    if not isinstance(value, bool):
        raise InputError(f"{name}={value}: say true or false")
    return value
