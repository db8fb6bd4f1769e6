"""A file to tiles with their labels: all that can be done without knowing of other files."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stemgan.data.shards import encode_image
from stemgan.errors import InputError
from stemgan.images import read_series
from stemgan.images.series import NoImageError, Series, choose
from stemgan.manifest import Row
from stemgan_data_prep.checks import UnfitError, check_image, check_shape, is_collection
from stemgan_data_prep.cleaning import Cut, repair, without_bars
from stemgan_data_prep.duplicates import digest, signature
from stemgan_data_prep.filters import refused
from stemgan_data_prep.jobs import Job, Outcome, Settings, Tile
from stemgan_data_prep.micrographs import Rejection, Source
from stemgan_data_prep.notes import plain
from stemgan_data_prep.quality import measure

_PIXELS_A_JOB = 2**24


@dataclass(frozen=True)
class _Image:
    """An image of a file: a frame of a series, or the sum of all (frame None)."""

    series: Series
    frame: int | None
    key: str
    group: str
    row: Row

    def read(self) -> NDArray[np.float32]:
        return self.series.total() if self.frame is None else self.series[self.frame]


def cut(job: Job, settings: Settings) -> Outcome:
    """Read, clean, cut and measure what a job names; what cannot be used is said, not raised.

    It depends on nothing else, so that it gives the same in any process on any machine.
    """
    source = job.source
    if not source.frames and (refusal := _refused(source.row, settings)):
        return _nothing(job, Rejection(source.key, "filter", refusal))
    try:
        state = source.file.stat()
        opened = _open(source.file, state.st_size, state.st_mtime_ns)
        images, rejected = _images(source, opened, settings)
    except FileNotFoundError:
        rejection = Rejection(source.key, "unreadable", f"{source.key} does not exist")
        return _nothing(job, rejection, missing=True)
    except Exception as error:  # one odd file must not stop an archive
        return _nothing(job, _rejection(source, source.key, error))
    if job.survey:
        first = (_digest(image, source, settings) for image in images)
        return Outcome(usable=next(filter(None, first), None))
    total = max(len(images), 1)
    stop = job.stop or min(job.first + _images_a_job(images), total)
    first = job.first == 0
    collection = first and bool(images) and images[0].group != source.group
    outcome = Outcome([], rejected if first else [], [], stop, total, collection=collection)
    for image in images[job.first : stop]:
        try:
            _add(image, source, settings, outcome)
        except Exception as error:  # as above
            outcome.rejected.append(_rejection(source, image.key, error))
    return outcome


def _nothing(job: Job, rejection: Rejection, *, missing: bool = False) -> Outcome:
    return Outcome([], [rejection], [], job.stop or 1, job.total or 1, missing)


def _refused(row: Row, settings: Settings) -> str | None:
    """Say why an image need not be read: what tables say of it is not what is asked for."""
    return refused((one for one in settings.conditions if one.of_column), row)


def _rejection(source: Source, key: str, error: Exception) -> Rejection:
    """Say what is wrong without saying where the archive lies."""
    reason = " ".join(str(error).split()).replace(str(source.file), source.key)
    if isinstance(error, NoImageError):
        return Rejection(key, "not an image", reason)
    if isinstance(error, UnfitError):
        return Rejection(key, error.kind, reason)
    if isinstance(error, InputError):
        return Rejection(key, "unreadable", reason)
    name = type(error).__name__
    return Rejection(key, "unreadable", f"it cannot be read ({name}: {reason})")


@lru_cache(maxsize=1)
def _open(file: Path, size: int, changed: int) -> list[Series]:
    """Open a file once for the jobs that follow each other."""
    del size, changed  # another file of the same name
    return read_series(file)


def forget_files() -> None:
    """Close the file that was kept open."""
    _open.cache_clear()


def _images(
    source: Source, opened: list[Series], settings: Settings
) -> tuple[list[_Image], list[Rejection]]:
    """List the images of a file that are large enough, and what is left out."""
    series = opened if settings.detector is None else choose(opened, settings.detector)
    images: list[_Image] = []
    rejected: list[Rejection] = []
    first = dict(zip(map(id, opened), accumulate(map(len, opened), initial=0), strict=False))
    for name, one in zip(_names(source.key, series), series, strict=True):
        try:
            check_shape(one, settings.size)
        except UnfitError as error:
            rejected.append(_rejection(source, name, error))
            continue
        single = len(one) == 1 or settings.stack != "frames"
        loose = not source.grouped and settings.collections and not single
        loose = loose and is_collection(source.file, one)
        frames = [None if settings.stack == "sum" else 0] if single else range(len(one))
        for frame in frames:
            key = name if single else f"{name}#{frame}"
            row = source.row if frame is None else source.about(first[id(one)] + frame)
            if refusal := _refused(row, settings):
                rejected.append(Rejection(key, "filter", refusal))
                continue
            images.append(_Image(one, frame, key, key if loose else source.group, row))
    return images, rejected


def _names(key: str, series: list[Series]) -> list[str]:
    """Name the series of a file, each once: by the detector where there are several."""
    if len(series) == 1:
        return [key]
    names: list[str] = []
    for number, one in enumerate(series):
        name = f"{key}:{one.about.detector or number}"
        names.append(f"{name}~{number}" if name in names else name)
    return names


def _images_a_job(images: list[_Image]) -> int:
    largest = max((i.series.shape[1] * i.series.shape[2] for i in images), default=1)
    return max(1, _PIXELS_A_JOB // largest)


def _digest(image: _Image, source: Source, settings: Settings) -> bytes | None:
    """Digest an image's values, if it can be used."""
    try:
        data, inside, _ = _cleaned(image, source, settings)
    except Exception:  # it will be said why when the image is to be cut
        return None
    return digest(inside.of(data))


def _cleaned(
    image: _Image, source: Source, settings: Settings
) -> tuple[NDArray[np.float32], Cut, int]:
    """Read an image: repaired, what of it to use, and how many pixels were repaired."""
    where = str(source.file)
    data, repaired = repair(image.read(), settings.max_nonfinite, where)
    inside = without_bars(data) if settings.bars else Cut(0, data.shape[0], 0, data.shape[1])
    check_image(inside.of(data), settings.size, where)
    return data, inside, repaired


def _add(image: _Image, source: Source, settings: Settings, outcome: Outcome) -> None:
    data, inside, repaired = _cleaned(image, source, settings)
    kept = inside.of(data)
    about = image.series.about
    size, unit = about.pixel_size, about.unit
    if size is None:
        size, unit = source.pixel_size
    shared = {"pixel_size": size, "unit": unit, "detector": about.detector}
    low, high = float(kept.min()), float(kept.max())
    for top, left, tile in _tiles(kept, settings):
        key = f"{image.key}@{inside.top + top},{inside.left + left}"
        if tile.min() == tile.max():
            outcome.rejected.append(Rejection(key, "constant", "all values are equal"))
            continue
        figures = measure(tile, low, high).rounded()
        known = {**image.row, **figures, "pixel_size": size}
        if refusal := refused(settings.conditions, known):
            outcome.rejected.append(Rejection(key, "filter", refusal))
            continue
        encoded = encode_image(tile, settings.compression)
        said = {"category": source.category_of(image.row), **shared, **figures}
        outcome.tiles.append(Tile(key, image.key, image.group, said, encoded, signature(tile)))
    height, width = data.shape
    bars = [inside.top, height - inside.bottom, inside.left, width - inside.right]
    outcome.records.append(
        {
            "image": image.key,
            "file": source.key,
            "shape": [height, width],
            **{name: value for name, value in shared.items() if value is not None},
            **({"cut_off": bars} if any(bars) else {}),
            **({"repaired": repaired} if repaired else {}),
            **({} if image.frame else {"metadata": plain(about.metadata)}),
        }
    )


def _tiles(
    image: NDArray[np.float32], settings: Settings
) -> Iterator[tuple[int, int, NDArray[np.float32]]]:
    size = settings.size
    for top in tile_starts(image.shape[0], size, settings.overlap):
        for left in tile_starts(image.shape[1], size, settings.overlap):
            yield top, left, image[top : top + size, left : left + size]


def tile_starts(side: int, size: int, overlap: int | None = None) -> list[int]:
    """Say where tiles of `size` start along `side` [px].

    Without an overlap, full tiles side by side; with one, the fewest tiles that cover the side
    and overlap by at least so much, evenly spread.

    Examples
    --------
    >>> tile_starts(1024, 512), tile_starts(730, 512)
    ([0, 512], [0])
    >>> tile_starts(730, 512, 0), tile_starts(1024, 512, 128)
    ([0, 218], [0, 256, 512])
    """
    if overlap is None:
        return list(range(0, side - size + 1, size))
    count = max(1, -(-(side - overlap) // (size - overlap)))
    return [int(start) for start in np.linspace(0, side - size, count).round()]
