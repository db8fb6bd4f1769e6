"""A scan path on a frame: what makers' formats are written from and read to."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.scan import CustomPath
from stemgan.scan.inside import inside

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FramePath:
    """Positions on a frame.

    path : positions, (n, 2) (y, x) [px].
    shape : height and width of the frame [px].
    dwell : time at each position, or of a joined path until the next one, (n,) [s]; None where
        a file does not say.
    joined : whether the beam measures between the positions.
    """

    path: Array
    shape: tuple[int, int]
    dwell: Array | None = None
    joined: bool = False

    def custom(self) -> CustomPath:
        """Return the path in fractions of the field of view, for any frame."""
        fractions = (self.path + 0.5) / np.asarray(self.shape)
        return CustomPath(fractions, self.dwell, self.joined)


def on_frame(path: CustomPath, shape: tuple[int, int]) -> FramePath:
    """Put a path in fractions on a frame of pixels."""
    pixels = path.positions * np.asarray(shape) - 0.5
    return FramePath(pixels, shape, path.dwell, path.joined)


def check_inside(path: Array, shape: tuple[int, int], where: str) -> None:
    """Refuse positions outside the frame, which mean a wrong frame or a wrong format.

    Raises
    ------
    InputError : a position lies outside; the first is named.
    """
    out = ~inside(path, shape)
    if out.any():
        at = int(out.argmax())
        raise InputError(
            f"{int(out.sum())} of {len(path)} positions of {where} lie outside the frame of "
            f"{shape[0]}x{shape[1]}, the first at x = {path[at, 1]:g}, y = {path[at, 0]:g} px "
            f"(number {at + 1}): check --shape and the format"
        )


def needed_shape(shape: tuple[int, int] | None, where: str) -> tuple[int, int]:
    """Return the shape of the frame.

    Raises
    ------
    InputError : it was not given.
    """
    if shape is None:
        raise InputError(f"{where} does not say how large its frame is: give --shape HxW")
    return shape
