"""Micrographs to tiles to a sharded dataset, split by group."""

import csv
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stemgan.data.shards import Label, ShardWriter, is_finished
from stemgan.errors import InputError
from stemgan.images import Micrograph, read_micrograph
from stemgan_data_prep.micrographs import Source, find
from stemgan_data_prep.splits import assign


@dataclass(frozen=True)
class Summary:
    """What a preparation did: images used and rejected (with reasons), tiles written."""

    images: int
    rejected: list[tuple[str, str]]
    tiles: int
    done_before: bool


def prepare(
    places: list[Path],
    output: Path,
    *,
    size: int = 512,
    shares: tuple[float, float, float] = (0.8, 0.1, 0.1),
    seed: int = 0,
    watch: Callable[[Iterable[Source]], Iterable[Source]] = iter,
) -> Summary:
    """Cut micrographs into tiles and write them as a dataset; continue where one stopped.

    An image that is broken, constant, or smaller than a tile is left out, and
    ``rejected.csv`` in the dataset's folder says why.

    Parameters
    ----------
    places : folders or files.
    output : the dataset's folder.
    size : side of a tile [px]; tiles overlap where they would leave the image.
    shares : shares of groups for train, val and test.
    seed : seed of the split.
    watch : wraps the list of sources, to show progress.

    Raises
    ------
    InputError : nothing to be found or used, or `output` holds another dataset.
    """
    sources = find(places)
    request = _request(sources, size, shares, seed)
    if is_finished(output, request):
        return Summary(0, [], 0, done_before=True)
    splits = assign((source.group for source in sources), shares, seed)
    rejected: list[tuple[str, str]] = []
    tiles = 0
    with ShardWriter(output, size, request) as writer:
        safe = len(writer)
        for source in watch(sources):
            try:
                micrograph = _usable(source, size)
            except InputError as error:
                rejected.append((source.key, str(error)))
                continue
            for tile, label in _tiles(source, micrograph, size, splits[source.group]):
                if tiles >= safe:
                    writer.append(tile, label)
                tiles += 1
        if not tiles:
            key, reason = rejected[0]
            raise InputError(f"no image can be used: {key}: {reason}")
        _write_rejected(writer.folder / "rejected.csv", rejected)
    return Summary(len(sources) - len(rejected), rejected, tiles, done_before=False)


def tile_starts(side: int, size: int) -> list[int]:
    """Say where the fewest tiles of `size` start that cover `side` [px], evenly spread.

    Examples
    --------
    >>> tile_starts(1024, 512), tile_starts(730, 512)
    ([0, 512], [0, 218])
    """
    count = -(-side // size)
    return [int(start) for start in np.linspace(0, side - size, count).round()]


def _tiles(
    source: Source, micrograph: Micrograph, size: int, split: str
) -> Iterator[tuple[np.ndarray, Label]]:
    height, width = micrograph.data.shape
    pixel_size, unit = micrograph.pixel_size, micrograph.unit
    if pixel_size is None:
        pixel_size, unit = source.pixel_size
    for top in tile_starts(height, size):
        for left in tile_starts(width, size):
            tile = micrograph.data[top : top + size, left : left + size]
            yield (
                tile,
                Label(
                    key=f"{source.key}@{top},{left}",
                    group=source.group,
                    source=source.key,
                    split=split,
                    pixel_size=pixel_size,
                    unit=unit,
                    noise_fraction=source.noise_fraction,
                ),
            )


def _usable(source: Source, size: int) -> Micrograph:
    role = source.row.get("role") or "train"
    if role != "train":
        raise InputError(f"its role in the manifest is {role}, not train")
    micrograph = read_micrograph(source.file)
    height, width = micrograph.data.shape
    if min(height, width) < size:
        raise InputError(f"{height}x{width} px is smaller than a tile of {size}: pass --size")
    if not np.isfinite(micrograph.data).all():
        raise InputError("some values are not finite")
    if np.ptp(micrograph.data) == 0:
        raise InputError("all values are equal")
    return micrograph


def _request(
    sources: list[Source], size: int, shares: tuple[float, float, float], seed: int
) -> dict[str, Any]:
    lines = [f"{s.key}|{s.file.stat().st_size}|{sorted(s.row.items())}" for s in sources]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return {
        "kind": "micrographs",
        "size": size,
        "shares": shares,
        "seed": seed,
        "files": digest,
    }


def _write_rejected(path: Path, rejected: list[tuple[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("file", "reason"), *rejected])
