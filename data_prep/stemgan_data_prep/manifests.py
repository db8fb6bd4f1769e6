"""What manifests and tables say of the files of an archive, and forbid to train on."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from stemgan.errors import InputError
from stemgan.manifest import Manifest, Row, Tables, manifests_above, role

_FOLDERS_ABOVE = 2


class Said(NamedTuple):
    """What is said of a file.

    row : of the file.
    frames : of single images of it, by their numbers, where a table names these.
    refusal : why it must not be used, if it must not.
    """

    row: Row
    frames: dict[int, Row]
    refusal: str | None


@dataclass
class Manifests:
    """The manifests beside and above the files of an archive, and the tables given.

    Parameters
    ----------
    columns : those whose values may name what must stay together, such as group. What is kept
        for something else than training by any row of any manifest is kept whole: its images
        show the same specimen.
    need_groups : whether a manifest that names files must have the column group.
    tables : what adds to the manifests.
    """

    columns: tuple[str, ...] = ("group",)
    need_groups: bool = True
    tables: Tables = field(default_factory=Tables)
    known_columns: set[str] = field(default_factory=set)
    """Columns of the manifests and tables that named an image so far."""
    unnamed: int = 0
    """How many files no manifest named, though one that names others lies beside or above."""
    _met: dict[Path, Manifest] = field(default_factory=dict)
    _refused: list[Row] = field(default_factory=list)
    _named: list[Path] = field(default_factory=list)

    def row(self, file: Path, given: Path) -> Said:
        """Find what is said of a file, and why it must not be used, if it must not.

        A manifest in the image's folder, or above it up to two folders above the one given,
        may name it, by the name it was found under or that of the file that a link leads to.
        The nearest counts; if any gives it another role than train, it is not used.

        Parameters
        ----------
        file, given : the image, and the folder that the user named.

        Raises
        ------
        InputError : a manifest names files but no groups, or cannot be used, or a table says
            something else than a manifest.
        """
        rows: list[Row] = []
        near = False
        true = file.resolve()
        for path, top in ((file.absolute(), given.absolute()), (true, given.resolve())):
            inside = len(path.relative_to(top).parts) if path.is_relative_to(top) else 1
            for manifest in manifests_above(path, inside + _FOLDERS_ABOVE):
                self._meet(manifest)
                near |= bool(manifest.rows)
                if (row := manifest.row(path)) is not None:
                    rows.append(row)
                    self.known_columns.update(manifest.columns)
        self.unnamed += near and not rows
        row, frames = self._joined(rows[0] if rows else {}, file)
        others = [r for r in (row, *rows, *frames.values()) if role(r) != "train"]
        self._refused += others
        refusals = [f"its role in the manifest is {role(r)}, not train" for r in others]
        return Said(row, frames, refusals[0] if refusals else None)

    def _joined(self, own: Row, file: Path) -> tuple[Row, dict[int, Row]]:
        row = self.tables.joined(own, file)
        numbers = self.tables.frames(file)
        if self.tables.names(file):
            self._named.append(file)
            self.known_columns.update(self.tables.columns)
        return row, {number: self.tables.joined(own, file, number) for number in numbers}

    def check_tables(self) -> None:
        """Refuse tables that name none of the files: they are of others, or lie elsewhere.

        Raises
        ------
        InputError : with what the names of files in tables are.
        """
        if self.tables.paths and not self._named:
            raise InputError(self.tables.names_nothing)

    def _meet(self, manifest: Manifest) -> None:
        self._met[manifest.path] = manifest
        if self.need_groups and "group" not in manifest.columns:
            raise InputError(
                f"{manifest.path} lacks the column group: add it, or say --group-by COLUMN"
            )

    def reserved(self) -> dict[tuple[str, str], str]:
        """Map (column, value) to the role of the images that are not to train."""
        rows = [row for manifest in self._met.values() for row in manifest.rows.values()]
        rows += self.tables.others(self._named)
        return {
            (column, row[column]): role(row)
            for row in (*self._refused, *rows)
            if role(row) != "train"
            for column in self.columns
            if row.get(column)
        }

    def refusal(self, row: Row, reserved: dict[tuple[str, str], str]) -> str | None:
        """Say why an image must not train beside what is `reserved`, if it must not."""
        for column in self.columns:
            other = reserved.get((column, row.get(column, "")))
            if other is not None:
                return (
                    f"its {column} {row[column]} is {other} elsewhere in the manifest, and "
                    "must not train too"
                )
        return None
