"""What manifests say of the files of an archive, and what they forbid to train on."""

from dataclasses import dataclass, field
from pathlib import Path

from stemgan.errors import InputError
from stemgan.manifest import Manifest, Row, manifests_above, role

_FOLDERS_ABOVE = 2


@dataclass
class Manifests:
    """The manifests beside and above the files of an archive.

    Parameters
    ----------
    columns : those whose values may name what must stay together, such as group. What is kept
        for something else than training by any row of any manifest is kept whole: its images
        show the same specimen.
    need_groups : whether a manifest that names files must have the column group.
    """

    columns: tuple[str, ...] = ("group",)
    need_groups: bool = True
    known_columns: set[str] = field(default_factory=set)
    """Columns of the manifests that named an image so far."""
    unnamed: int = 0
    """How many files no manifest named, though one that names others lies beside or above."""
    _met: dict[Path, Manifest] = field(default_factory=dict)

    def row(self, file: Path, given: Path) -> tuple[Row, str | None]:
        """Find what is said of a file, and why it must not be used, if it must not.

        A manifest in the image's folder, or above it up to two folders above the one given,
        may name it, by the name it was found under or that of the file that a link leads to.
        The nearest counts; if any gives it another role than train, it is not used.

        Parameters
        ----------
        file, given : the image, and the folder that the user named.

        Raises
        ------
        InputError : a manifest names files but no groups, or cannot be used.
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
        others = [role(row) for row in rows if role(row) != "train"]
        refusal = f"its role in the manifest is {others[0]}, not train" if others else None
        return (rows[0] if rows else {}), refusal

    def _meet(self, manifest: Manifest) -> None:
        self._met[manifest.path] = manifest
        if self.need_groups and "group" not in manifest.columns:
            raise InputError(
                f"{manifest.path} lacks the column group: add it, or say --group-by COLUMN"
            )

    def reserved(self) -> dict[tuple[str, str], str]:
        """Map (column, value) to the role of the images that are not to train."""
        return {
            (column, row[column]): role(row)
            for manifest in self._met.values()
            for row in manifest.rows.values()
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
