"""What a job is asked and what it answers: small enough to be sent to another machine."""

from dataclasses import dataclass, field
from typing import Any

from stemgan.data.shards import Encoded
from stemgan_data_prep.duplicates import Signature
from stemgan_data_prep.filters import Condition
from stemgan_data_prep.micrographs import Rejection, Source

STACKS = ("frames", "sum", "first")


@dataclass(frozen=True)
class Settings:
    """How micrographs become tiles.

    Attributes
    ----------
    size : side of a tile [px].
    overlap : pixels by which neighbouring tiles overlap at least, so that they cover the image;
        None for full tiles side by side from the top left (Ede and Beanland, 2020).
    stack : what to take of a stack: each of its frames, their sum, or the first.
    detector : which detector's images to take, or None for all.
    max_nonfinite : largest share of pixels that may be repaired.
    bars : whether to cut off bars of information and constant margins.
    conditions : what a tile's figures must meet.
    collections : whether an NPY file of images that are each scaled to about [-1, 1] is a
        published collection, in which every image is a group of its own.
    compression : see `stemgan.data.shards.encode_image`.
    """

    size: int = 512
    overlap: int | None = None
    stack: str = "frames"
    detector: str | None = None
    max_nonfinite: float = 0.01
    bars: bool = True
    conditions: tuple[Condition, ...] = ()
    collections: bool = True
    compression: str = "zstd"


@dataclass(frozen=True)
class Job:
    """Images of a file from the one numbered `first` to before `stop`.

    A job without `stop` opens a file: how many images one job takes is known afterwards. A
    survey looks for one image that can be used, and cuts none.
    """

    source: Source
    first: int = 0
    stop: int | None = None
    total: int | None = None
    survey: bool = False

    def following(self, outcome: "Outcome") -> list["Job"]:
        """List the jobs for what the file holds beside what this one, its first, did."""
        if self.stop is not None or self.survey:
            return []
        step = outcome.stop - self.first
        return [
            Job(self.source, first, min(first + step, outcome.total), outcome.total)
            for first in range(outcome.stop, outcome.total, step)
        ]


@dataclass(frozen=True)
class Tile:
    """A tile, ready to be stored once it is known to be new."""

    key: str
    image: str
    group: str
    about: dict[str, Any]
    encoded: Encoded
    signature: Signature


@dataclass(frozen=True)
class Outcome:
    """What a job made: tiles, what it left out, and a record of each image that it used.

    `stop` is the number of the image after the last one, of `total` in the file; `usable` is
    what a survey found: the digest of the first image that can be used.
    """

    tiles: list[Tile] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    stop: int = 1
    total: int = 1
    missing: bool = False
    collection: bool = False
    usable: bytes | None = None
