"""Find micrographs and what a manifest says of them."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from stemgan.errors import InputError

SUFFIXES = (".tif", ".tiff", ".npy", ".dm3", ".dm4", ".emd", ".ser", ".mrc", ".hspy")


_FOLDERS_ABOVE = 2


@dataclass(frozen=True)
class Source:
    """A micrograph file, its key (path inside what was given) and its row of a manifest."""

    file: Path
    key: str
    row: dict[str, str]

    @property
    def group(self) -> str:
        """The manifest's group, or the key: a file that nobody grouped is its own group."""
        return self.row.get("group") or self.key

    @property
    def noise_fraction(self) -> float | None:
        """The manifest's share of noise in the variance, if it gives one."""
        return self._number("noise_fraction")

    @property
    def pixel_size(self) -> tuple[float | None, str | None]:
        """The manifest's pixel size and its unit, if it gives both."""
        size, unit = self._number("pixel_size"), self.row.get("pixel_unit")
        return (size, unit) if size and unit else (None, None)

    def _number(self, column: str) -> float | None:
        try:
            return float(self.row.get(column) or "")
        except ValueError:
            return None


def find(places: Iterable[Path]) -> list[Source]:
    """List the micrographs in folders (at any depth) and among files, in a fixed order.

    A ``manifest.csv`` in an image's folder, or above it up to two folders above the one given
    (that of a file given), may name it: columns ``file`` (path from the manifest's folder) and
    ``group``, and if wanted ``role`` (only ``train`` is taken then), ``noise_fraction``,
    ``pixel_size``, ``pixel_unit``. The nearest that names the image counts.

    Raises
    ------
    InputError : a place does not exist, holds no micrograph, or a manifest names files but no
        groups, or cannot be read.
    """
    sources: dict[Path, Source] = {}
    keys: set[str] = set()
    for place in places:
        for file in _files(place):
            if file.resolve() in sources:
                continue
            folder = place.parent if place.is_file() else place
            key = file.relative_to(folder).as_posix()
            if key in keys:
                key = f"{place.resolve().name}/{key}"
            if key in keys:
                raise InputError(f"two images are called {key}: rename one")
            keys.add(key)
            sources[file.resolve()] = Source(file, key, _row(file, folder))
    return list(sources.values())


def _files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise InputError(f"{place} does not exist: give a folder of micrographs")
    files = [file for file in place.rglob("*") if file.suffix.lower() in SUFFIXES]
    if not files:
        raise InputError(f"{place} holds no micrograph: give a folder of {', '.join(SUFFIXES)}")
    return sorted(files)


def _row(file: Path, given: Path) -> dict[str, str]:
    file, given = file.resolve(), given.resolve()
    inside = len(file.relative_to(given).parts)
    for folder in list(file.parents)[: inside + _FOLDERS_ABOVE]:
        row = _manifest(folder / "manifest.csv").get(file.relative_to(folder).as_posix())
        if row is not None:
            return row
    return {}


@lru_cache(maxsize=64)
def _manifest(path: Path) -> dict[str, dict[str, str]]:
    if not path.is_file():
        return {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            columns = reader.fieldnames or ()
            rows = list(reader)
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise InputError(f"{path} cannot be read as CSV in UTF-8: {error}") from error
    if "file" not in columns:  # of something else
        return {}
    if "group" not in columns:
        raise InputError(f"{path} lacks the column group: add it")
    return {row["file"]: row for row in rows}
