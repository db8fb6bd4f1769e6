"""TIFF: ImageJ, OME, makers' and plain, in and out, with the pixel size."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.images import tiff_notes
from stemgan.images.micrograph import plain_scale
from stemgan.images.series import LARGEST_PIXELS, Series, as_series

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPageSeries

_READ_AT_ONCE = 2**28
"""Series of up to so many bytes are read whole; larger ones image by image."""


def read_tiff(path: Path, *, every: bool = False) -> list[Series]:
    """Read a TIFF file: the images of each channel.

    Parameters
    ----------
    path : the file.
    every : whether to take every series of the file, not the first alone; copies of reduced
        size are left out.

    Raises
    ------
    InputError : not a TIFF file, truncated, colour, or no image.
    """
    from tifffile import TiffFile

    try:
        with _tifffile_log() as log, TiffFile(path) as tif:
            _refuse_missing_bytes(tif, path, log)
            found = [s for s in tif.series if not getattr(s.keyframe, "is_reduced", False)]
            found = (found or list(tif.series))[: None if every else 1]
            return [one for series in found for one in _channels(tif, series, path)]
    except InputError:
        raise
    except Exception as error:  # tifffile raises a zoo on broken files
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{path} cannot be read as TIFF ({reason}): it may be truncated, copy it again"
        ) from error


def _channels(tif: "TiffFile", series: "TiffPageSeries", path: Path) -> list[Series]:
    """Split a series into its channels, each a stack of (H, W)."""
    size, unit = tiff_notes.scale(tif)
    about = {"pixel_size": size, "unit": unit, "metadata": tiff_notes.metadata(tif)}
    axes = [
        (a, n) for a, n in zip(series.axes, series.shape, strict=True) if n != 1 or a in "YX"
    ]
    _refuse_claims(dict(axes), path)
    names = "".join(axis for axis, _ in axes)
    kept = tuple(length for _, length in axes)
    if series.nbytes > _READ_AT_ONCE and names[-2:] == "YX" and len(names) == 3:
        planes = _Planes(path, tif.series.index(series), kept, series.dtype)
        if names[0] != "C":
            return [as_series(planes, str(path), detector=tiff_notes.detector(tif), **about)]
        frames = [
            Series((1, *kept[1:]), partial(planes.at, i), str(path)) for i in range(kept[0])
        ]
        return [
            as_series(_One(frame), str(path), detector=name, **about)
            for frame, name in zip(frames, tiff_notes.channels(tif, kept[0]), strict=True)
        ]
    data = _pixels(tif, series, path).reshape(kept)
    order = [names.index(a) for a in names if a not in "CYXS"]
    order += [names.index(a) for a in "YXS" if a in names]
    if "C" not in names:
        data = _frames(data.transpose(order), "S" in names, names)
        return [as_series(data, str(path), detector=tiff_notes.detector(tif), **about)]
    first = names.index("C")
    data = _frames(data.transpose([first, *order]), "S" in names, names)
    called = tiff_notes.channels(tif, kept[first])
    return [
        as_series(plane, str(path), detector=name, **about)
        for plane, name in zip(data, called, strict=True)
    ]
