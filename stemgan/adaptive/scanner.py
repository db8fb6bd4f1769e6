"""What adaptive scans need of a microscope, and what a scan has cost so far."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from stemgan.measurement import Points
from stemgan.scan.physics import Timing

Array = NDArray[np.float64]


class Stroke(NamedTuple):
    """What the beam does at one go.

    path : positions, (n, 2) float64 (y, x) [px].
    joined : whether it measures between them too.
    """

    path: Array
    joined: bool


class Spent(NamedTuple):
    """What a scan has cost so far.

    time : since its start, settling and parts outside the frame included [s].
    exposure : time in which the beam was on and in the frame [s]; times the beam current it is
        the dose.
    jumps : moves that cost settling.
    """

    time: float = 0.0
    exposure: float = 0.0
    jumps: int = 0

    def plus(self, time: float, exposure: float, jumps: int) -> "Spent":
        """Add what a stroke has cost."""
        return Spent(self.time + time, self.exposure + exposure, self.jumps + jumps)


class Scanner(Protocol):
    """A microscope whose beam goes where it is sent.

    A driver of a real one has these members; `SimulatedScanner` is the one that is here. The
    time in which nothing is scanned, because the next strokes are being chosen, is no part of
    `spent`: the beam is blanked then.
    """

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the frame [px]."""
        ...

    @property
    def timing(self) -> Timing:
        """How fast the beam is moved; its dwell is the usual one."""
        ...

    @property
    def spent(self) -> Spent:
        """What all scans so far have cost."""
        ...

    @property
    def beam(self) -> Array | None:
        """Where the beam is, (2,) (y, x) [px]; None before the first stroke."""
        ...

    def scan(self, path: Array, dwell: float, *, joined: bool) -> Points:
        """Measure along a path.

        Parameters
        ----------
        path : positions, (n, 2) (y, x) [px]; those outside the frame are blanked.
        dwell : mean time per pixel of length of a joined path, whose moves all take equally
            long, as those of the families do; or time per position of another [s].
        joined : whether the beam measures between the positions too.

        Returns
        -------
        Values where the beam really was, inside the frame; each with its time over the usual
        dwell.
        """
        ...
