"""A specimen with features and its twin without, and where features may be put."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stemgan.metrics import blurred

Shape = tuple[int, int]
Array = NDArray[np.float64]
Image = NDArray[np.float32]

_APART = 24.0
"""Least distance between features [px]."""

_TRIES = 400


@dataclass(frozen=True, eq=False)
class Pair:
    """A specimen with features and its twin.

    truth, twin : with and without the features, (H, W) float32; the twin's mean is 1.
    places : where the features are, (n, 2) (y, x) [px].
    reach : how far around its place a feature is judged [px].
    spacing : of the columns [px]; None in specimens without a lattice.
    pixel_size : side of a pixel [nm].
    """

    truth: Image
    twin: Image
    places: Array
    reach: float
    spacing: float | None
    pixel_size: float

    @cached_property
    def blurred(self) -> tuple[Array, Array]:
        """Truth and twin blurred as a completion is judged, (H, W) each."""
        return blurred(self.truth), blurred(self.twin)

    def window(self, index: int) -> tuple[slice, slice]:
        """Return the rows and columns of the square that holds a feature's disc."""
        rows, columns = (
            slice(max(int(at - self.reach), 0), min(int(at + self.reach) + 2, side))
            for at, side in zip(self.places[index], self.truth.shape, strict=True)
        )
        return rows, columns

    def disc(self, index: int) -> NDArray[np.bool_]:
        """Tell which pixels of the window lie within reach of the feature."""
        rows, columns = self.window(index)
        y, x = self.places[index]
        down, right = np.arange(rows.start, rows.stop), np.arange(columns.start, columns.stop)
        return np.hypot(down[:, None] - y, right[None] - x) <= self.reach


def made(
    truth: Image,
    twin: Image,
    places: Array,
    reach: float,
    spacing: float | None,
    pixel_size: float,
) -> Pair:
    """Make a pair of images in any unit: scaled so that the twin's mean is 1."""
    unit = np.float32(twin.mean(dtype=np.float64))
    return Pair(truth / unit, twin / unit, places, reach, spacing, pixel_size)


def scattered(
    shape: Shape, rng: np.random.Generator, count: int, reach: float, among: Array | None = None
) -> Array:
    """Choose places that keep apart from each other and from the frame's border.

    Parameters
    ----------
    shape : height and width [px].
    count : places at most; there are fewer where no more are found.
    reach : of a feature [px]: discs of this radius neither overlap nor leave the frame.
    among : where a feature may be, (m, 2) [px]; None: anywhere.

    Returns
    -------
    (n, 2) [px], n at least 1 unless no place is inside.
    """
    low, high = np.full(2, reach + 1), np.array(shape) - reach - 2
    if among is not None:
        among = among[((among >= low) & (among <= high)).all(1)]
    apart = max(2 * reach, _APART)
    chosen: list[Array] = []
    for _ in range(_TRIES):
        if len(chosen) == count or (among is not None and len(among) == 0):
            break
        place = (
            rng.uniform(low, high) if among is None else among[int(rng.integers(len(among)))]
        )
        if all(np.linalg.norm(place - other) >= apart for other in chosen):
            chosen.append(place)
    return np.array(chosen).reshape(-1, 2)
