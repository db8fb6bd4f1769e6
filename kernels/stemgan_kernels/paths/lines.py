"""Scans in lines along x: full and sparse rasters, and line hopping."""

import numpy as np
from numpy.typing import NDArray

from stemgan_kernels.paths.frame import check

_ROUNDING = 1e-9  # [px]


def raster(shape: tuple[int, int]) -> NDArray[np.float64]:
    """Every pixel, line by line from the left, (H W, 2)."""
    return interleaved(shape, 1)


def interleaved(
    shape: tuple[int, int], every: int, *, field: int | None = None
) -> NDArray[np.float64]:
    """One field of an interlaced raster: every n-th line, all from the left.

    Parameters
    ----------
    shape : height and width of the frame [px].
    every : number of fields, n.
    field : which of them, counted modulo n; by default the one whose lines lie most evenly in
        the frame.

    Returns
    -------
    Whole-pixel positions, one a pixel of the lines, (n, 2). A field without lines in the frame
    has the frame's last.

    Raises
    ------
    ValueError : an empty shape, or fewer than one field.
    """
    check(shape, every)
    even = _rows(shape[0], every, None)[0]
    first = even if field is None else min(field % every, shape[0] - 1)
    rows = np.arange(first, shape[0], every, dtype=np.float64)
    y, x = np.meshgrid(rows, np.arange(shape[1], dtype=np.float64), indexing="ij")
    return np.stack([y.ravel(), x.ravel()], axis=1)


def serpentine(
    shape: tuple[int, int], pitch: float, *, first: float | None = None
) -> NDArray[np.float64]:
    """Every n-th line, in alternating direction; the turns lie outside the frame.

    Parameters
    ----------
    shape : height and width of the frame [px].
    pitch : distance between lines [px], at least 1; lines lie on whole pixels, and where it is
        not whole their distances alternate between the two whole numbers next to it.
    first : y of the first line, modulo the pitch [px]; by default the lines lie evenly.

    Returns
    -------
    Positions 1 px apart, (n, 2).

    Raises
    ------
    ValueError : an empty shape, or a pitch below 1.
    """
    check(shape, pitch)
    rows = _rows(shape[0], pitch, first)
    across = np.arange(-1.0, shape[1] + 1)
    return _alternating([np.full(len(across), row) for row in rows], across)


def line_hop(
    shape: tuple[int, int], pitch: float, *, seed: int, first: float | None = None
) -> NDArray[np.float64]:
    """Line hopping: in each band of rows one line that hops at random by a pixel at most.

    At each step in x the beam moves by -1, 0 or 1 px in y, equally likely, and stays where the
    band ends, so that every row of a band is equally likely (Kovarik et al., Appl Phys Lett
    109, 164102, 2016: hops so small that the scan coils follow). Bands are scanned in
    alternating direction; the turns lie outside the frame.

    Parameters
    ----------
    shape : height and width of the frame [px].
    pitch : height of a band [px], at least 1; bands end between whole pixels.
    seed : seed of the hops.
    first : y of the first band's middle, modulo the pitch [px]; by default bands lie evenly.

    Returns
    -------
    Whole-pixel positions 1 px apart in x, (n, 2); one pixel a column and band is measured.

    Raises
    ------
    ValueError : an empty shape, or a pitch below 1.
    """
    check(shape, pitch)
    rng = np.random.default_rng(seed)
    middles = _middles(shape[0], pitch, first)
    across = np.arange(-1.0, shape[1] + 1)
    edges = np.ceil(np.append(middles, middles[-1] + pitch) - pitch / 2)
    low = np.clip(edges[:-1], 0, shape[0] - 1)[:, None]
    band = np.clip(edges[1:, None] - low, 1, shape[0] - low)
    hops = rng.integers(-1, 2, (len(middles), len(across)))
    hops[:, 0] = rng.integers(0, band[:, 0].astype(np.int64))
    # A walk between walls is a free one folded at them.
    free = np.cumsum(hops, axis=1) % (2 * band)
    walks = low + np.minimum(free, 2 * band - 1 - free)
    return _alternating(list(walks), across)


def _middles(height: int, pitch: float, first: float | None) -> NDArray[np.float64]:
    if first is not None:
        start = first % pitch
        start = 0.0 if pitch - start < _ROUNDING else min(start, height - 1)
        return np.arange(start, height - _ROUNDING, pitch, dtype=np.float64)
    count = max(1, round(height / pitch))
    return (height - 1 - (count - 1) * pitch) / 2 + pitch * np.arange(count, dtype=np.float64)


def _rows(height: int, pitch: float, first: float | None) -> NDArray[np.float64]:
    """Return whole rows; lines from a first one on are rounded down, as dots are."""
    middles = _middles(height, pitch, first)
    # A line that is whole but for rounding is whole, wherever it lies.
    shift = 0.5 if first is None else _ROUNDING
    return np.floor(middles + shift).clip(0, height - 1)


def _alternating(
    lines: list[NDArray[np.float64]], across: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Join lines y(x) in alternating direction, in steps of 1 px from each to the next."""
    parts = []
    for index, line in enumerate(lines):
        back = index % 2 == 1
        y, x = (line[::-1], across[::-1]) if back else (line, across)
        parts.append(np.stack([y, x], axis=1))
        if index + 1 < len(lines):
            after = lines[index + 1]
            turn = np.arange(y[-1] + 1, after[0 if back else -1])
            parts.append(np.stack([turn, np.full(len(turn), x[-1])], axis=1))
    return np.concatenate(parts)
