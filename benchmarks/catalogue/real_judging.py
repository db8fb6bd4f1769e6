"""From classes of tiles to classes of images, and how many of these are right."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from real_pictures import CLASSES, Tile

from stemgan.amounts import amount
from stemgan_data_prep.catalogue.measures import confusion, figures, per_class
from stemgan_data_prep.catalogue.predicting import RANKS, confidence_of

Probabilities = NDArray[np.float64]


def read_probabilities(table: Path, folder: Path) -> dict[str, Probabilities]:
    """Read what `stemgan catalogue predict --top 4` said of the tiles in a folder, (4,) each.

    Named by their paths from that folder.
    """
    found = {}
    with table.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            given = {row[rank]: float(row[confidence_of(rank)]) for rank in RANKS[:4]}
            name = (table.parent / row["file"]).resolve().relative_to(folder.resolve())
            found[name.as_posix()] = np.array([given[label] for label in CLASSES])
    return found


def pooled(
    tiles: Iterable[Tile],
    probabilities: Mapping[str, Probabilities],
    views: Sequence[int],
    of: Callable[[Tile], str],
) -> dict[str, Probabilities]:
    """Average the probabilities of tiles over what they are tiles of, by its name.

    Parameters
    ----------
    tiles : those of all views.
    probabilities : of each tile.
    views : of which tiles count; each view counts the same.
    of : names what a tile belongs to: its image or its group.
    """
    members: dict[str, dict[int, list[Probabilities]]] = defaultdict(lambda: defaultdict(list))
    for tile in tiles:
        if tile.view in views:
            members[of(tile)][tile.view].append(probabilities[tile.file])
    return {
        name: np.mean([np.mean(each, axis=0) for each in own.values()], axis=0)
        for name, own in members.items()
    }


def judge(
    probabilities: Mapping[str, Probabilities],
    labels: Mapping[str, str],
    groups: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Sum up how many are right: see `stemgan_data_prep.catalogue.measures`.

    Balanced accuracy is the mean recall of the classes.

    Returns
    -------
    images, groups, accuracy, balanced (each with its interval), most_frequent, log_loss,
    per_class (rows) and confusion (true classes in rows).
    """
    names = list(probabilities)
    given = np.stack([probabilities[name] for name in names])
    truth = np.array([CLASSES.index(labels[name]) for name in names])
    own = None if groups is None else [groups[name] for name in names]
    said = figures(given, truth, CLASSES, own)
    kept = ("images", "groups", "accuracy", "most_frequent", "log_loss")
    return {
        **{name: said[name] for name in kept},
        "balanced": said["recall"],
        "intervals": {
            "accuracy": said["intervals"]["accuracy"],
            "balanced": said["intervals"]["recall"],
        },
        "per_class": per_class(given, truth, CLASSES, own),
        "confusion": confusion(given, truth).tolist(),
    }


def told(title: str, judged: Mapping[str, Any]) -> str:
    """Lay out figures for people, in Markdown."""

    def share(name: str) -> str:
        low, high = judged["intervals"][name] or (float("nan"), float("nan"))
        return f"{100 * judged[name]:.1f} | {100 * low:.0f} to {100 * high:.0f}"

    guess = judged["most_frequent"]
    images, groups = judged["images"], judged["groups"]
    judging = amount(groups, "group")
    if images > groups:
        judging = f"{amount(images, 'image')} of {judging}"
    present = sum(row["images"] > 0 for row in judged["per_class"])
    lines = [
        f"## {title}",
        "",
        f"{judging} [%]; intervals draw groups.",
        "",
        "| | found | 95 % | always the commonest class |",
        "|---|---|---|---|",
        f"| accuracy | {share('accuracy')} | {100 * guess:.1f} |",
        f"| balanced accuracy | {share('balanced')} | {100 / present:.1f} |",
        "",
        f"| true \\ taken for | {' | '.join(CLASSES)} | images | groups |",
        "|---" * (len(CLASSES) + 3) + "|",
    ]
    for row, counts in zip(judged["per_class"], judged["confusion"], strict=True):
        cells = [*counts, row["images"], row["groups"]]
        lines.append(f"| {row['class']} | {' | '.join(map(str, cells))} |")
    return "\n".join([*lines, ""])
