"""TIFF: ImageJ, OME and plain, in and out, with the pixel size."""

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.images.micrograph import frames, plain_scale, plain_unit

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage

_LARGEST_SCALE = 1e4
"""Pixels larger than this [nm] come from a printing resolution (72 dpi), not a specimen."""

_LONGEST_DESCRIPTION = 10_000


def read_tiff(
    path: Path,
) -> tuple[NDArray[np.float32], float | None, str | None, dict[str, Any]]:
    """Read the first image series of a TIFF file.

    Returns
    -------
    stack (n, H, W) float32, pixel size, unit, metadata.

    Raises
    ------
    InputError : not a TIFF file, truncated, or colour.
    """
    from tifffile import TiffFile

    try:
        with _tifffile_log() as log, TiffFile(path) as tif:
            _refuse_missing_bytes(tif, path, log)
            if "S" in tif.series[0].axes:
                raise InputError(
                    f"{path} is a colour (RGB) image: convert it to one channel of intensities"
                )
            data = _pixels(tif, path)
            size, unit = _scale(tif)
            return frames(data, str(path)), size, unit, _metadata(tif)
    except InputError:
        raise
    except Exception as error:  # tifffile raises a zoo on broken files
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{path} cannot be read as TIFF ({reason}): it may be truncated, copy it again"
        ) from error


def _pixels(tif: "TiffFile", path: Path) -> NDArray[Any]:
    try:
        return tif.series[0].asarray()
    except ValueError as error:
        if "imagecodecs" not in str(error):
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
    if max(ends) > size or any("invalid page offset" in message for message in log):
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


def _scale(tif: "TiffFile") -> tuple[float | None, str | None]:
    page = tif.pages.first
    if tif.is_ome and tif.ome_metadata:
        found = _ome_scale(tif.ome_metadata)
        if found is not None:
            return plain_scale(*found)
    per_unit = _resolution(page)
    unit = plain_unit((tif.imagej_metadata or {}).get("unit"))
    if per_unit is None:
        return None, None
    if unit is not None:
        return plain_scale(1 / per_unit, unit)
    tag = page.tags.get("ResolutionUnit")
    unit = {2: "inch", 3: "cm"}.get(int(tag.value) if tag is not None else 1)
    size, unit = plain_scale(1 / per_unit, unit)
    nanometres = (size or 0) * (1e3 if unit == "µm" else 1)
    return (size, unit) if 0 < nanometres < _LARGEST_SCALE else (None, None)


def _resolution(page: "TiffPage") -> float | None:
    tag = page.tags.get("XResolution")
    if tag is None or 0 in tag.value:
        return None
    return tag.value[0] / tag.value[1]


def _ome_scale(xml: str) -> tuple[float, str] | None:
    size = re.search(r'PhysicalSizeX="([^"]+)"', xml)
    unit = re.search(r'PhysicalSizeXUnit="([^"]+)"', xml)
    return (float(size[1]), unit[1] if unit else "µm") if size else None


def _metadata(tif: "TiffFile") -> dict[str, Any]:
    info = (tif.imagej_metadata or {}).get("Info")
    if isinstance(info, str):
        try:
            record = json.loads(info)
        except ValueError:
            record = None
        return record if isinstance(record, dict) else {"Info": info[:_LONGEST_DESCRIPTION]}
    description = tif.pages.first.description
    return {"description": description[:_LONGEST_DESCRIPTION]} if description else {}


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
