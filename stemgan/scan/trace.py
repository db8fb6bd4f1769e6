"""Traces: what a scan path measures of its frame, in which order and when."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError

Path = NDArray[np.float64]

_FARTHEST = 1e9
"""[px], beyond which pixels are not counted exactly."""


@dataclass(frozen=True, eq=False)
class Trace:
    """A scan path on the pixels of its frame.

    path : positions in the order of their visit, (n, 2) float64, (y, x) [px].
    visited : flat indices of the measured pixels in the order of their first visit, (k,) int64.
    time : when each was visited, as a share of the path's duration, (k,) float64 in [0, 1].
    dwell : dwell time over that of a full raster at the same speed, (H, W) float32; 0 where
        nothing is measured.
    joined : whether the beam measures between the positions too, and not at them alone.
    durations : share of the path's duration that each position takes (of a joined path: until
        the next), (n,) float64 that sums to 1; None: equal times.
    """

    path: Path
    visited: NDArray[np.int64]
    time: NDArray[np.float64]
    dwell: NDArray[np.float32]
    joined: bool = True
    durations: NDArray[np.float64] | None = None

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Measured pixels, (H, W), True = measured."""
        return self.dwell > 0

    @property
    def coverage(self) -> float:
        """Share of measured pixels."""
        return float(self.mask.mean())

    @property
    def length(self) -> float:
        """Length of the path, blanked parts outside the frame included [px]."""
        return float(np.hypot(*np.diff(self.path, axis=0).T).sum())


def trace_path(
    path: Path,
    shape: tuple[int, int],
    *,
    joined: bool,
    times: NDArray[np.float64] | None = None,
) -> Trace:
    """Find what a path measures.

    Parameters
    ----------
    path : positions, (n, 2) (y, x) [px]; those outside the frame are blanked.
    shape : height and width of the frame [px].
    joined : whether the beam measures between the positions too.
    times : dwell time of each position, (n,), above 0 [any unit]; None: equal. Of separate
        positions, a pixel's dwell is their sum over the mean time of a position.

    Raises
    ------
    InputError : the path measures nothing inside the frame, or leads too far out of it.
    """
    from stemgan_kernels.masks import mask_of, visit

    if len(path) and not (np.abs(path) <= _FARTHEST).all():
        raise InputError(
            f"the scan path leads farther than {_FARTHEST:g} px out of its frame: mend its "
            "positions"
        )
    visits = visit(path, shape, joined=joined) if len(path) else None
    if visits is None or len(visits.pixels) == 0:
        raise InputError(
            f"the scan path measures nothing inside its {shape[0]}x{shape[1]} frame"
        )
    if times is None:
        dwell = mask_of(visits, shape).astype(np.float32)
        return Trace(path, visits.pixels, visits.times, dwell, joined)
    durations = times / times.sum()
    knots = np.concatenate([[0.0], np.cumsum(durations[:-1])])
    when = np.interp(visits.times * (len(path) - 1), np.arange(len(path)), knots)
    dwell = mask_of(visits, shape).astype(np.float32) if joined else _dwell(path, shape, times)
    return Trace(path, visits.pixels, when, dwell, joined, durations)


def _dwell(path: Path, shape: tuple[int, int], times: NDArray[np.float64]) -> NDArray:
    y, x = np.floor(path + 0.5).astype(np.int64).T
    inside = (y >= 0) & (y < shape[0]) & (x >= 0) & (x < shape[1])
    flat = y[inside] * shape[1] + x[inside]
    total = np.bincount(flat, times[inside], minlength=shape[0] * shape[1])
    return (total / times.mean()).astype(np.float32).reshape(shape)
