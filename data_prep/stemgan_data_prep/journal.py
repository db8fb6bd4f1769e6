"""How far a preparation has come, on disk, so that whatever ends it, it goes on from there.

Three files in a folder beside the dataset: ``done.jsonl`` has a line for each job that is done;
``signatures.bin`` what crops are compared by; ``waiting-N.bin`` the tiles of shard N, which the
shard itself will hold once it is full. Each is only ever appended to; what a last, unfinished
write left is cut off. After a kill, the jobs that were being done are done again, and no other.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stemgan.data.shards import Encoded, Label, ShardWriter
from stemgan.errors import InputError
from stemgan_data_prep.duplicates import Seen, Signature

_LENGTHS = 16


@dataclass(frozen=True)
class Position:
    """Where to go on: at image `first` of source `source`, with `count` tiles kept so far."""

    source: int = 0
    first: int = 0
    count: int = 0


class Journal:
    """Keep the tiles of a dataset that is being prepared, and what was done for them.

    Parameters
    ----------
    folder : for the journal; made if missing.
    writer : the dataset's writer, opened before.
    request : what the dataset is made from; a journal of another request is forgotten.
    threshold : see `Seen`.

    Raises
    ------
    InputError : the folder cannot be written to.
    """

    def __init__(
        self, folder: Path, writer: ShardWriter, request: dict[str, Any], threshold: float
    ) -> None:
        self.folder, self.writer = folder, writer
        self.keys: list[str] = []
        with self._reported():
            folder.mkdir(exist_ok=True)
            self._forget_unless(json.dumps(request, sort_keys=True))
            self.seen = Seen(folder / "signatures.bin", writer.plan.size, threshold)
            try:
                self.position = self._restore()
            except ValueError:  # damaged: all is done again, and stored where it is not yet
                _cut_off(folder / "done.jsonl", 0)
                self.position = self._restore()

    def once(self, name: str, find: Callable[[], Any]) -> Any:  # noqa: ANN401
        """Give what an earlier run found and wrote as JSON, or find and write it."""
        file = self.folder / name
        if file.is_file():
            return json.loads(file.read_bytes())
        value = find()
        with self._reported():
            temporary = file.with_suffix(".new")
            temporary.write_bytes(json.dumps(value).encode())
            temporary.replace(file)
        return value

    def keep(self, signature: Signature, encoded: Encoded, label: Label) -> None:
        """Store a tile, unless an earlier run did before it could note so."""
        with self._reported():
            self.seen.add(signature)
        self.keys.append(label.key)
        if len(self.keys) <= len(self.writer):
            return
        with self._reported():
            head = json.dumps([asdict(label), encoded.intensities]).encode()
            lengths = (len(head).to_bytes(8, "big"), len(encoded.chunk).to_bytes(8, "big"))
            shard = len(self.writer) // self.writer.plan.per_shard
            with self._waiting(shard).open("ab") as stream:
                stream.write(b"".join((*lengths, head, encoded.chunk)))
        self.writer.append_encoded(encoded, label)
        if len(self.writer) % self.writer.plan.per_shard == 0:
            self._waiting(shard).unlink(missing_ok=True)

    def note(self, source: int, first: int, about: dict[str, Any]) -> None:
        """Note that a job is done.

        Parameters
        ----------
        source, first : where to go on after it.
        about : what to remember of it; "keys" are those of the tiles it added.
        """
        line = {"source": source, "first": first, "count": len(self.keys), **about}
        with self._reported(), (self.folder / "done.jsonl").open("ab") as stream:
            stream.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield what was noted, from the first job on."""
        yield from map(json.loads, self._raw_lines())

    def _raw_lines(self) -> Iterator[bytes]:
        if (self.folder / "done.jsonl").is_file():
            with (self.folder / "done.jsonl").open("rb") as stream:
                yield from (line for line in stream if line.endswith(b"\n"))

    def close(self) -> None:
        """Close the files; they stay."""
        self.seen.close()

    def remove(self) -> None:
        """Remove the journal: the dataset is whole, or nothing is worth keeping."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _forget_unless(self, request: str) -> None:
        file = self.folder / "request.json"
        if file.is_file() and file.read_bytes() == request.encode():
            return
        for old in self.folder.iterdir():
            old.unlink()
        temporary = file.with_suffix(".new")
        temporary.write_bytes(request.encode())
        temporary.replace(file)

    def _restore(self) -> Position:
        """Take over as many jobs as have all their tiles, and cut off what came after them."""
        safe = len(self.writer)
        waiting = list(self._frames(safe // self.writer.plan.per_shard))
        position, size = Position(), 0
        keys: list[str] = []
        for raw in self._raw_lines():
            line = json.loads(raw)
            if line["count"] > safe + len(waiting):
                break
            position = Position(line["source"], line["first"], line["count"])
            size += len(raw)
            keys += line["keys"]
        self.keys = keys
        self.seen.restore(position.count)
        _cut_off(self.folder / "done.jsonl", size)
        self._take_over(waiting[: max(0, position.count - safe)])
        return position

    def _take_over(self, waiting: list[tuple[Encoded, Label, int]]) -> None:
        shard = len(self.writer) // self.writer.plan.per_shard
        for other in self.folder.glob("waiting-*.bin"):
            if other != self._waiting(shard):
                other.unlink()
        _cut_off(self._waiting(shard), waiting[-1][2] if waiting else 0)
        for encoded, label, _ in waiting:
            self.writer.append_encoded(encoded, label)

    def _frames(self, shard: int) -> Iterator[tuple[Encoded, Label, int]]:
        """Yield the tiles that wait for a shard to be full, and where each ends in the file."""
        if not self._waiting(shard).is_file():
            return
        with self._waiting(shard).open("rb") as stream:
            while len(lengths := stream.read(_LENGTHS)) == _LENGTHS:
                head = stream.read(int.from_bytes(lengths[:8], "big"))
                chunk = stream.read(length := int.from_bytes(lengths[8:], "big"))
                if len(chunk) < length:
                    return
                label, intensities = json.loads(head)
                yield Encoded(chunk, intensities), Label(**label), stream.tell()

    def _waiting(self, shard: int) -> Path:
        return self.folder / f"waiting-{shard}.bin"

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Turn what the system refuses into one sentence."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or error
            raise InputError(
                f"{self.writer.path} could not be written: {reason}; what is done stays, and "
                "the same command goes on from there"
            ) from error


def _cut_off(file: Path, size: int) -> None:
    if file.is_file():
        os.truncate(file, size)
