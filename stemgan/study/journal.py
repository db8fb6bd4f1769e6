"""What of a study is done, in files that are only added to: what stopped continues.

Each part of a study has a journal of its own, `journal.PART.jsonl`, so that processes on many
machines share a folder without sharing a file. A journal begins with what the figures depend
on, and has a line for each task: its key, its records, and for how long it ran. Of a task that
is in several lines the first counts, of the lowest part.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stemgan.errors import InputError
from stemgan.files import append_line, line_at, read_lines
from stemgan.study.tasks import Record

NAME = "journal.{}.jsonl"
GROWING = ("images", "paths", "code")
"""What a study may get more of: entries that two studies share must be the same."""

_WHAT = {
    "version": "was begun by another version of stemgan",
    "code": "was begun with other code",
    "methods": "holds other methods",
    "images": "holds other images of the same names",
    "paths": "holds other path files of the same names",
}


@dataclass
class Journal:
    """The records of a study, on disk as they come.

    path : the file that this process adds to.
    settings : what the figures depend on.
    found : where each task's line is: its file, and its offset there.
    starts : what is known of each time that a process began, of the lowest part first.
    begun : the settings that stand last in the file; None in one that is new.
    """

    path: Path
    settings: dict[str, Any]
    found: dict[str, tuple[Path, int]] = field(default_factory=dict)
    starts: list[dict[str, Any]] = field(default_factory=list)
    begun: dict[str, Any] | None = None

    @classmethod
    def open(cls, folder: Path, settings: dict[str, Any], part: int = 0) -> "Journal":
        """Read the journals of all parts, without writing anything yet.

        A study may grow: with more images, scans, coverages, doses, dwells and lags, what is
        done already stays.

        Parameters
        ----------
        folder : the study's.
        settings : all that the figures of a task depend on, beside its key.
        part : whose journal is added to.

        Raises
        ------
        InputError : the folder holds another study.
        """
        journal = cls(folder / NAME.format(part), json.loads(json.dumps(settings)))
        journal.read()
        return journal

    def read(self) -> None:
        """Look what is done by now, by all parts.

        Raises
        ------
        InputError : the folder holds another study.
        """
        self.begun = None
        self.starts = []
        for path in parts_of(self.path.parent):
            for offset, line in read_lines(path):
                if "study" in line:
                    _check_same(self.path.parent, line["study"], self.settings)
                    if path == self.path:
                        self.begun = line["study"]
                elif "start" in line:
                    self.starts.append(line["start"])
                elif "key" in line:
                    self.found.setdefault(line["key"], (path, offset))

    def add(self, key: str, records: list[Record], seconds: float) -> None:
        """Write what a task made.

        Raises
        ------
        InputError : the file cannot be written.
        """
        self._begin()
        line = {"key": key, "seconds": round(seconds, 4), "records": records}
        offset = append_line(self.path, line)
        self.found.setdefault(key, (self.path, offset))

    def begin(self, about: dict[str, Any]) -> None:
        """Write down that a process begins, and what is known of it.

        Raises
        ------
        InputError : the file cannot be written.
        """
        self._begin()
        append_line(self.path, {"start": about})

    def _begin(self) -> None:
        if self.begun != self.settings:
            append_line(self.path, {"study": self.settings})
            self.begun = self.settings

    def records(self, key: str) -> list[Record]:
        """Return what a finished task made."""
        return line_at(*self.found[key])["records"]


def parts_of(folder: Path) -> list[Path]:
    """List the journals of a study's folder, the lowest part first."""
    begin, end = NAME.split("{}")
    numbered = [
        (path.name.removeprefix(begin).removesuffix(end), path)
        for path in folder.glob(NAME.format("*"))
    ]
    return [path for _, path in sorted((int(n), path) for n, path in numbered if n.isdigit())]


def _check_same(folder: Path, one: dict[str, Any], other: dict[str, Any]) -> None:
    for name in {*one, *other}:
        first, second = one.get(name), other.get(name)
        if name in GROWING and isinstance(first, dict) and isinstance(second, dict):
            same = all(first[key] == second[key] for key in first.keys() & second.keys())
        else:
            same = first == second
        if not same:
            what = _WHAT.get(name, f"is of another {name} ({first}, not {second})")
            raise InputError(
                f"{folder} holds a study that {what}: choose another output_dir, or say "
                "overwrite=true to replace it"
            )
