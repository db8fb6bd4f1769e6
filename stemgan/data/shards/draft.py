"""A dataset as far as it is written: claimed, filled shard by shard, declared whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from stemgan.errors import InputError

_JOURNAL = "journal"


@dataclass(frozen=True)
class Plan:
    """What a dataset is to be: drafts of the same plan continue each other."""

    size: int
    per_shard: int
    compression: str
    request: dict[str, Any]


class Draft:
    """The files of a dataset that is being written.

    On disk they stand in ``.NAME.partial``, beside a lock, until the folder is renamed; below
    a URL, which may know no renaming, in place, where nothing reads them before the metadata
    say that they are complete. The journal has a file of labels for each shard in place.

    Parameters
    ----------
    path : the dataset's folder, whose parent must exist, or its URL; nothing may be there yet.
    plan : what it is to be.

    Raises
    ------
    InputError : see `ShardWriter`.
    """

    def __init__(self, path: str | Path, plan: Plan) -> None:
        self.path, self.plan = location(path), plan
        self.lines: list[str] = []
        """Labels of the images that are in place."""
        self.finished = False
        self._files: dict[str, str] = {}
        self._lock: Lock | None = None
        self.place = self._claimed()
        try:
            with self._reported():
                self._open()
        except BaseException:
            self.release()
            raise

    def put_shard(self, parts: list[bytes], lines: list[str]) -> None:
        """Write the next shard and then, as what the journal lists is in place, its labels."""
        shard = len(self.lines) // self.plan.per_shard
        with self._reported():
            self.place.write(f"images/{shard_name(shard)}", parts)
            self.place.write(f"{_JOURNAL}/{_entry(shard)}", [_joined(lines)])
        self.lines += lines

    def put_file(self, name: str, data: bytes) -> None:
        """Write another file, whose digest will stand in the metadata."""
        with self._reported():
            self.place.write(name, [data])
        self._files[name] = digest(data)

    def finish(self) -> None:
        """Declare the dataset whole, and give it its name."""
        plan = self.plan
        if not self.finished:
            self.put_file(LABELS, _joined(self.lines))
            described = array_metadata(
                len(self.lines), plan.size, plan.per_shard, plan.compression
            )
            self.put_file(ARRAY, described)
        with self._reported():
            self._describe(complete=True)
            self.place.remove(_JOURNAL)
            if isinstance(self.place, Folder):
                self.place.path.rename(self.path)

    def discard(self) -> None:
        """Remove everything written."""
        self.place.remove("")

    def release(self) -> None:
        """Let others write."""
        if self._lock:
            self._lock.release()
            self._lock = None

    def _claimed(self) -> Folder | Remote:
        path = self.path
        if isinstance(path, str):
            return place_of(path)
        parent = path.absolute().parent
        if not path.exists() and not parent.is_dir():
            raise InputError(
                f"the folder of {path} does not exist: make it, or choose another -o"
            )
        with self._reported():
            self._lock = Lock(path.with_name(f".{path.name}.lock"), str(path))
        if path.exists():
            self.release()
            raise InputError(f"{path} exists: choose another -o, or remove it")
        return Folder(path.with_name(f".{path.name}.partial"))

    def _open(self) -> None:
        present = self.place.names("")
        attributes = self._found() if GROUP in present else None
        if isinstance(self.place, Remote) and present:
            # Nothing but an incomplete dataset of this project may be replaced there.
            if attributes is None:
                raise InputError(f"{self.path} holds something else: choose another -o")
            if attributes["complete"]:
                raise InputError(f"{self.path} exists: choose another -o, or remove it")
        if attributes is not None and self._is_same(attributes):
            self._resume(attributes)
            return
        self.discard()
        self._describe(complete=False)

    def _found(self) -> dict[str, Any] | None:
        try:
            return read_attributes(self.place)
        except InputError:
            return None

    def _is_same(self, found: dict[str, Any]) -> bool:
        wanted = self._attributes(complete=False)
        progress = ("complete", "count", "files")
        return all(found.get(name) == wanted[name] for name in wanted if name not in progress)

    def _resume(self, attributes: dict[str, Any]) -> None:
        if attributes["complete"]:  # stopped between the last file and the new name
            self.lines = self.place.read(LABELS).decode().splitlines()
            self._files, self.finished = attributes["files"], True
            return
        journal, shards = self.place.names(_JOURNAL), self.place.names("images")
        for shard in range(len(journal)):
            if not (_entry(shard) in journal and shard_name(shard) in shards):
                break
            lines = self.place.read(f"{_JOURNAL}/{_entry(shard)}").decode().splitlines()
            if len(lines) != self.plan.per_shard:  # the last one, or cut off
                break
            self.lines += lines

    def _describe(self, *, complete: bool) -> None:
        self.place.write(GROUP, [group_metadata(self._attributes(complete=complete))])

    def _attributes(self, *, complete: bool) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "version": VERSION,
            "complete": complete,
            "count": len(self.lines) if complete else 0,
            "size": self.plan.size,
            "per_shard": self.plan.per_shard,
            "compression": self.plan.compression,
            "request": self.plan.request,
            "files": self._files if complete else {},
        }

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Turn what the system refuses into one sentence; what is in place stays."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or error
            raise InputError(f"{self.path} could not be written: {reason}") from error


def _entry(shard: int) -> str:
    return f"{shard:06d}.jsonl"


def _joined(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
