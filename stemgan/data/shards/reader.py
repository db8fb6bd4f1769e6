"""Reading a dataset: any image by its number, whatever process asks."""

from pathlib import Path
from typing import Any

import numpy as np

from stemgan.data.codes import restore
from stemgan.data.shards.chunks import Codes, decode_chunk, index_length, unpack_index
from stemgan.data.shards.labels import COLUMNS, SPLITS, columns_of
from stemgan.data.shards.metadata import (
    ARRAY,
    LABELS,
    chunk_codec,
    digest,
    read_attributes,
    shard_name,
)
from stemgan.data.shards.places import Remote, location, place_of
from stemgan.errors import InputError


class ShardedImages:
    """Read a dataset: `images[i]` is a float32 image (size, size) in its own unit.

    It can be sent to data-loading workers; what it sends is small, as they need intensity
    scales alone, and read the other columns when asked.

    Parameters
    ----------
    path : the dataset's folder, or its URL.

    Raises
    ------
    InputError : there is no complete dataset at `path`, it is of a newer version, or what
        describes its images is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = location(path)
        self.place = place_of(path)
        attributes = read_attributes(self.place)
        if not attributes["complete"]:
            raise InputError(f"{path} is not a complete dataset: make it again")
        self.size: int = attributes["size"]
        self.per_shard: int = attributes["per_shard"]
        self.version: int = attributes["version"]
        self.request: dict[str, Any] = attributes["request"]
        self.files: dict[str, str] = attributes.get("files", {})
        self._columns: dict[str, list[Any]] | None = self._labelled(attributes)
        self.codec = self._described()
        self._scales = np.array(
            [self._columns["low"], self._columns["high"]], dtype=np.float64
        ).T
        self._indices: dict[int, list[tuple[int, int]]] = {}
        self._check_presence()

    def __len__(self) -> int:
        return len(self._scales)

    def __getitem__(self, index: int) -> np.ndarray:
        if not -len(self) <= index < len(self):
            raise IndexError(f"image {index} of {len(self)}")
        index %= len(self)
        low, high = self._scales[index]
        return restore(self.codes(index), float(low), float(high))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_columns": None, "_indices": {}}

    @property
    def shards(self) -> int:
        """The number of shard files."""
        return -(-len(self) // self.per_shard)

    @property
    def columns(self) -> dict[str, list[Any]]:
        """One list a column (see `COLUMNS`); None where a figure is not known."""
        if self._columns is None:
            self._columns = self._labelled(read_attributes(self.place))
        return self._columns

    def shard_file(self, shard: int) -> str:
        """Name the file of a shard within the dataset."""
        # Version 1 had a folder for each.
        return f"images/{shard_name(shard) if self.version > 1 else f'c/{shard}/0/0'}"

    def codes(self, index: int) -> Codes:
        """Read the codes of image `index`, (size, size) uint16.

        Raises
        ------
        InputError : its chunk is damaged.
        """
        shard, chunk = divmod(index, self.per_shard)
        try:
            return decode_chunk(self.chunk(shard, chunk), self.codec, self.size)
        except (OSError, ValueError) as error:
            raise InputError(
                f"image {index} of {self.path} is damaged (chunk {chunk} of "
                f"{self.shard_file(shard)}: {error}): make the dataset again"
            ) from error

    def chunk(self, shard: int, chunk: int) -> bytes:
        """Read the stored bytes of a chunk.

        Raises
        ------
        ValueError, OSError : the shard's index is damaged, or the file cannot be read.
        """
        if shard not in self._indices:
            length = index_length(self.per_shard)
            packed = self.place.read_range(self.shard_file(shard), -length, None)
            self._indices[shard] = unpack_index(packed, self.per_shard)
        index = self._indices[shard]
        if chunk >= len(index):
            raise ValueError("it is missing")
        return self.place.read_range(self.shard_file(shard), *index[chunk])

    def split(self, name: str) -> np.ndarray:
        """List the indices (n,) int64 of the images of split `name`: train, val or test."""
        if name not in SPLITS:
            raise InputError(f"there is no split {name!r}: choose one of {', '.join(SPLITS)}")
        return np.flatnonzero(np.array(self.columns["split"]) == name)

    def read_sealed(self, name: str) -> bytes:
        """Read a file of the dataset that is not an image, and check that it is whole.

        Raises
        ------
        InputError : it is missing or damaged.
        """
        try:
            data = self.place.read(name)
        except OSError as error:
            raise InputError(f"{name} of {self.path} is missing: make it again") from error
        if name in self.files and digest(data) != self.files[name]:
            raise InputError(f"{name} of {self.path} is damaged: make the dataset again")
        return data

    def _check_presence(self) -> None:
        names = self.place.names("images" if self.version > 1 else "images/c")
        if not names and isinstance(self.place, Remote):
            return  # a server that lists nothing; reading a missing shard says so too
        for shard in range(self.shards):
            if (shard_name(shard) if self.version > 1 else str(shard)) not in names:
                raise InputError(f"{self.path} lacks {self.shard_file(shard)}: make it again")

    def _labelled(self, attributes: dict[str, Any]) -> dict[str, list[Any]]:
        count = attributes["count"]
        if attributes["version"] == 1:  # columns stood in the attributes
            stored = attributes["columns"]
            return {name: stored.get(name, [None] * count) for name in COLUMNS}
        return columns_of(self.read_sealed(LABELS).decode().splitlines())

    def _described(self) -> str:
        try:
            return chunk_codec(self.read_sealed(ARRAY))
        except ValueError as error:
            raise InputError(f"{ARRAY} of {self.path} cannot be used: {error}") from error
