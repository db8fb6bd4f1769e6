"""Find micrographs, and what manifests say of them."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stemgan.errors import InputError
from stemgan.images.files import PICTURES
from stemgan.images.vendor import suffixes
from stemgan.manifest import NAME, Row, as_text, read_tables
from stemgan_data_prep.grouping import PLACES, columns_of, group_of
from stemgan_data_prep.manifests import Manifests
from stemgan_data_prep.walk import walk

_OURS = frozenset({".tif", ".tiff", ".npy", ".npz", *PICTURES})
_TABLES = frozenset({".csv", ".txt", ".json", ".xml", ".md", ".log", ".xlsx"})


@dataclass(frozen=True)
class Source:
    """A micrograph file, its key (path inside what was given) and its row of a manifest.

    Attributes
    ----------
    file : where it lies.
    key : its name in the dataset, as text whatever script or bytes the name has.
    row : what a manifest and tables say of it.
    group : what must stay on one side of a split; its key if nothing groups it.
    grouped : whether the group was given, so that images of the file must not part.
    category : label to stratify by, or None.
    frames : what tables say of single images of it, by their numbers, with what `row` says.
    column : of which column the category is.
    """

    file: Path
    key: str
    row: Row = field(default_factory=dict)
    group: str = ""
    grouped: bool = False
    category: str | None = None
    frames: dict[int, Row] = field(default_factory=dict)
    column: str | None = None

    def about(self, number: int) -> Row:
        """Give what is said of one image of the file, from 0."""
        return self.frames.get(number, self.row)

    @property
    def rows(self) -> tuple[Row, ...]:
        """What is said of its images, one by one, and of all of it."""
        return (self.row, *self.frames.values())

    def category_of(self, row: Row) -> str | None:
        """Give the category of an image of which `row` is said."""
        return (row.get(self.column) or None) if self.column else self.category

    @property
    def categories(self) -> tuple[str | None, ...]:
        """The categories of its images, where they are named one by one, or its own."""
        return tuple(self.category_of(row) for row in self.frames.values()) or (self.category,)

    @property
    def pixel_size(self) -> tuple[float | None, str | None]:
        """The manifest's pixel size and its unit, if it gives both."""
        try:
            size = float(self.row.get("pixel_size") or "")
        except ValueError:
            return None, None
        unit = self.row.get("pixel_unit")
        return (size, unit) if unit and 0 < size < math.inf else (None, None)


@dataclass(frozen=True)
class Rejection:
    """A file or an image that is left out, and why; `kind` is one word or two, to count by."""

    key: str
    kind: str
    reason: str


@dataclass
class Found:
    """What lies in the places given: sources in a fixed order, and what is left out.

    `unnamed` counts sources that no manifest names, though one lies beside or above them;
    `columns` are those that manifests and tables have for what they name.
    """

    sources: list[Source] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    unnamed: int = 0
    columns: frozenset[str] = frozenset()


def find(
    places: Iterable[Path],
    *,
    group_by: str | None = None,
    stratify: str | None = None,
    skip: frozenset[Path] = frozenset(),
    training: bool = True,
    tables: Sequence[Path] = (),
) -> Found:
    """List the micrographs in folders (at any depth) and among files, in a fixed order.

    Parameters
    ----------
    places : folders or files.
    group_by : a column of the manifest or a table; ``file`` or ``folder``; None for the column
        group, or the file where neither names it.
    stratify : a column whose value is each image's category, or None.
    skip : paths to pass over in silence: the output itself.
    training : whether to leave out what a manifest keeps for something else than training.
    tables : files that add to what manifests say, see `stemgan.manifest.read_tables`.

    Raises
    ------
    InputError : a place does not exist or holds no micrograph, no manifest has the column asked
        for, or a manifest or table cannot be used.
    """
    found = Found()
    seen: dict[Path, str] = {}
    keys: set[str] = set()
    given = group_by not in (None, "group")
    more = read_tables(tables)
    manifests = Manifests(columns_of(group_by), need_groups=not given, tables=more)
    skip |= {path.absolute().parent.resolve() / path.name for path in tables}
    readable = _OURS | suffixes()
    for place in places:
        for file, odd in _files(place, skip):
            folder = place.parent if place.is_file() else place
            key = _unique(file, folder, keys)
            reason = odd or _not_an_image(file, readable)
            if reason:
                found.rejected.append(Rejection(key, "not an image", reason))
                continue
            true = file.resolve()
            if true in seen:
                found.rejected.append(
                    Rejection(key, "duplicate", f"the same file as {seen[true]}")
                )
                continue
            seen[true] = key
            row, frames, refusal = manifests.row(file, folder)
            if refusal and training:
                found.rejected.append(Rejection(key, "role", refusal))
                continue
            group = group_of(file, folder, row, frames, group_by)
            category = (row.get(stratify) or None) if stratify else None
            named = (row, group or key, bool(group), category, frames, stratify)
            found.sources.append(Source(file.absolute(), key, *named))

    manifests.check_tables()
    found.unnamed, found.columns = manifests.unnamed, frozenset(manifests.known_columns)
    if training:
        _leave_out_reserved(found, manifests)
    _check_columns(found.columns, group_by, stratify)
    if not found.sources and not found.rejected:
        raise InputError("nothing was found: give a folder of micrographs")
    return found


def _leave_out_reserved(found: Found, manifests: Manifests) -> None:
    """Leave out what shares a group with images that are not to train, anywhere."""
    reserved, kept = manifests.reserved(), []
    for source in found.sources:
        rows = (source.row, *source.frames.values())
        refusal = next(filter(None, (manifests.refusal(row, reserved) for row in rows)), None)
        if refusal:
            found.rejected.append(Rejection(source.key, "role", refusal))
        else:
            kept.append(source)
    found.sources = kept


def _files(place: Path, skip: frozenset[Path]) -> Iterable[tuple[Path, str | None]]:
    if place.is_dir():
        files = [(f, odd) for f, odd in walk(place, skip) if f.name != NAME]
        if not files:
            raise InputError(f"{place} holds no file: give a folder of micrographs")
        return files
    if not place.exists():
        raise InputError(f"{place} does not exist: give a folder of micrographs")
    return [(place, None)]


def _unique(file: Path, folder: Path, keys: set[str]) -> str:
    key = as_text(file.relative_to(folder).as_posix())
    for above in (folder.resolve(), *folder.resolve().parents):
        if key not in keys:
            break
        key = f"{as_text(above.name)}/{key}"
    if key in keys:
        raise InputError(f"two images are called {key}: rename one, or name fewer folders")
    keys.add(key)
    return key


def _not_an_image(file: Path, readable: frozenset[str]) -> str | None:
    suffix = file.suffix.lower()
    if suffix in _TABLES:
        return f"a table or text ({suffix}), not an image"
    if suffix in readable:
        return None
    return f"not a known image format ({suffix or 'no suffix'})"


def _check_columns(columns: frozenset[str], group_by: str | None, stratify: str | None) -> None:
    for option, column in (("--group-by", group_by), ("--stratify", stratify)):
        if column and column not in PLACES and column not in columns:
            known = ", ".join(sorted(columns)) or "none"
            raise InputError(
                f"{option} {column}: no manifest that names these images has that column; the "
                f"columns are: {known}"
            )
