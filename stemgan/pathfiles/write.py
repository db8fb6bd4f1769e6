"""Paths written in every format, with what the format takes away from them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.pathfiles import arrays, de, masks, obi, own
from stemgan.pathfiles.detect import FORMATS
from stemgan.pathfiles.frame import FramePath, on_frame
from stemgan.pathfiles.read import read_path
from stemgan.scan.inside import inside

Array = NDArray[np.float64]

WHOLE_PATHS = ("npy", "csv")
"""Formats that hold every position, whether joined, and parts outside the frame."""


class Written(NamedTuple):
    """What a file holds, found by reading it back.

    error : largest distance between a position and where the file has it [px].
    dwell_error : largest error of a dwell [s]; None where the format holds no dwell.
    positions : number of positions in the file.
    left_out : positions outside the frame, which the format cannot hold.
    duration : sum of the dwells asked of the file's positions, as rounded by it [s].
    loses_dwell : whether dwells that differ became one that is set on the instrument.
    """

    error: float
    dwell_error: float | None
    positions: int
    left_out: int
    duration: float
    loses_dwell: bool


def write_path(
    file: Path,
    path: FramePath,
    form: str,
    *,
    visited: NDArray[np.int64] | None = None,
    pixel_dwell: float | None = None,
    pixel_size: float | None = None,
    name: str = "custom",
    record: dict[str, object] | None = None,
) -> Written:
    """Write a path, read it back, and say what was lost.

    Our own formats hold the whole path. The others hold positions inside the frame: of a joined
    path, each measured pixel once in the order of the first visit; of another, its positions.

    Parameters
    ----------
    file : what to write.
    path : the path on its frame, with its dwell [s].
    form : one of FORMATS.
    visited : flat indices of the pixels that a joined path measures, in order, (k,).
    pixel_dwell : time at each of them [s].
    pixel_size : side of a pixel [Å], for abTEM.
    name : the scan family, for the comment of a CSV file.
    record : processing record, for the mask.

    Returns
    -------
    Written.

    Raises
    ------
    InputError : the path does not fit the format.
    """
    if form not in FORMATS:
        raise InputError(f"there is no path format {form!r}: choose of {', '.join(FORMATS)}")
    held, left_out = path, 0
    if form not in WHOLE_PATHS:
        held = _sites(path, visited, pixel_dwell)
        left_out = int((~inside(path.path, path.shape)).sum())
    if form == "npy":
        own.write_npy(file, held.custom())
    elif form == "csv":
        own.write_csv(file, held.custom(), held.shape, name)
    elif form == "obi":
        obi.write(file, held)
    elif form == "de":
        de.write(file, held)
    elif form == "odemis":
        arrays.write_odemis(file, held)
    elif form == "abtem":
        arrays.write_abtem(file, held, pixel_size)
    else:
        masks.write(file, held, record or {})
    back = on_frame(read_path(file, held.shape, form, pixel_size=pixel_size), held.shape)
    return _compare(held, back, form, left_out)


def _sites(
    path: FramePath, visited: NDArray[np.int64] | None, pixel_dwell: float | None
) -> FramePath:
    """Return the positions at which the beam rests, all inside the frame."""
    if not path.joined:
        kept = inside(path.path, path.shape)
        dwell = None if path.dwell is None else path.dwell[kept]
        return FramePath(path.path[kept], path.shape, dwell)
    if visited is None:
        raise ValueError("a joined path needs the pixels that it measures")
    pixels = np.stack(np.divmod(visited, path.shape[1]), axis=1).astype(np.float64)
    dwell = None if pixel_dwell is None else np.full(len(pixels), pixel_dwell)
    return FramePath(pixels, path.shape, dwell)


def _compare(held: FramePath, back: FramePath, form: str, left_out: int) -> Written:
    wanted, dwell = held.path, held.dwell
    pixels = np.floor(wanted + 0.5)
    if form == "tif":  # in raster order, each pixel once
        flat = np.array([back.shape[1], 1.0])
        wrong = np.setxor1d(pixels @ flat, np.round(back.path) @ flat)
        if len(wrong):
            raise OSError(f"the mask read back differs in {len(wrong)} pixels")
        error = _farthest(wanted - pixels)
    else:
        error = _farthest(wanted - back.path)
    differ = dwell is not None and float(np.ptp(dwell)) > 1e-9 * float(dwell.max())
    if dwell is None or back.dwell is None:
        total = 0.0 if dwell is None else float(dwell.sum())
        if form == "tif" and dwell is not None and not differ:
            total = float(dwell[0]) * len(back.path)
        return Written(error, None, len(back.path), left_out, total, differ)
    off = float(np.abs(back.dwell - dwell).max())
    return Written(error, off, len(back.path), left_out, float(back.dwell.sum()), False)


def _farthest(differences: Array) -> float:
    return float(np.hypot(*differences.T).max())
