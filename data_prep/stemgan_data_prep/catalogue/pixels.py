"""Many pictures as one array of squares, kept in a cache that is mapped into memory."""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stemgan.amounts import amount
from stemgan.errors import InputError, check_whole
from stemgan.files import whole_file
from stemgan_data_prep.catalogue.labels import Picture
from stemgan_data_prep.catalogue.reading_many import Square, Watch, read_squares

_VERSION = 1
"""Of what the same pictures make."""


@dataclass(frozen=True, eq=False)
class Pixels:
    """Pictures that can be read, in the order given, and what they show.

    Attributes
    ----------
    pictures : of the images.
    images : (n, side, side) uint8; mapped from the cache where there is one.
    left_out : (key, reason) of those that cannot be read.
    """

    pictures: list[Picture]
    images: NDArray[np.uint8]
    left_out: list[tuple[str, str]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.pictures)


def pixels(
    pictures: Sequence[Picture],
    side: int,
    cache: Path | None = None,
    workers: int | None = None,
    watch: Watch | None = None,
) -> Pixels:
    """Read pictures as squares without bars of information, antialiased (see `square`).

    Parameters
    ----------
    pictures : those to read.
    side : [px].
    cache : folder, made if it is not there, of files that are taken up again as long as the
        pictures' files keep their sizes and times; None to hold all in memory.
    workers : processes; None for as many as are worth their start.
    watch : see `Watch`.

    Raises
    ------
    InputError : none can be read, or the cache cannot be written.
    """
    check_whole("side", side, 1)
    kept = _Kept(cache, pictures, side) if cache is not None else None
    if kept is not None and kept.there():
        return kept.taken(pictures, side)
    read = read_squares(pictures, side, workers, watch)
    if kept is not None:
        kept.write(read)
        return kept.taken(pictures, side)
    images = np.empty((len(pictures), side, side), np.uint8)
    reasons: dict[int, str] = {}
    for number, got in enumerate(read):
        if isinstance(got, str):
            reasons[number] = got
        else:
            images[number - len(reasons)] = got
    return _pixels(pictures, images[: len(pictures) - len(reasons)], reasons)


def _pixels(
    pictures: Sequence[Picture], images: NDArray[np.uint8], reasons: dict[int, str]
) -> Pixels:
    left_out = [(pictures[number].key, why) for number, why in reasons.items()]
    if len(left_out) == len(pictures):
        first = f" ({left_out[0][0]}: {left_out[0][1]})" if left_out else ""
        raise InputError(
            f"none of {amount(len(pictures), 'picture')} can be read{first}: give others"
        )
    good = [picture for number, picture in enumerate(pictures) if number not in reasons]
    return Pixels(good, images, left_out)


class _Kept:
    """Squares in a cache: one file of pixels, and one that says which they are."""

    def __init__(self, cache: Path, pictures: Sequence[Picture], side: int) -> None:
        name = f"pixels-{_digest(pictures, side)}"
        self.data, self.about = cache / f"{name}.bin", cache / f"{name}.json"

    def there(self) -> bool:
        return self.data.is_file() and self.about.is_file()

    def write(self, read: Iterable[Square]) -> None:
        """Write what can be read; the file that says which is last, so that both are whole."""
        try:
            self.data.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{self.data.parent} cannot be made: {error.strerror}") from error
        reasons: dict[int, str] = {}
        with whole_file(self.data) as temporary, temporary.open("wb") as file:
            for number, got in enumerate(read):
                if isinstance(got, str):
                    reasons[number] = got
                else:
                    file.write(got.tobytes())
        with whole_file(self.about) as temporary:
            temporary.write_text(json.dumps(reasons), encoding="utf-8")

    def taken(self, pictures: Sequence[Picture], side: int) -> Pixels:
        reasons = json.loads(self.about.read_text(encoding="utf-8"))
        shape = (len(pictures) - len(reasons), side, side)
        images: NDArray[np.uint8] = np.empty((0, side, side), np.uint8)
        if shape[0]:  # no empty file can be mapped
            images = np.memmap(self.data, np.uint8, "r", shape=shape)
        return _pixels(pictures, images, {int(n): why for n, why in reasons.items()})


def _digest(pictures: Sequence[Picture], side: int) -> str:
    """Digest what the squares follow from: files by name, size and time, and frames."""
    digest = hashlib.sha256(f"{_VERSION} {side}".encode())
    for picture in pictures:
        try:
            state = picture.file.stat()
            size, changed = state.st_size, state.st_mtime_ns
        except OSError:
            size, changed = -1, -1
        name = os.fsencode(picture.file.absolute())
        digest.update(b"%s|%d|%d|%d\n" % (name, picture.frame, size, changed))
    return digest.hexdigest()[:20]
