"""What is already evaluated: an append-only file, so that a run that stopped continues."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from stemgan.errors import InputError
from stemgan.evaluate.plan import Condition, Source

JOURNAL = "progress.jsonl"


@dataclass(frozen=True)
class Entry:
    """One image under one condition through one method.

    row : the figures, by column name.
    profile : error by distance [% of the truth's range], as count, total and total_squared of
        each bin; None for a constant truth, which has no range.
    """

    row: dict[str, Any]
    profile: list[list[float]] | None


@dataclass
class Journal:
    """The entries of one evaluation, on disk as they come.

    Each line holds one cell: an image under a condition, through all methods. A line that was
    cut off by a crash is dropped, and its cell is done again.
    """

    path: Path
    entries: list[Entry] = field(default_factory=list)
    done: set[tuple[str, Condition]] = field(default_factory=set)

    @classmethod
    def open(cls, path: Path, settings: dict[str, Any], *, overwrite: bool) -> "Journal":
        """Continue the journal if it is of the same settings, begin one if there is none.

        Raises
        ------
        InputError : it belongs to another evaluation and `overwrite` is False, or it cannot be
            written.
        """
        settings = json.loads(json.dumps(settings))
        lines = [] if overwrite else _complete_lines(path)
        if lines and json.loads(lines[0]) != settings:
            raise InputError(
                f"{path.parent} holds an evaluation of other images or arguments: pass "
                "--overwrite to replace it, or choose another -o"
            )
        journal = cls(path)
        for line in lines[1:]:
            cell = json.loads(line)
            journal._keep(cell)
        try:
            text = "".join(f"{line}\n" for line in lines or [json.dumps(settings)])
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror}") from error
        return journal

    def add(self, source: Source, condition: Condition, entries: Sequence[Entry]) -> None:
        """Write one cell."""
        cell = {
            "image": source.name,
            "condition": asdict(condition),
            "entries": [asdict(entry) for entry in entries],
        }
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(cell) + "\n")
        self._keep(cell)

    def _keep(self, cell: dict[str, Any]) -> None:
        self.done.add((cell["image"], Condition(**cell["condition"])))
        self.entries += [Entry(**entry) for entry in cell["entries"]]


def _complete_lines(path: Path) -> list[str]:
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")
    return lines[:-1]  # what follows the last line break is empty, or was cut off
