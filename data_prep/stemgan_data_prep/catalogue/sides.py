"""Which pictures train, validate and test: by group, each class shared out alike."""

import json
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stemgan.data.shards import SPLITS
from stemgan.errors import InputError
from stemgan.manifest import read_manifest
from stemgan_data_prep.catalogue.labels import Picture
from stemgan_data_prep.catalogue.tables import name_in, write_rows
from stemgan_data_prep.splits import stratify

NAME = "split.csv"
"""The file in the folder of a training that says which pictures were on which side."""

_COLUMNS = ("file", "key", "label", "group", "split")
_CONTENT = "content"
"""Column of `content_of`, which tables of earlier versions lack."""
_FRAME = re.compile(r"#(\d+)$")


def share_out(
    pictures: Sequence[Picture], shares: tuple[float, float, float], seed: int
) -> list[str]:
    """Say of each picture whether it is to train, val or test.

    Groups stay whole; one that holds several classes counts as that of most of its pictures.

    Parameters
    ----------
    pictures : with their labels.
    shares : of groups for train, val and test; they sum to 1.
    seed : another seed, other splits.
    """
    labels: dict[str, Counter[str]] = {}
    for picture in pictures:
        labels.setdefault(picture.group, Counter())[picture.label] += 1
    commonest = {
        group: min(counts, key=lambda label: (-counts[label], label))
        for group, counts in labels.items()
    }
    sides = stratify(commonest, shares, seed)
    return [sides[picture.group] for picture in pictures]


def copies(
    pictures: Sequence[Picture], images: NDArray[np.uint8]
) -> dict[int, tuple[str, str]]:
    """Find pictures that show what an earlier one shows, which no split may tear apart.

    Parameters
    ----------
    pictures : of the images.
    images : (n, side, side).

    Returns
    -------
    (key, reason) of each such picture, by its number.
    """
    first: dict[str, Picture] = {}
    found: dict[int, tuple[str, str]] = {}
    for number, (one, image) in enumerate(zip(pictures, images, strict=True)):
        other = first.setdefault(content_of(image), one)
        if other is not one:
            named = "" if other.label == one.label else f", which is of the class {other.label}"
            found[number] = (one.key, f"it shows the same as {other.key}{named}")
    return found


def content_of(image: NDArray[np.uint8]) -> str:
    """Return a digest of what a picture shows, (side, side), by which copies are found."""
    return sha256(image.tobytes()).hexdigest()[:32]


def digest_of(
    classes: Sequence[str],
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    of: Mapping[str, NDArray[np.int64]],
) -> str:
    """Return a digest of labelled images and of which of them are on which side.

    Parameters
    ----------
    classes : their names.
    images : (n, side, side).
    labels : classes by number, (n,).
    of : the numbers of the images of each side.
    """
    digest = sha256(json.dumps(list(classes)).encode())
    for split in SPLITS:
        digest.update(split.encode() + labels[of[split]].tobytes())
        for number in of[split]:
            digest.update(images[number].tobytes())
    return digest.hexdigest()


def write_split(
    path: Path,
    sides: Mapping[str, Sequence[Picture]],
    contents: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Write which pictures were on which side, as a table that names their files.

    Parameters
    ----------
    path : of the CSV.
    sides : the pictures of each split.
    contents : of these, see `content_of`.

    Raises
    ------
    InputError : it cannot be written.
    """
    known = contents or {}
    rows = [
        {
            "file": name_in(path.parent, one),
            "key": one.key,
            "label": one.label,
            "group": one.group,
            "split": split,
            _CONTENT: content,
        }
        for split, pictures in sides.items()
        for one, content in zip(pictures, known.get(split) or repeat(""), strict=False)
    ]
    write_rows(path, rows, [*_COLUMNS, _CONTENT])


def read_split(path: Path, split: str) -> list[Picture]:
    """Read which pictures were on one side, in the order of the table.

    Raises
    ------
    InputError : there is no such table, or it cannot be read.
    """
    if split not in SPLITS:
        raise InputError(f"split {split}: choose from {', '.join(SPLITS)}")
    table = read_manifest(path)
    if missing := [name for name in _COLUMNS if name not in table.columns]:
        raise InputError(
            f"{path} is no table of splits (it lacks {missing[0]}): give that of a training"
        )
    return [_picture(row, path.parent) for row in table.rows.values() if row["split"] == split]


def read_contents(path: Path, splits: Sequence[str]) -> set[str]:
    """Read what the pictures of these splits show, see `content_of`; where that is known.

    Raises
    ------
    InputError : there is no such table, or it cannot be read.
    """
    rows = read_manifest(path).rows.values()
    return {row.get(_CONTENT, "") for row in rows if row["split"] in splits} - {""}


def _picture(row: Mapping[str, str], folder: Path) -> Picture:
    name, frame = row["file"], _FRAME.search(row["key"])
    if frame:
        name = name.removesuffix(frame[0])
    file = Path(os.path.normpath(folder.absolute() / name))
    number = int(frame[1]) if frame else 0
    return Picture(file, number, row["key"], row["label"], row["group"])
