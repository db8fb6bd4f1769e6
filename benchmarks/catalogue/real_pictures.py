"""Pictures of the four classes of structure: simulated ones, and tiles of real micrographs."""

import csv
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from images import cut_up, grey, make

from stemgan.errors import InputError
from stemgan.files import whole_file
from stemgan.images import read_micrograph, write_image
from stemgan.manifest import NAME
from stemgan_data_prep.catalogue.labels import Picture, find_pictures
from stemgan_data_prep.cleaning import without_bars

HERE = Path(__file__).parent
TRAINING = HERE / "structure_classes.csv"
"""Classes of the training groups, by looking at them."""
EVALUATION = HERE.parent / "quality" / "images.csv"
"""Classes of the evaluation images, by looking at them."""

KINDS = {
    "edges": ("films", "device", "tip"),
    "lattice": ("crystal", "boundary"),
    "particles": ("spheres", "polyhedra", "agglomerate", "bright_field", "atoms"),
    "texture": ("amorphous", "anisotropic", "porous", "membranes"),
}
"""Which simulated kinds show each class; kinds that show two of them are left out."""
CLASSES = tuple(KINDS)
VIEWS = (128, 256, 512)
"""Sides of tiles [px]; of an image that is smaller, as large as it allows."""


class Tile(NamedTuple):
    """A tile: its path from its table, its image, the image's group, its class and its view."""

    file: str
    image: str
    group: str
    label: str
    view: int


def training_images(data: Path) -> list[Picture]:
    """List the training images with their groups' classes.

    Groups that evaluation images share are left out.

    Raises
    ------
    InputError : a group has no class.
    """
    with TRAINING.open(newline="", encoding="utf-8") as stream:
        known = {row["group"]: row["class"] for row in csv.DictReader(stream)}
    found = find_pictures([data / "train"], labels="none", training=True)
    for key, reason in found.left_out:
        print(f"left out {key}: {reason}")
    if odd := sorted({one.group for one in found.pictures} - set(known)):
        raise InputError(f"{TRAINING} gives no class of {', '.join(odd)}: look, and add it")
    return [replace(one, label=known[one.group]) for one in found.pictures]


def evaluation_images(data: Path) -> list[Picture]:
    """List the evaluation images with their classes and groups.

    Raises
    ------
    InputError : one of them is not in the folder.
    """
    with EVALUATION.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    pictures = []
    for row in rows:
        file = data / "eval" / f"{row['image']}.tif"
        if not file.is_file():
            raise InputError(f"{file} does not exist: give the folder that holds eval/")
        pictures.append(Picture(file, 0, file.name, row["class"], row["group"]))
    return pictures


def write_labels(path: Path, pictures: Iterable[Picture]) -> None:
    """Write classes of images as a table that other commands take (``--table``)."""
    rows = [
        (Path(os.path.relpath(one.file, path.parent)).as_posix(), one.label, one.group)
        for one in pictures
    ]
    _write(path, ("file", "class", "group"), rows)


def simulate(folder: Path, count: int, seed: int) -> None:
    """Draw `count` pictures of each class or some more, in folders of the classes' names."""
    for label, kinds in KINDS.items():
        for side in VIEWS[:2]:
            each = -(-count // (2 * len(kinds)))
            make(folder / label / str(side), kinds, each, side, seed)


def halves(pictures: Iterable[Picture]) -> dict[str, int]:
    """Put every second group of each class, by name, into half 0 and the others into half 1."""
    groups: dict[str, set[str]] = defaultdict(set)
    for one in pictures:
        groups[one.label].add(one.group)
    return {g: n % 2 for own in groups.values() for n, g in enumerate(sorted(own))}


def cut_training(folder: Path, pictures: Sequence[Picture], most: int) -> list[Tile]:
    """Cut tiles of training images: about `most` of a class, as many of each of its groups.

    Groups that have fewer give all that they have.
    """
    groups: dict[str, list[Picture]] = defaultdict(list)
    for one in pictures:
        groups[one.group].append(one)
    labels = [own[0].label for own in groups.values()]
    chosen = []
    for own in groups.values():
        share = -(-most // labels.count(own[0].label) // len(VIEWS))
        for view in VIEWS:
            found = [(one, number, tile) for one in own for number, tile in _tiles(one, view)]
            spread = np.linspace(0, len(found) - 1, min(share, len(found))).round().astype(int)
            chosen += [(view, *found[n]) for n in spread]
    return _written(folder, chosen)


def cut_all(folder: Path, pictures: Iterable[Picture], views: Sequence[int]) -> list[Tile]:
    """Cut all tiles of images at some views, into one folder, so that no class is told."""
    return _written(
        folder,
        (
            (view, replace(one, label=""), number, tile)
            for view in views
            for one in pictures
            for number, tile in _tiles(one, view)
        ),
    )


def read_tiles(folder: Path) -> list[Tile]:
    """Read which tiles are in a folder."""
    with (folder / NAME).open(newline="", encoding="utf-8") as stream:
        return [
            Tile(row["file"], row["image"], row["group"], row["class"], int(row["view"]))
            for row in csv.DictReader(stream)
        ]


def _tiles(picture: Picture, view: int) -> Iterator[tuple[int, np.ndarray]]:
    data = read_micrograph(picture.file).data
    image = grey(without_bars(data).of(data))
    yield from enumerate(cut_up(image, min(view, *image.shape)))


def _written(folder: Path, cut: Iterable[tuple[int, Picture, int, np.ndarray]]) -> list[Tile]:
    tiles = []
    for view, one, number, tile in cut:
        path = folder / (one.label or "tiles") / f"{one.file.stem}_{view}_{number:02}.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_image(path, tile, overwrite=True)
        name = path.relative_to(folder).as_posix()
        tiles.append(Tile(name, one.file.name, one.group, one.label, view))
    _write(folder / NAME, ("file", "image", "group", "class", "view"), tiles)
    return tiles


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        whole_file(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        csv.writer(stream, lineterminator="\n").writerows([columns, *rows])
