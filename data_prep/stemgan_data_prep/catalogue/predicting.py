"""From pictures to the probabilities of classes, and the table of these."""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stemgan.reconstruct.devices import choose_device
from stemgan_data_prep.catalogue.augment import plain
from stemgan_data_prep.catalogue.calibration import probabilities
from stemgan_data_prep.catalogue.labels import Picture
from stemgan_data_prep.catalogue.pixels import pixels
from stemgan_data_prep.catalogue.sides import content_of
from stemgan_data_prep.catalogue.tables import name_in

if TYPE_CHECKING:
    from stemgan_data_prep.catalogue.backbones import Network
    from stemgan_data_prep.catalogue.classifier_file import Info

Watch = Callable[[Iterable[Any], str, int], Iterable[Any]]
"""Wraps steps of the work to show how far it is: the steps, what they do, how many."""

_IN_MEMORY = 2**30
"""Bytes of pictures that are held in memory; more lie in a file while they are used."""

RANKS = ("class", "second", "third", "fourth", "fifth")
"""Columns of the likeliest classes."""


@dataclass(frozen=True)
class Predictions:
    """What a classifier says of pictures.

    Attributes
    ----------
    pictures : those that could be read.
    probabilities : of each class for each of them, (pictures, classes).
    classes : their names.
    left_out : (key, reason) of pictures that could not be read.
    contents : what the pictures show, see `content_of`; empty where that is not known.
    """

    pictures: list[Picture]
    probabilities: NDArray[np.float64]
    classes: tuple[str, ...]
    left_out: list[tuple[str, str]] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)

    @property
    def confidence(self) -> NDArray[np.float64]:
        """Give the probability of each picture's likeliest class, (pictures,)."""
        return self.probabilities.max(axis=1)

    def chosen(self, places: Sequence[int] | NDArray[np.integer]) -> "Predictions":
        """Keep the pictures in these places."""
        kept = np.asarray(places, np.int64)
        pictures = [self.pictures[i] for i in kept]
        contents = [self.contents[i] for i in kept] if self.contents else []
        given = self.probabilities[kept]
        return Predictions(pictures, given, self.classes, self.left_out, contents)


def unwatched(steps: Iterable[Any], doing: str, total: int) -> Iterable[Any]:
    """Show nothing."""
    del doing, total
    return steps


def predict(
    network: "Network",
    info: "Info",
    pictures: Sequence[Picture],
    *,
    device: str = "auto",
    batch_size: int = 64,
    workers: int | None = None,
    watch: Watch = unwatched,
) -> Predictions:
    """Classify pictures.

    Parameters
    ----------
    network, info : of a classifier, see `load_classifier`.
    pictures : what to classify.
    device : "auto", "cpu" or "cuda".
    batch_size : pictures that the network sees at once.
    workers : processes that read files; as many as are worth their start by default.
    watch : see `Watch`.

    Raises
    ------
    InputError : there is no such device, or no picture can be read.
    """
    network = network.to(choose_device(device)).eval()
    with _room(len(pictures) * info.side**2) as folder:
        read = pixels(
            pictures,
            info.side,
            Path(folder) if folder else None,
            workers,
            lambda steps, total: watch(steps, "reading", total),
        )
        given = logits(network, read.images, info.side, batch_size, watch)
        found = probabilities(given, info.temperature)
        contents = [content_of(image) for image in read.images]
        classes = tuple(info.classes)
        return Predictions(read.pictures, found, classes, read.left_out, contents)


def _room(size: int) -> Any:  # noqa: ANN401 (a context)
    """Give a folder for pictures that do not fit into memory, else None."""
    if size <= _IN_MEMORY:
        return nullcontext()
    return tempfile.TemporaryDirectory(prefix="stemgan-", ignore_cleanup_errors=True)


def logits(
    network: "Network",
    images: NDArray[np.uint8],
    side: int,
    batch_size: int = 64,
    watch: Watch = unwatched,
) -> NDArray[np.float32]:
    """Return the logits of images, (images, classes), where the network is.

    Parameters
    ----------
    network : in the state in which it is to be used (`eval`).
    images : (images, S, S), memory-mapped or not; one at least.
    side : at which the network sees them [px].
    batch_size : of how many at once.
    watch : see `Watch`.
    """
    import torch

    where = next(network.parameters()).device
    begins = range(0, len(images), batch_size)
    found = []
    with torch.inference_mode():
        for begin in watch(begins, "classifying", len(begins)):
            batch = torch.from_numpy(np.array(images[begin : begin + batch_size]))
            found.append(network(plain(batch.to(where), side)).float().cpu().numpy())
    return np.concatenate(found)


def rows(predictions: Predictions, folder: Path, top: int = 3) -> list[dict[str, Any]]:
    """Give a row a picture: file (as a table in that folder names it), class, confidence, ….

    Parameters
    ----------
    predictions : of which pictures.
    folder : where the table will lie.
    top : how many of the likeliest classes are named, from 1 to 5; no more than there are.
    """
    top = min(top, len(predictions.classes), len(RANKS))
    order = np.argsort(-predictions.probabilities, axis=1, kind="stable")[:, :top]
    found = []
    for picture, own, best in zip(
        predictions.pictures, predictions.probabilities, order, strict=True
    ):
        row: dict[str, Any] = {"file": name_in(folder, picture)}
        for rank, k in zip(RANKS, best, strict=False):
            row[rank] = predictions.classes[k]
            row[confidence_of(rank)] = round(float(own[k]), 4)
        found.append(row)
    return found


def columns(top: int, classes: int) -> list[str]:
    """Name the columns of `rows`."""
    ranks = RANKS[: min(top, classes)]
    return ["file", *(name for rank in ranks for name in (rank, confidence_of(rank)))]


def confidence_of(rank: str) -> str:
    """Name the column of a rank's probability: "confidence", "second_confidence", …."""
    return "confidence" if rank == RANKS[0] else f"{rank}_confidence"
