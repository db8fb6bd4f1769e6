"""The images of an evaluation, with what a manifest says of their groups."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.images import Micrograph, read_stack
from stemgan.manifest import NAME, manifests_above, read_tables
from stemgan.measurement import SMALLEST_SIDE

_FOLDERS = 3
"""In how many folders from the image's own upwards a manifest may lie."""
_BLANK = "no contrast, so that there is no range to measure errors by"


@dataclass(frozen=True)
class Source:
    """One image to scan.

    path, frame : its file, and which image of it.
    name : what tables call it; each once.
    shape : height and width [px].
    group : images of one specimen or session count as one in means over groups.
    label : its value in the column that means are split by, or "".
    crop : longest side of the image's middle that is used [px]; None: all of it.
    """

    path: Path
    frame: int
    name: str
    shape: tuple[int, int]
    group: str
    label: str = ""
    crop: int | None = None

    def truth(self) -> NDArray[np.float32]:
        """Read the full image, or its middle, (H, W) float32."""
        return middle(_stack(self.path, stamp(self.path))[self.frame].data, self.crop)


Stamp = tuple[int, int]
"""When a file was changed [ns], and its size: what is kept of it holds as long as this does."""


def stamp(path: Path) -> Stamp:
    """Return the stamp of a file."""
    status = path.stat()
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=1)
def _stack(path: Path, _: Stamp) -> list[Micrograph]:
    """Read a file, and keep it while its frames follow each other."""
    return read_stack(path)


def middle(image: NDArray[np.float32], side: int | None) -> NDArray[np.float32]:
    """Cut the middle out of an image, at most `side` px high and wide.

    Examples
    --------
    >>> middle(np.float32([[1, 2, 3, 4]]), 2)
    array([[2., 3.]], dtype=float32)
    """
    if side is None:
        return image
    top, left = (max(n - side, 0) // 2 for n in image.shape)
    return np.ascontiguousarray(image[top : top + side, left : left + side])


def find_sources(
    paths: Sequence[Path],
    by: str | None,
    crop: int | None = None,
    *,
    option: str = "--by",
    blank: list[tuple[str, str]] | None = None,
    tables: Sequence[Path] = (),
) -> Iterator[Source]:
    """Yield every image of some files; of large ones the middle, if a `crop` [px] is given.

    Parameters
    ----------
    paths : the files.
    by : column of a manifest or a table, for labels.
    crop : longest side of what is used [px].
    option : what gives `by`, for the message.
    blank : takes the name of each image of one value, which has no range, and why it is left
        out; None: such an image is refused.
    tables : files that add to what manifests say.

    Raises
    ------
    InputError : an image or table that cannot be used, an image that neither a manifest nor a
        table gives the column `by`, or tables that name no image.
    """
    more = read_tables(tables)
    if more.paths and not any(more.names(path) for path in paths):
        raise InputError(more.names_nothing)
    stems = Counter(path.stem for path in paths)
    places = Counter(path.with_suffix("") for path in paths)
    for path in paths:
        own = _manifest_row(path)
        for frame, micrograph in enumerate(read_stack(path)):
            columns = more.joined(own, path, frame)
            if by is not None and by not in columns:
                kind = f"no {NAME} gives" if not tables else f"neither {NAME} nor --table gives"
                raise InputError(
                    f"{kind} the column {by!r} for {path}: put one with the columns "
                    f"file and {by} beside or above the images, or leave out {option}"
                )
            _check_image(path, micrograph.data)
            name = micrograph.name
            if places[path.with_suffix("")] > 1:
                name += path.suffix
            if stems[path.stem] > 1:
                name = f"{path.parent.as_posix()}/{name}"
            used = middle(micrograph.data, crop)
            if np.ptp(used) == 0:
                whole = used.shape == micrograph.data.shape
                if blank is None:
                    where = "" if whole else "the middle of "
                    raise InputError(
                        f"{where}image {name} of {path} has {_BLANK}: leave it out"
                    )
                blank.append((name, f"{'it' if whole else 'its middle'} has {_BLANK}"))
                continue
            height, width = used.shape
            alone = stems[path.stem] == 1
            group = columns.get("group") or (path.stem if alone else path.as_posix())
            label = columns[by] if by is not None else ""
            yield Source(path, frame, name, (height, width), group, label, crop)


def _check_image(path: Path, data: NDArray[np.float32]) -> None:
    if min(data.shape) < SMALLEST_SIDE:
        raise InputError(
            f"{path} has {data.shape[0]}x{data.shape[1]} px: each side must be at least "
            f"{SMALLEST_SIDE} px"
        )
    if not np.isfinite(data).all():
        raise InputError(
            f"{path} holds values that are not finite, so that it cannot be a truth: "
            "give full images"
        )


def _manifest_row(path: Path) -> dict[str, str]:
    """Return what a manifest beside or above the image says of it, or nothing."""
    absolute = path.absolute()
    rows = (table.row(absolute) for table in manifests_above(absolute, _FOLDERS))
    return next((row for row in rows if row is not None), {})
