"""Find micrographs and what a manifest says of them."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from stemgan.errors import InputError

SUFFIXES = (".tif", ".tiff", ".npy", ".dm3", ".dm4", ".emd", ".ser", ".mrc", ".hspy")


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

    A ``manifest.csv`` in an image's folder, or above it up to the parent of the folder given,
    may name it: columns ``file`` (path from the manifest's folder) and ``group``, and if wanted
    ``role`` (only ``train`` is taken then), ``noise_fraction``, ``pixel_size``, ``pixel_unit``.

    Raises
    ------
    InputError : a place does not exist, holds no micrograph, or the manifest lacks a column.
    """
    sources: dict[Path, Source] = {}
    keys: set[str] = set()
    for place in places:
        for file in _files(place):
            if file.resolve() in sources:
                continue
            key = file.relative_to(place.parent if place.is_file() else place).as_posix()
            if key in keys:
                key = f"{place.resolve().name}/{key}"
            if key in keys:
                raise InputError(f"two images are called {key}: rename one")
            keys.add(key)
            sources[file.resolve()] = Source(file, key, _row(file, place.resolve().parent))
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


def _row(file: Path, top: Path) -> dict[str, str]:
    file = file.resolve()
    for folder in file.parents:
        if (folder / "manifest.csv").is_file():
            return _manifest(folder / "manifest.csv").get(
                file.relative_to(folder).as_posix(), {}
            )
        if folder == top:
            break
    return {}


@lru_cache(maxsize=16)
def _manifest(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.DictReader(stream)
        missing = {"file", "group"} - set(reader.fieldnames or ())
        if missing:
            raise InputError(f"{path} lacks the column {', '.join(sorted(missing))}: add it")
        return {row["file"]: row for row in reader}
