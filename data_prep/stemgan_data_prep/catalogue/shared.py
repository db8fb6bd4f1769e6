"""Labelled pictures that are read, shared out to train, validate and test."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stemgan.data.shards import SPLITS
from stemgan_data_prep.catalogue.labels import Picture
from stemgan_data_prep.catalogue.pixels import Pixels
from stemgan_data_prep.catalogue.sides import content_of, copies, digest_of, share_out
from stemgan_data_prep.catalogue.squares import Squares


@dataclass(frozen=True, eq=False)
class Shared:
    """Pictures, their classes and their sides.

    Attributes
    ----------
    read : the pictures and what they show.
    classes : their names, in order.
    labels : the class of each picture, (pictures,) int64.
    of : the numbers of the pictures of each split.
    copies : (key, reason) of those that are on no side, as they show the same as another.
    """

    read: Pixels
    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    of: dict[str, NDArray[np.intp]]
    copies: list[tuple[str, str]]

    @property
    def counts(self) -> tuple[int, ...]:
        """How many pictures of each class train."""
        train = self.labels[self.of["train"]]
        return tuple(np.bincount(train, minlength=len(self.classes)).tolist())

    @property
    def sides(self) -> dict[str, list[Picture]]:
        """The pictures of each split."""
        return {split: [self.read.pictures[n] for n in self.of[split]] for split in SPLITS}

    @property
    def contents(self) -> dict[str, list[str]]:
        """What the pictures of each split show."""
        images = self.read.images
        return {split: [content_of(images[n]) for n in self.of[split]] for split in SPLITS}

    def squares(self, split: str) -> Squares:
        """Return the pictures of a split as batches want them."""
        return Squares(self.read.images, self.labels, self.of[split])

    def digest(self) -> str:
        """Digest all squares, labels and sides."""
        return digest_of(self.classes, self.read.images, self.labels, self.of)


def shared_out(read: Pixels, shares: tuple[float, float, float], seed: int) -> Shared:
    """Share pictures out by group, each class alike, copies to no side: they would be on two.

    Parameters
    ----------
    read : pictures with labels.
    shares : of groups for train, val and test; they sum to 1.
    seed : another seed, other splits.
    """
    classes = tuple(sorted({picture.label for picture in read.pictures}))
    number = {name: index for index, name in enumerate(classes)}
    labels = np.array([number[picture.label] for picture in read.pictures], dtype=np.int64)
    found = copies(read.pictures, read.images)
    single = [one for n, one in enumerate(read.pictures) if n not in found]
    given = iter(share_out(single, shares, seed))
    sides = np.array(["" if n in found else next(given) for n in range(len(read))])
    of = {split: np.flatnonzero(sides == split) for split in SPLITS}
    return Shared(read, classes, labels, of, list(found.values()))
