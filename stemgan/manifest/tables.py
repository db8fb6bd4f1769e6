"""Tables given beside manifests, such as those that the catalogue writes of classes."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from stemgan.errors import InputError
from stemgan.manifest.reading import Row, plain, read_manifest

_OF_MANIFESTS = (("group",), ("role",), ("pixel_size", "pixel_unit"))
"""Columns, those that belong together, in which a manifest is right where a table says more."""
_FRAME = re.compile(r"(.+)#(\d+)")


@dataclass(frozen=True)
class Tables:
    """What tables say of files, wherever these lie.

    A table's column ``file`` names images by their paths from the table's own folder (``../``
    leads out of it) or by absolute ones; ``NAME#2`` is the third image of a stack.

    Attributes
    ----------
    paths : the tables.
    columns : their names without ``file``, in order.
    rows : what they say of each file by its absolute path, and there by the number of an image
        in it, or None for all of the file.
    named : the absolute paths that each row's name may stand for, and the row.
    """

    paths: tuple[Path, ...] = ()
    columns: tuple[str, ...] = ()
    rows: Mapping[str, Mapping[int | None, Row]] = field(default_factory=dict)
    named: tuple[tuple[frozenset[str], Row], ...] = ()

    def row(self, file: Path, frame: int | None = None) -> Row:
        """Give what is said of a file, or of one image of it (from 0), if anything is."""
        said = self._of(file)
        row = dict(said.get(None, {}))
        for column, value in (said.get(frame, {}) if frame is not None else {}).items():
            if value or column not in row:
                row[column] = value
        return row

    def frames(self, file: Path) -> dict[int, Row]:
        """Give what is said of single images of a file, for those that a table names."""
        return {
            n: self.row(file, n) for n in sorted(n for n in self._of(file) if n is not None)
        }

    def names(self, file: Path) -> bool:
        """Tell whether anything is said of a file or an image of it."""
        return bool(self._of(file))

    def others(self, files: Iterable[Path]) -> Iterator[Row]:
        """Yield what is said of other files than these."""
        met = {place for file in files for place in _spellings(file)}
        return (row for places, row in self.named if places.isdisjoint(met))

    @property
    def names_nothing(self) -> str:
        """What to say where no image is named: tables are of others, or lie elsewhere."""
        return (
            f"{', '.join(map(str, self.paths))} names none of these images: its column file "
            "must hold their paths from the table's own folder, or absolute ones"
        )

    def joined(self, row: Row, file: Path, frame: int | None = None) -> Row:
        """Add what is said of a file to its row of a manifest.

        In the columns group and role the manifest is right, if it says anything there; so it
        is of the size of a pixel and its unit, which may be spelled in more than one way.

        Raises
        ------
        InputError : manifest and tables say different things in another column.
        """
        added = self.row(file, frame)
        for columns in _OF_MANIFESTS:
            if any(row.get(column) for column in columns):
                added = {name: value for name, value in added.items() if name not in columns}
        names = ", ".join(map(str, self.paths))
        return _merged(row, added, f"its manifest and {names}", str(file))

    def _of(self, file: Path) -> Mapping[int | None, Row]:
        if not self.rows:
            return {}
        return next((said for place in _spellings(file) if (said := self.rows.get(place))), {})


def read_tables(paths: Iterable[Path]) -> Tables:
    """Read tables: CSV in UTF-8 with commas, semicolons or tabs, and with a column ``file``.

    Raises
    ------
    InputError : one does not exist, cannot be read or has no column ``file``, or two of them
        say different things of a file in one column.
    """
    given = tuple(dict.fromkeys(paths))
    columns: dict[str, None] = {}
    rows: dict[str, dict[int | None, Row]] = {}
    named: list[tuple[frozenset[str], Row]] = []
    for path in given:
        if not path.is_file():
            raise InputError(f"the table {path} does not exist: give a CSV with a column file")
        manifest = read_manifest(path)
        if "file" not in manifest.columns:
            raise InputError(f"{path} has no column file, so that it names no image: add one")
        columns |= {name: None for name in manifest.columns if name != "file"}
        for name, row in manifest.rows.items():
            file, frame = _numbered(name)
            said = {column: value for column, value in row.items() if column != "file"}
            places = _places(path, file)
            named.append((frozenset(places), said))
            for place in places:
                frames = rows.setdefault(place, {})
                both = f"{path} and a table before it"
                frames[frame] = _merged(frames.get(frame, {}), said, both, name)
    return Tables(given, tuple(columns), rows, tuple(named))


def _merged(row: Row, added: Row, which: str, file: str) -> Row:
    """Join two rows; where one says nothing, the other counts.

    Raises
    ------
    InputError : they say different things.
    """
    merged = dict(row)
    for column, value in added.items():
        if value and merged.get(column) and merged[column] != value:
            raise InputError(
                f"{which} say different things of {file}: {column} {merged[column]!r} and "
                f"{value!r}; correct or leave out one"
            )
        if value or column not in merged:
            merged[column] = value
    return merged


def _numbered(name: str) -> tuple[str, int | None]:
    """Part the number of an image from the name of its file.

    Examples
    --------
    >>> _numbered("series.tif#2"), _numbered("a.tif")
    (('series.tif', 2), ('a.tif', None))
    """
    match = _FRAME.fullmatch(name)
    return (match[1], int(match[2])) if match else (name, None)


def _place(folder: Path, name: str) -> str:
    """Spell an absolute path in one way, links left as they are."""
    path = os.path.normpath(folder / plain(name))
    return os.path.normcase(plain(path))


def _spellings(file: Path) -> tuple[str, str]:
    """Spell where a file lies: as it was found, and where links lead to."""
    return (
        _place(file.parent.absolute(), file.name),
        _place(file.parent, file.resolve().as_posix()),
    )


def _places(table: Path, name: str) -> set[str]:
    """Spell the path that a table names: as it stands there, and where links lead to."""
    folders = (table.parent.absolute(), _resolved(str(table.parent.absolute())))
    paths = {_place(folder, name) for folder in folders}
    return paths | {_place(_resolved(str(Path(p).parent)), Path(p).name) for p in paths}


@lru_cache(maxsize=256)
def _resolved(folder: str) -> Path:
    return Path(folder).resolve()
