"""What a TIFF says beside its pixels: pixel size, detector, metadata of its maker."""

import json
import re
from typing import TYPE_CHECKING, Any

from stemgan.images.micrograph import plain_scale, plain_unit

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage

_LARGEST_SCALE = 1e4
"""Pixels larger than this [nm] come from a printing resolution (72 dpi), not a specimen."""

_LONGEST_DESCRIPTION = 10_000

_FEI_SCANS = ("Scan", "EScan", "IScan", "Image")


def scale(tif: "TiffFile") -> tuple[float | None, str | None]:
    """Find the pixel size and its unit: by OME, by the maker, by ImageJ, by resolution."""
    if tif.is_ome and tif.ome_metadata:
        found = _ome_scale(tif.ome_metadata)
        if found is not None:
            return plain_scale(*found)
    size, unit = _maker_scale(tif)
    return (size, unit) if size is not None else _tag_scale(tif)


def _ome_scale(xml: str) -> tuple[float, str] | None:
    size = re.search(r'PhysicalSizeX="([^"]+)"', xml)
    unit = re.search(r'PhysicalSizeXUnit="([^"]+)"', xml)
    return (float(size[1]), unit[1] if unit else "µm") if size else None


def _maker_scale(tif: "TiffFile") -> tuple[float | None, str | None]:
    fei: Any = tif.fei_metadata if tif.is_fei else None
    for section in _FEI_SCANS if isinstance(fei, dict) else ():
        width = (fei.get(section) or {}).get("PixelWidth")
        if isinstance(width, float | int) and width > 0:
            return plain_scale(float(width), "m")
    zeiss: Any = tif.sem_metadata if tif.is_sem else None
    for name in ("ap_image_pixel_size", "ap_pixel_size") if isinstance(zeiss, dict) else ():
        entry = zeiss.get(name)
        if isinstance(entry, tuple) and len(entry) == 3:
            return plain_scale(float(entry[1]), str(entry[2]))
    return None, None


def _tag_scale(tif: "TiffFile") -> tuple[float | None, str | None]:
    page = tif.pages.first
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


def channels(tif: "TiffFile", count: int) -> list[str]:
    """Name the channels of a file: by OME, by ImageJ's labels, or by number."""
    names: list[str] = []
    if tif.is_ome and tif.ome_metadata:
        names = re.findall(r'<Channel\b[^>]*\bName="([^"]+)"', tif.ome_metadata)
    elif tif.is_imagej:
        labels = (tif.imagej_metadata or {}).get("Labels") or []
        names = [str(label) for label in ([labels] if isinstance(labels, str) else labels)]
    if len(names) == count and len(set(names)) == count:
        return names
    return [f"channel {number + 1}" for number in range(count)]


def detector(tif: "TiffFile") -> str | None:
    """Name the detector where the maker's metadata does."""
    fei: Any = tif.fei_metadata if tif.is_fei else None
    if isinstance(fei, dict):
        name = (fei.get("Detectors") or {}).get("Name")
        return str(name) if name else None
    zeiss: Any = tif.sem_metadata if tif.is_sem else None
    if isinstance(zeiss, dict):
        entry = zeiss.get("dp_detector_type") or zeiss.get("dp_detector_channel")
        return str(entry[-1]) if isinstance(entry, tuple) else None
    return None


def metadata(tif: "TiffFile") -> dict[str, Any]:
    """Collect what else the file says; our own files' processing record as it was written."""
    info = (tif.imagej_metadata or {}).get("Info")
    if isinstance(info, str):
        try:
            record = json.loads(info)
        except ValueError:
            record = None
        return record if isinstance(record, dict) else {"Info": info[:_LONGEST_DESCRIPTION]}
    if tif.is_fei and tif.fei_metadata:
        return {"FEI": tif.fei_metadata}
    if tif.is_sem and tif.sem_metadata:
        return {"Zeiss": tif.sem_metadata}
    description = tif.pages.first.description
    return {"description": description[:_LONGEST_DESCRIPTION]} if description else {}
