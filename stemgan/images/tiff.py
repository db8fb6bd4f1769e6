"""TIFF: ImageJ, OME, makers' and plain, in and out, with the pixel size."""

import json
import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.images import tiff_notes
from stemgan.images.micrograph import plain_scale
from stemgan.images.series import About, Series, as_series, grey, refuse_claim

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPageSeries

_READ_AT_ONCE = 2**28
"""Stacks of up to so many bytes are read whole; larger ones image by image."""


def read_tiff(path: Path, *, every: bool = False) -> list[Series]:
    """Read a TIFF file: a series for each channel.

    Parameters
    ----------
    path : the file.
    every : whether to take all image series of the file, not the first alone; copies of
        reduced size are left out.

    Raises
    ------
    InputError : not a TIFF file, truncated, colour, or no image.
    """
    from tifffile import TiffFile

    try:
        with _tifffile_log() as log, TiffFile(path) as tif:
            _refuse_missing_bytes(tif, path, log)
            full = [s for s in tif.series if not s.keyframe.is_reduced] or list(tif.series)
            found = full if every else full[:1]
            return [one for series in found for one in _channels(tif, series, path)]
    except InputError:
        raise
    except Exception as error:  # tifffile raises a zoo on broken files
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{path} cannot be read as TIFF ({reason}): it may be truncated, copy it again"
        ) from error


def _channels(tif: "TiffFile", series: "TiffPageSeries", path: Path) -> list[Series]:
    axes = "".join(a for a, n in zip(series.axes, series.shape, strict=True) if _kept(a, n))
    shape = tuple(n for a, n in zip(series.axes, series.shape, strict=True) if _kept(a, n))
    refuse_claim(math.prod(n for a, n in zip(axes, shape, strict=True) if a in "YX"), str(path))
    size, unit = tiff_notes.scale(tif)
    about = About(size, unit, tiff_notes.detector(tif), tiff_notes.metadata(tif))
    if series.nbytes > _READ_AT_ONCE and axes in ("TYX", "ZYX", "IYX", "QYX", "PYX"):
        planes = _Planes(path, tif.series.index(series), shape, series.dtype)
        return [as_series(planes, str(path), about)]
    data = _pixels(tif, series, path).reshape(shape)
    if "S" in axes:
        data = grey(np.moveaxis(data, axes.index("S"), -1), str(path))
        axes = axes.replace("S", "")
    if "C" not in axes:
        return [as_series(_stack(data, axes), str(path), about)]
    planes = np.moveaxis(data, axes.index("C"), 0)
    axes = axes.replace("C", "")
    return [
        as_series(_stack(plane, axes), str(path), replace(about, detector=channel))
        for plane, channel in zip(planes, tiff_notes.channels(tif, len(planes)), strict=True)
    ]


def _kept(axis: str, length: int) -> bool:
    return length != 1 or axis in "YX"


def _stack(data: NDArray[Any], axes: str) -> NDArray[Any]:
    """Put rows and columns last, and whatever else has a meaning into one axis of frames."""
    data = np.moveaxis(data, [axes.index("Y"), axes.index("X")], [-2, -1])
    unnamed = axes.count("Q") > 1  # may be anything: left to be refused
    return data if data.ndim < 4 or unnamed else data.reshape(-1, *data.shape[-2:])


class _Planes:
    """The images of a large stack, each read when it is asked for."""

    def __init__(
        self, path: Path, series: int, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> None:
        self.path, self.series, self.shape, self.dtype = path, series, shape, dtype

    def __getitem__(self, index: int) -> NDArray[Any]:
        from tifffile import imread

        try:
            return imread(self.path, series=self.series, key=index)
        except Exception as error:  # as above
            raise InputError(f"image {index} of {self.path} cannot be read: {error}") from error


def _pixels(tif: "TiffFile", series: "TiffPageSeries", path: Path) -> NDArray[Any]:
    try:
        return series.asarray()
    except ValueError as error:
        if "imagecodecs" not in str(error) or len(tif.series) > 1:
            raise
        return _pixels_by_pillow(path)  # LZW and the like, which Pillow decodes


def _refuse_missing_bytes(tif: "TiffFile", path: Path, log: list[str]) -> None:
    """Refuse a file that ends before its pixels do, and would read as less."""
    size = path.stat().st_size
    ends = [
        offset + count
        for page in tif.pages
        for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True)
    ]
    if not ends or max(ends) > size or any("invalid page offset" in message for message in log):
        raise InputError(f"{path} is truncated: copy it again")


def _pixels_by_pillow(path: Path) -> NDArray[Any]:
    from PIL import Image, ImageSequence

    with Image.open(path) as image:
        pages = [np.asarray(page) for page in ImageSequence.Iterator(image)]
    return np.stack(pages) if len(pages) > 1 else pages[0]


@contextmanager
def _tifffile_log() -> Iterator[list[str]]:
    """Collect what tifffile logs, which would otherwise go to stderr."""
    messages: list[str] = []

    def collect(record: logging.LogRecord) -> bool:
        messages.append(record.getMessage())
        return False

    logger = logging.getLogger("tifffile")
    logger.addFilter(collect)
    try:
        yield messages
    finally:
        logger.removeFilter(collect)


def write_tiff(
    path: Path,
    data: NDArray[Any],
    pixel_size: float | None,
    unit: str | None,
    metadata: dict[str, Any],
) -> None:
    """Write (H, W) or (n, H, W) as a TIFF that ImageJ opens with its scale.

    `metadata` becomes the image's Info, as JSON (Image > Show Info in ImageJ).
    """
    from tifffile import imwrite

    size, unit = plain_scale(pixel_size, unit)
    extra: dict[str, Any] = {"axes": "ZYX" if data.ndim == 3 else "YX"}
    if metadata:
        extra["Info"] = json.dumps(metadata, default=str, ensure_ascii=False)
    if size is not None and unit is not None:
        extra["unit"] = "".join(c if ord(c) < 128 else f"\\u{ord(c):04X}" for c in unit)
    resolution = None if size is None else (1 / size, 1 / size)
    imwrite(path, data, imagej=True, metadata=extra, resolution=resolution)
