"""Writing a dataset shard by shard, so that whatever stops it, it goes on where it stopped."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from stemgan.data.shards.chunks import COMPRESSIONS, Encoded, encode_image, pack_shard
from stemgan.data.shards.draft import Draft, Plan
from stemgan.data.shards.labels import Label, line_of
from stemgan.data.shards.metadata import GROUP, read_attributes
from stemgan.data.shards.places import Folder, place_of
from stemgan.data.shards.reader import ShardedImages
from stemgan.errors import InputError

_SHARD_PIXELS = 2**26


class ShardWriter:
    """Write a dataset shard by shard; it appears when whole.

    A writer of the same `request` continues what an interrupted one left: `len(writer)` says
    how many images are already safe, and the caller goes on from there. Used as a context
    manager; the dataset appears when the block ends without an error.

    Parameters
    ----------
    path : the dataset's folder, whose parent must exist, or its URL; nothing may be there yet.
    size : side of the square images [px].
    request : what the dataset is made from (settings, seed): JSON values, kept as attribute.
    per_shard : images a shard file; by default 256, fewer where images are large.
    compression : zstd (smaller) or lz4 (read faster).

    Raises
    ------
    InputError : `path` exists, its parent folder does not, it cannot be written to, another
        run is writing it, or the compression is unknown; later, when the disk is full.
    """

    def __init__(
        self,
        path: str | Path,
        size: int,
        request: dict[str, Any],
        *,
        per_shard: int | None = None,
        compression: str = "zstd",
    ) -> None:
        if compression not in COMPRESSIONS:
            raise InputError(f"compression {compression!r}: choose zstd or lz4")
        per_shard = per_shard or int(np.clip(_SHARD_PIXELS // size**2, 1, 256))
        self.plan = Plan(size, per_shard, compression, json.loads(json.dumps(request)))
        self._draft = Draft(path, self.plan)
        self.path = self._draft.path
        self._chunks: list[bytes] = []
        self._lines: list[str] = []

    def __len__(self) -> int:
        return len(self._draft.lines) + len(self._lines)

    @property
    def folder(self) -> Path:
        """The folder on disk that is being written; a URL has none."""
        if not isinstance(self._draft.place, Folder):
            raise ValueError(f"{self.path} is not a folder on disk: use attach")
        return self._draft.place.path

    def append(self, image: np.ndarray, label: Label) -> None:
        """Add one image (size, size); it is safe once its shard is full.

        Raises
        ------
        ValueError : the image has another shape, or a value that is not finite.
        """
        if image.shape != (self.plan.size, self.plan.size):
            raise ValueError(f"image {image.shape} and dataset size {self.plan.size} differ")
        self.append_encoded(encode_image(image, self.plan.compression), label)

    def append_encoded(self, encoded: Encoded, label: Label) -> None:
        """Add an image that was encoded elsewhere, with this size and compression."""
        if self._draft.finished:
            raise ValueError(f"all images of {self.path} are written already")
        self._chunks.append(encoded.chunk)
        self._lines.append(line_of(label, encoded.intensities))
        if len(self._chunks) == self.plan.per_shard:
            self._flush()

    def attach(self, name: str, text: str) -> None:
        """Put a file of text beside the images; `stemgan dataset verify` checks it too."""
        self._draft.put_file(name, text.encode())

    def __enter__(self) -> "ShardWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                if self._chunks:
                    self._flush()
                self._draft.finish()
            elif issubclass(kind, InputError) and not len(self):
                self._draft.discard()  # nothing that another run could continue
        finally:
            self._draft.release()

    def _flush(self) -> None:
        parts = pack_shard(self._chunks, self.plan.per_shard)
        self._draft.put_shard(parts, self._lines)
        self._chunks, self._lines = [], []


def is_finished(path: str | Path, request: dict[str, Any]) -> bool:
    """Tell whether the dataset of `request` is already at `path`.

    Raises
    ------
    InputError : something else is at `path`.
    """
    place = place_of(path)
    if isinstance(place, Folder):
        if not place.path.exists():
            return False
        if GROUP not in place.names(""):
            raise InputError(f"{path} holds something else: choose another -o")
    elif GROUP not in place.names("") or not read_attributes(place)["complete"]:
        return False
    if ShardedImages(path).request != json.loads(json.dumps(request)):
        raise InputError(
            f"{path} was made with other settings: choose another -o, or remove it"
        )
    return True
