"""Which files of a folder are whole, told by looking at it again and again.

Notifications of the operating system do not reach network folders; looks do.
"""

import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_COARSEST = 2.0
"""Between two times that FAT tells apart [s]."""

_IN_USE = (32, 33)
"""Windows: another program has the file open, or a part of it, for itself alone."""


class Stamp(NamedTuple):
    """Size [bytes] and time of the last change [ns] of a file."""

    size: int
    changed: int


@dataclass(frozen=True)
class Sighting:
    """What the looks at a file have shown.

    stamp : its size and time.
    identity : device and number of the file, which outlive a new name; None where it has none.
    appeared : number of the look that showed it first.
    since : when it was first seen with this stamp, on the clock of `time.monotonic` [s].
    whole : whether looks found it the same, under this name or an earlier one.
    """

    stamp: Stamp
    identity: tuple[int, int] | None
    appeared: int
    since: float
    whole: bool


class Looks:
    """Looks at a folder, its subfolders left out.

    A file is whole when two looks have found the same size and time, and where times are in
    whole seconds, when they are so far apart that a change would show. What is renamed into
    place is whole at once where looks have seen it so under its earlier name.

    Attributes
    ----------
    folder : the folder.
    files : what the last look showed.
    count : number of looks.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[Path, Sighting] = {}
        self.count = 0

    def again(self) -> None:
        """Look once more.

        Raises
        ------
        OSError : the folder cannot be listed now; what was seen before stays.
        """
        listed = dict(_listed(self.folder))
        self.count += 1
        now = time.monotonic()
        known = {s.identity: s for s in self.files.values() if s.identity is not None}
        self.files = {
            path: self._sight(path, status, known, now) for path, status in listed.items()
        }

    def in_order(self) -> list[Path]:
        """List the whole files in the order in which they appeared."""
        whole = [(path, seen) for path, seen in self.files.items() if seen.whole]
        whole.sort(key=lambda pair: (pair[1].appeared, pair[1].stamp.changed, pair[0].name))
        return [path for path, _ in whole]

    def _sight(
        self,
        path: Path,
        status: os.stat_result,
        known: dict[tuple[int, int], Sighting],
        now: float,
    ) -> Sighting:
        stamp = Stamp(status.st_size, status.st_mtime_ns)
        identity = (status.st_dev, status.st_ino) if status.st_ino else None
        old = self.files.get(path)
        under_other_name = None if identity is None else known.get(identity)
        same = next((s for s in (old, under_other_name) if s and s.stamp == stamp), None)
        appeared = self.count
        if old is not None and (same is old or not old.whole):
            appeared = old.appeared  # else another version came where a whole one was
        since = now if same is None else same.since
        whole = same is not None and now - since >= _settling(stamp)
        return Sighting(stamp, identity, appeared, since, whole)


def _settling(stamp: Stamp) -> float:
    """Return the least time for which a file must stay the same to be whole [s]."""
    if stamp.size == 0:  # programs make an empty file before they write it
        return math.inf
    return 0.0 if stamp.changed % 10**9 else _COARSEST


def _listed(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                # An entry's own stat is out of date on Windows while the file is being written.
                if entry.is_file():
                    yield folder / entry.name, Path(entry.path).stat()
            except OSError:  # gone since
                continue


def stamp_of(path: Path) -> Stamp | None:
    """Read a file's stamp through an opened file; None if it is gone, or not to be shared yet.

    Opening asks the server of a network folder, where looks may show what it said seconds ago.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
    except OSError as error:
        if getattr(error, "winerror", None) in _IN_USE:
            return None
        try:
            status = path.stat()  # may not be read: said when it is tried
        except OSError:
            return None
    return Stamp(status.st_size, status.st_mtime_ns)
