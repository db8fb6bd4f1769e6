"""Values measured along a path: with its file, a partial scan."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.images.files import existing_file, read_series
from stemgan.images.vendor import read_camera_frames, suffixes
from stemgan.measurement import PartialScan, Points, scan_of_points
from stemgan.pathfiles.arrays import load
from stemgan.pathfiles.frame import on_frame
from stemgan.pathfiles.read import read_path
from stemgan.scan.inside import inside

Array = NDArray[np.float64]

_PLAIN = frozenset({".tif", ".tiff", ".npz", ".png", ".jpg", ".jpeg", ".bmp", ".gif"})
"""What is read as images are, though RosettaSciIO may know it too."""


def read_path_scan(
    values: str | Path,
    path: str | Path,
    shape: tuple[int, int],
    *,
    offset: tuple[float, float] = (0.0, 0.0),
    pixel_size: float | None = None,
) -> PartialScan:
    """Read what was measured at each position of a path.

    Parameters
    ----------
    values : a 1-D NPY file of intensities, or a stack of detector frames, whose sums are the
        intensities: NPY (n, h, w), TIFF, MRC or whatever RosettaSciIO reads.
    path : path file, FILE or FORMAT:FILE, with as many positions.
    shape : height and width of the frame [px].
    offset : of a Direct Electron file, where its (0, 0) lies in the frame, (y, x) [px].
    pixel_size : side of a pixel [Å], for abTEM positions.

    Returns
    -------
    PartialScan that keeps the exact positions. Positions outside the frame, where the beam is
    blanked, are left out. Dwell is over the median of the measured pixels.

    Raises
    ------
    InputError : a file that cannot be read, numbers of values and positions that differ, or
        values that are not finite.
    """
    source = existing_file(values)
    custom = read_path(path, shape, offset=offset, pixel_size=pixel_size)
    samples = _samples(source)
    count = len(custom.positions)
    if len(samples) != count:
        raise InputError(
            f"{source} holds {len(samples)} values or frames and {path} {count} positions: "
            "give the path of this scan"
        )
    bad = ~(np.abs(samples) <= np.finfo(np.float32).max)
    if bad.any():
        raise InputError(
            f"value {int(bad.argmax()) + 1} of {source} is not finite in float32: mend it"
        )
    placed = on_frame(custom, shape)
    # The last position of a path that the beam follows has no time of its own.
    dwell = np.ones(count) if custom.dwell is None else np.array(custom.dwell)
    dwell[dwell == 0] = np.median(dwell[dwell > 0])
    kept = inside(placed.path, shape)
    points = Points(placed.path[kept], samples[kept], dwell[kept])
    about = {"path": Path(path).name, "positions": count, "blanked": int((~kept).sum())}
    return scan_of_points(points, shape, name=source.stem, metadata=about)


def _samples(file: Path) -> Array:
    """Return one intensity a position, (n,)."""
    if file.suffix.lower() == ".npy":
        array = load(file)
        if array.ndim == 1:
            return array.astype(np.float64)
        if array.ndim == 3:
            return array.sum(axis=(1, 2), dtype=np.float64)
        raise InputError(
            f"{file} has shape {array.shape}: give the values of the path's positions as (n,), "
            "or detector frames as (n, h, w)"
        )
    if file.suffix.lower() == ".csv":
        raise InputError(f"{file} is a table: give the values as a 1-D NPY file, or as frames")
    if file.suffix.lower() in suffixes() - _PLAIN:
        frames = read_camera_frames(file)
    else:
        frames = read_series(file, every=False)[0]
    return np.array([frames[i].sum(dtype=np.float64) for i in range(len(frames))])
