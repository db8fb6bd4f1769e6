"""Writing a dataset shard by shard, so that whatever stops it, it goes on where it stopped."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from stemgan.data.shards.chunks import COMPRESSIONS, Encoded, encode_image, pack_shard
from stemgan.data.shards.labels import Label, line_of
from stemgan.data.shards.lock import Lock
from stemgan.data.shards.metadata import (
    ARRAY,
    FORMAT,
    GROUP,
    LABELS,
    VERSION,
    array_metadata,
    digest,
    group_metadata,
    read_attributes,
    shard_name,
)
from stemgan.data.shards.places import Folder, Remote, location, place_of
from stemgan.data.shards.reader import ShardedImages
from stemgan.errors import InputError

_SHARD_PIXELS = 2**26
_JOURNAL = "journal"


class ShardWriter:
    """Write a dataset shard by shard; it appears when whole.

    On disk it is written as ``.NAME.partial`` and renamed; below a URL, which may know no
    renaming, in place, where nothing reads it before it says that it is complete. A writer of
    the same `request` continues what an interrupted one left: `len(writer)` says how many
    images are already safe, and the caller goes on from there. Used as a context manager; the
    dataset appears when the block ends without an error.

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
        run is writing it, or the compression is unknown.
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
        self.path = location(path)
        self.size, self.compression = size, compression
        self.per_shard = per_shard or int(np.clip(_SHARD_PIXELS // size**2, 1, 256))
        self._request = json.loads(json.dumps(request))
        self._lock: Lock | None = None
        self._place = self._claimed()
        self._files: dict[str, str] = {}
        self._lines: list[str] = []
        self._chunks: list[bytes] = []
        self._finished = False
        try:
            with self._reported():
                self._open()
        except BaseException:
            self._release()
            raise

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def folder(self) -> Path:
        """The folder on disk that is being written."""
        if not isinstance(self._place, Folder):
            raise ValueError(f"{self.path} is not a folder on disk: use attach")
        return self._place.path

    def append(self, image: np.ndarray, label: Label) -> None:
        """Add one image (size, size); it is safe once its shard is full.

        Raises
        ------
        ValueError : the image has another shape, or a value that is not finite.
        """
        if image.shape != (self.size, self.size):
            raise ValueError(f"image {image.shape} and dataset size {self.size} differ")
        self.append_encoded(encode_image(image, self.compression), label)

    def append_encoded(self, encoded: Encoded, label: Label) -> None:
        """Add an image that was encoded elsewhere, with this size and compression."""
        if self._finished:
            raise ValueError(f"all images of {self.path} are written already")
        self._chunks.append(encoded.chunk)
        self._lines.append(line_of(label, encoded.intensities))
        if len(self._chunks) == self.per_shard:
            with self._reported():
                self._flush()

    def attach(self, name: str, text: str) -> None:
        """Put a file of text beside the images; `stemgan dataset verify` checks it too."""
        data = text.encode()
        with self._reported():
            self._place.write(name, [data])
        self._files[name] = digest(data)

    def __enter__(self) -> "ShardWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                with self._reported():
                    self._finish()
            elif issubclass(kind, InputError) and not self._lines:
                self._place.remove("")  # nothing that another run could continue
        finally:
            self._release()

    def _claimed(self) -> Folder | Remote:
        """Check that the dataset may be written, and say where."""
        if isinstance(self.path, str):
            return place_of(self.path)
        if self.path.exists():
            raise InputError(f"{self.path} exists: choose another -o, or remove it")
        parent = self.path.absolute().parent
        if not parent.is_dir():
            raise InputError(
                f"the folder of {self.path} does not exist: make it, or choose another -o"
            )
        with self._reported():
            lock = self.path.with_name(f".{self.path.name}.lock")
            self._lock = Lock(lock, str(self.path))
        if self.path.exists():  # another run has just finished it
            self._release()
            raise InputError(f"{self.path} exists: choose another -o, or remove it")
        return Folder(self.path.with_name(f".{self.path.name}.partial"))

    def _open(self) -> None:
        present = self._place.names("")
        if GROUP in present:
            try:
                self._resume(read_attributes(self._place))
                return
            except (ValueError, KeyError):
                if isinstance(self._place, Remote) and self._is_complete():
                    raise InputError(f"{self.path} exists: choose another -o") from None
        elif present and isinstance(self._place, Remote):
            raise InputError(f"{self.path} holds something else: choose another -o")
        self._place.remove("")
        self._lines = []
        self._describe(complete=False)

    def _is_complete(self) -> bool:
        try:
            return bool(read_attributes(self._place)["complete"])
        except InputError:
            return True  # not this project's: not to be removed

    def _resume(self, attributes: dict[str, Any]) -> None:
        if attributes != {**self._attributes(complete=False), **_as_found(attributes)}:
            raise ValueError("the partial dataset is of another request")
        if attributes["complete"]:
            # Stopped between the last file and the new name.
            self._lines = self._place.read(LABELS).decode().splitlines()
            self._files, self._finished = attributes["files"], True
            return
        journal, shards = self._place.names(_JOURNAL), self._place.names("images")
        for shard in range(len(journal)):
            if not (_entry(shard) in journal and shard_name(shard) in shards):
                break
            lines = self._place.read(f"{_JOURNAL}/{_entry(shard)}").decode().splitlines()
            if len(lines) != self.per_shard:
                break
            self._lines += lines

    def _flush(self) -> None:
        shard = (len(self) - 1) // self.per_shard
        self._place.write(
            f"images/{shard_name(shard)}", pack_shard(self._chunks, self.per_shard)
        )
        # The journal comes last: what it lists is in place.
        lines = "".join(f"{line}\n" for line in self._lines[-len(self._chunks) :])
        self._place.write(f"{_JOURNAL}/{_entry(shard)}", [lines.encode()])
        self._chunks.clear()

    def _finish(self) -> None:
        if not self._finished:
            if self._chunks:
                self._flush()
            self._seal(LABELS, "".join(f"{line}\n" for line in self._lines).encode())
            described = array_metadata(len(self), self.size, self.per_shard, self.compression)
            self._seal(ARRAY, described)
        self._describe(complete=True)
        self._place.remove(_JOURNAL)
        if isinstance(self._place, Folder):
            assert isinstance(self.path, Path)
            self._place.path.rename(self.path)

    def _seal(self, name: str, data: bytes) -> None:
        self._place.write(name, [data])
        self._files[name] = digest(data)

    def _describe(self, *, complete: bool) -> None:
        self._place.write(GROUP, [group_metadata(self._attributes(complete=complete))])

    def _attributes(self, *, complete: bool) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "version": VERSION,
            "complete": complete,
            "count": len(self) if complete else 0,
            "size": self.size,
            "per_shard": self.per_shard,
            "compression": self.compression,
            "request": self._request,
            "files": self._files if complete else {},
        }

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Turn what the system refuses into one sentence; what is safe stays safe."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or error
            raise InputError(f"{self.path} could not be written: {reason}") from error

    def _release(self) -> None:
        if self._lock:
            self._lock.release()
            self._lock = None


def _entry(shard: int) -> str:
    return f"{shard:06d}.jsonl"


def _as_found(attributes: dict[str, Any]) -> dict[str, Any]:
    """Pick what is not a matter of the request."""
    return {name: attributes[name] for name in ("complete", "count", "files")}


def is_finished(path: str | Path, request: dict[str, Any]) -> bool:
    """Tell whether the dataset of `request` is already at `path`.

    Raises
    ------
    InputError : something else is at `path`.
    """
    place = place_of(path)
    if isinstance(place, Folder) and not place.path.exists():
        return False
    if isinstance(place, Remote):
        if GROUP not in place.names(""):
            return False
        if not read_attributes(place)["complete"]:
            return False
    if ShardedImages(path).request != json.loads(json.dumps(request)):
        raise InputError(
            f"{path} was made with other settings: choose another -o, or remove it"
        )
    return True
