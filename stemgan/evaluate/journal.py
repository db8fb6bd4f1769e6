"""What is already evaluated: an append-only file, so that a run that stopped continues."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from stemgan.errors import InputError
from stemgan.evaluate.cells import Cell
from stemgan.evaluate.scans import Condition
from stemgan.files import append_line, read_lines, whole_file
from stemgan.metrics import PITCH_EDGES, ErrorByDistance

JOURNAL = "progress.jsonl"

Key = tuple[str, str, float | None, str]
"""Scan, coverage, electrons and method."""


@dataclass
class Profiles:
    """Error by distance of one condition and method, pooled over images.

    distance, pitch : by distance [px], and in units of the pitch.
    images, pitches : how many images, and the sum of their pitches [px].
    """

    distance: ErrorByDistance = field(default_factory=ErrorByDistance)
    pitch: ErrorByDistance = field(default_factory=lambda: ErrorByDistance(PITCH_EDGES))
    images: int = 0
    pitches: float = 0.0


@dataclass
class Journal:
    """The figures of one evaluation, on disk as they come.

    Each line holds one cell: an image under a condition, through all methods. Lines are only
    ever added, each by one write. One that was cut off by a crash is passed over, and its cell
    is done again; of a cell that was done twice the first counts.

    rows : the figures of every image, condition and method.
    profiles : error by distance, pooled as it comes, so that memory does not grow with images.
    done : the cells that are in.
    """

    path: Path
    rows: list[dict[str, Any]] = field(default_factory=list)
    profiles: dict[Key, Profiles] = field(default_factory=dict)
    done: set[tuple[str, Condition]] = field(default_factory=set)

    @classmethod
    def open(
        cls,
        path: Path,
        settings: dict[str, Any],
        *,
        overwrite: bool,
        usable: Callable[[str, Condition], bool] = lambda image, condition: True,
    ) -> "Journal":
        """Continue the journal if it is of the same settings, begin one if there is none.

        Parameters
        ----------
        path : the file.
        settings : all that the figures depend on.
        overwrite : whether another evaluation's may be replaced.
        usable : whether a cell's line is to be used, given the image's name and the condition.

        Raises
        ------
        InputError : it belongs to another evaluation and `overwrite` is False, or it cannot be
            written.
        """
        settings = json.loads(json.dumps(settings))
        journal = cls(path)
        lines = (line.content for line in read_lines(path))
        first = next(lines, None)
        same = first == settings
        if first is not None and not same and not overwrite:
            raise InputError(
                f"{path.parent} holds an evaluation of other images, arguments or versions of "
                "methods: pass --overwrite to replace it, or choose another -o"
            )
        if not same or overwrite:
            with whole_file(path) as temporary:
                temporary.write_text(json.dumps(settings) + "\n", encoding="utf-8")
            return journal
        for cell in lines:
            if usable(cell["image"], Condition(**cell["condition"])):
                journal._keep(cell)
        return journal

    def add(self, cell: Cell) -> None:
        """Write one cell.

        Raises
        ------
        InputError : the file cannot be written.
        """
        described = {
            "image": cell.source.name,
            "condition": asdict(cell.condition),
            "pitch": cell.pitch,
            "entries": [
                {
                    "row": entry.row,
                    "distance": entry.distance and entry.distance.pack(),
                    "by_pitch": entry.pitch and entry.pitch.pack(),
                }
                for entry in cell.entries
            ],
        }
        append_line(self.path, described)
        self._keep(described)

    def _keep(self, cell: dict[str, Any]) -> None:
        condition = Condition(**cell["condition"])
        if (cell["image"], condition) in self.done:
            return
        self.done.add((cell["image"], condition))
        for entry in cell["entries"]:
            self.rows.append(entry["row"])
            key = (*asdict(condition).values(), entry["row"]["method"])
            if entry["distance"] is None:
                continue
            profiles = self.profiles.setdefault(key, Profiles())
            profiles.distance.merge(ErrorByDistance.unpack(entry["distance"]))
            profiles.pitch.merge(ErrorByDistance.unpack(entry["by_pitch"], PITCH_EDGES))
            profiles.images += 1
            profiles.pitches += cell["pitch"]
