"""Where to measure next: where a measurement is expected to take most of what is not known.

A position p with the variance V(p) at the distance D(p) from the nearest measured pixel stands
for a cell of about D(p)², which a measurement there makes known: the expected fall of the
summed squared error is about

    gain(p) = V(p) D(p)²        for a dot, in a time of dwell + settling,
    gain(s) = Σ V D over s      for a stroke s, in a time of dwell × length (+ settling).

After each choice, and before anything is measured, D falls to the distance to what is chosen
and V in proportion, so that the choices of one round keep away from each other.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stemgan.measurement import PartialScan

Array = NDArray[np.float64]
Pixels = NDArray[np.int64]

_REACH = 3.0
"""How far a choice changes what is expected, in its own distances to the nearest pixel."""


@dataclass
class Expected:
    """What is expected to be unknown, with what is chosen taken as measured.

    variance : (H, W) float64, in the square of the image's unit.
    distance : to the nearest measured or chosen pixel, (H, W) float64 [px].
    """

    variance: Array
    distance: Array

    @classmethod
    def of(cls, scan: PartialScan, std: NDArray[np.float32]) -> "Expected":
        """Begin with a partial scan and the calibrated deviation of its completion."""
        return cls(std.astype(np.float64) ** 2, scan.nearest[0].astype(np.float64))

    def choose(self, rows: Pixels, columns: Pixels) -> tuple[slice, slice]:
        """Take pixels as measured, (k,) each, and return the window that changes."""
        height, width = self.distance.shape
        reach = int(np.ceil(_REACH * self.distance[rows, columns].max())) + 1
        window = (_around(rows, reach, height), _around(columns, reach, width))
        y, x = np.ogrid[window]
        if len(rows) == 1:
            away = np.hypot(y - rows[0], x - columns[0])
        else:
            away = _distance_to(rows - window[0].start, columns - window[1].start, (y, x))
        before = self.distance[window]
        after = np.minimum(before, away)
        share = np.divide(after, before, out=np.zeros_like(after), where=before > 0)
        self.variance[window] *= share
        self.distance[window] = after
        return window


def _around(places: Pixels, reach: int, size: int) -> slice:
    return slice(max(int(places.min()) - reach, 0), min(int(places.max()) + reach + 1, size))


def _distance_to(rows: Pixels, columns: Pixels, axes: tuple[Array, Array]) -> Array:
    from stemgan_kernels.distance import distance_transform

    mask = np.zeros((axes[0].shape[0], axes[1].shape[1]), np.bool_)
    mask[rows, columns] = True
    return distance_transform(mask).distance.astype(np.float64)


def place_dots(expected: Expected, count: int) -> Array:
    """Choose positions one by one, each where the gain is largest.

    Parameters
    ----------
    expected : what is unknown; it changes by what is chosen.
    count : how many; fewer are returned where every pixel is measured.

    Returns
    -------
    (n, 2) float64 (y, x) [px], in an order in which neighbours follow each other.
    """
    gain = expected.variance * expected.distance**2
    chosen: list[tuple[int, int]] = []
    for _ in range(count):
        y, x = divmod(int(gain.argmax()), gain.shape[1])
        if not gain[y, x] > 0:
            break
        chosen.append((y, x))
        window = expected.choose(np.array([y]), np.array([x]))
        gain[window] = expected.variance[window] * expected.distance[window] ** 2
    return _in_order(np.array(chosen, np.float64).reshape(-1, 2))


_BAND = 16
"""[px], height of the bands that dots are visited in, to and fro."""


def _in_order(dots: Array) -> Array:
    band = (dots[:, 0] // _BAND).astype(np.int64)
    along = np.where(band % 2 == 0, dots[:, 1], -dots[:, 1])
    return dots[np.lexsort((along, band))]
