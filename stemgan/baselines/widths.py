"""How wide to smooth a scan: the width that best predicts measured values held out of it.

A fixed share of the gap suits no image well: noise wants wide averages, detail wants narrow
ones. So discs of about a gap's size are taken out of the measured values, the rest is
completed by the nearest infill smoothed at several widths, and the width that predicts best
what was taken out is the scan's own. Each method smooths by a tuned multiple of it. Nothing but
measured values is used (cross-validation: Stone, J. R. Stat. Soc. B 36, 111, 1974; in blocks,
because neighbours along a line share their errors: Roberts et al., Ecography 40, 913, 2017).
"""

from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.smoothing import (
    cosines,
    from_cosines,
    gap_length,
    gaussian,
    standardised,
)
from stemgan.measurement import PartialScan
from stemgan_kernels.distance import distance_transform

Image = NDArray[np.float32]

# Candidate widths over the gap: 13 % apart at best would differ by less than the noise of the
# choice, so these are 25 to 50 % apart and a parabola finds the least between them.
SHARES = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1.0, 1.4, 2.0)
USUAL_SHARE = 0.275
"""The best fixed share on training images, for scans that have too little to hold out."""

_FOLDS = ((0.0, 0.0), (0.5, 0.5))
_FEWEST = 4
_SHORTEST = 4.0  # [px]
_known: WeakKeyDictionary[PartialScan, float] = WeakKeyDictionary()


def held_out_width(scan: PartialScan) -> float:
    """Return the σ [px] of the Gaussian that serves a scan's nearest infill best.

    It is found once for each scan and kept as long as the scan is, for all methods.
    """
    if scan not in _known:
        _known[scan] = _find(scan)
    return _known[scan]


def typical_gap(scan: PartialScan) -> float:
    """Return the gap's length [px], of 4 px at least: a full scan is noisy too."""
    return max(gap_length(scan), _SHORTEST)


def _find(scan: PartialScan) -> float:
    gap = typical_gap(scan)
    values, mask = standardised(scan), scan.mask
    errors = np.zeros(len(SHARES))
    for fold in _FOLDS:
        held = mask & held_out(scan.shape, gap, fold)
        kept = mask & ~held
        if held.sum() >= _FEWEST and kept.sum() >= _FEWEST:
            errors += _errors(values, kept, held, gap)
    return gap * (_least(errors) if errors.any() else USUAL_SHARE)


def _errors(
    values: Image, kept: NDArray[np.bool_], held: NDArray[np.bool_], gap: float
) -> NDArray[np.float64]:
    """Return the mean squared error of what is held out, for each candidate width."""
    spectrum = cosines(values.ravel()[distance_transform(kept).nearest])
    truth, shape = values[held], (values.shape[0], values.shape[1])
    found = []
    for share in SHARES:
        image = from_cosines(spectrum * gaussian(shape, share * gap))
        found.append(float(np.mean((image[held] - truth) ** 2, dtype=np.float64)))
    return np.array(found)


def held_out(
    shape: tuple[int, int], gap: float, shift: tuple[float, float] = (0, 0)
) -> NDArray[np.bool_]:
    """Return discs as wide as the gap, on a jittered grid two gaps apart, (H, W) bool.

    Parameters
    ----------
    shape : height and width [px].
    gap : diameter of the discs [px].
    shift : of the grid, over its spacing.
    """
    spacing = 2 * gap
    grid = tuple(int(np.ceil(n / spacing)) + 2 for n in shape)
    jitter = np.random.default_rng(0).uniform(-0.25, 0.25, (*grid, 2))
    y, x = np.ogrid[: shape[0], : shape[1]]
    row, column = y / spacing + shift[0], x / spacing + shift[1]
    i, j = row.astype(np.int64), column.astype(np.int64)
    centre = jitter[i, j] + 0.5
    # Jitter and radius are a quarter each, so that a disc stays in its own cell of the grid.
    away = (row - i - centre[..., 0]) ** 2 + (column - j - centre[..., 1]) ** 2
    return away <= (gap / 2 / spacing) ** 2


def _least(errors: NDArray[np.float64]) -> float:
    """Return the share with the least error, by a parabola through the best and its sides."""
    best = int(errors.argmin())
    if best in (0, len(SHARES) - 1):
        return SHARES[best]
    places = np.log(SHARES[best - 1 : best + 2])
    square, slope, _ = np.polyfit(places - places[1], errors[best - 1 : best + 2], 2)
    if square <= 0:
        return SHARES[best]
    step = np.clip(-slope / (2 * square), places[0] - places[1], places[2] - places[1])
    return float(np.exp(places[1] + step))
