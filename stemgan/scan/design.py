"""Scan designs: a family with a coverage (or pitch), and the path that follows from them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.scan.coverage import check_coverage
from stemgan.scan.families import REGISTRY, unknown_family
from stemgan.scan.trace import Path, Trace, trace_path

SHORTEST_TIME, LONGEST_TIME = 1e-15, 1e9
"""Of a scan [s]: whatever follows from times between these is a finite number."""

_LARGEST_PITCH = 2**28
"""[px], the side of the largest frame."""


@dataclass(frozen=True, eq=False)
class CustomPath:
    """A path of the user's own, which fits frames of any shape.

    positions : (n, 2) float64, (y, x) as fractions of the field of view: the centre of pixel
        (0, 0) is at (0.5 / H, 0.5 / W); those outside [0, 1) are blanked.
    dwell : time at each position, or of a joined path until the next one, (n,) float64 [s],
        above 0; None: equal. The last position of a joined path has no next one: its dwell
        is 0.
    joined : whether the beam measures between the positions too.

    Raises
    ------
    InputError : positions of another shape or not finite, or dwells that do not fit them or
        are no times of a microscope.
    """

    positions: Path
    dwell: NDArray[np.float64] | None = None
    joined: bool = False

    def __post_init__(self) -> None:
        positions = np.asarray(self.positions, np.float64)
        if positions.ndim != 2 or positions.shape[1] != 2 or len(positions) < 1:
            raise InputError(
                f"a custom path is a list of y, x, not an array of shape {positions.shape}"
            )
        if not np.isfinite(positions).all():
            bad = int(np.flatnonzero(~np.isfinite(positions).all(axis=1))[0])
            raise InputError(f"position {bad} of the custom path is not finite: leave it out")
        object.__setattr__(self, "positions", positions)
        if self.dwell is None:
            return
        dwell = np.array(self.dwell, np.float64)
        if dwell.shape != (len(positions),):
            raise InputError(
                f"the custom path has {len(positions)} positions and dwells of shape "
                f"{dwell.shape}: give one dwell a position"
            )
        timed = dwell
        if self.joined and len(dwell) > 1:
            dwell[-1], timed = 0, dwell[:-1]
        if not (timed > 0).all():
            raise InputError("a dwell of the custom path is not above 0 s: leave it out")
        if not ((timed >= SHORTEST_TIME) & (timed <= LONGEST_TIME)).all():
            raise InputError(
                f"a dwell of the custom path is not between {SHORTEST_TIME:g} and "
                f"{LONGEST_TIME:g} s: mend it"
            )
        object.__setattr__(self, "dwell", dwell)


@dataclass(frozen=True)
class ScanDesign:
    """A scan that can be drawn: a family with a coverage, or with a pitch.

    family : one of `FAMILIES`, or "custom".
    shape : height and width of the frame [px].
    coverage : wanted share of measured pixels, in (0, 1]; the rest is solved for it.
    pitch : spacing of turns, lines or dots [px], in place of a coverage.
    seed : seed of the families that are random.
    rotation : angle by which a spiral or a grid of dots is turned [rad].
    offset : shift of a spiral's centre, the first dot of a grid, or the first line (its y
        alone), (y, x) [px].
    custom : the path of the family "custom".
    knobs : what `solved` finds beside the pitch, in the family's own terms: amplitude [px] of a
        jittered grid, field (interleaved), number of dots (random, poisson-disk), order
        (hilbert), frequencies down and across (lissajous).

    Raises
    ------
    InputError : an unknown family, an empty shape, a coverage outside (0, 1], a pitch below 1
        or of a family that has none, both or neither of coverage and pitch (a raster and a
        custom path need none), or a custom path that is missing or not asked for.
    """

    family: str
    shape: tuple[int, int]
    coverage: float | None = None
    pitch: float | None = None
    seed: int = 0
    rotation: float = 0.0
    offset: tuple[float, float] | None = None
    custom: CustomPath | None = None
    knobs: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.family not in REGISTRY:
            raise InputError(unknown_family(self.family))
        if len(self.shape) != 2 or min(self.shape) < 1:
            raise InputError(
                f"a scan needs a height and a width of at least 1, not {self.shape}"
            )
        if (self.custom is None) == (self.family == "custom"):
            raise InputError("a custom path goes with the family 'custom', and with no other")
        if self.family in ("raster", "custom"):
            self._check_whole()
        else:
            self._check_sparse()

    def _check_whole(self) -> None:
        if self.pitch is None and self.coverage in (None, 1):
            return
        if self.family == "raster":
            raise InputError("a raster measures every pixel: leave out coverage and pitch")
        raise InputError("a custom path is as it is: leave out coverage and pitch")

    def _check_sparse(self) -> None:
        if self.pitch is not None:
            if not REGISTRY[self.family].pitched:
                raise InputError(f"a {self.family} scan has no pitch: give a coverage")
            if not 1 <= self.pitch <= _LARGEST_PITCH:
                raise InputError(
                    f"a pitch is at least 1 px and at most {_LARGEST_PITCH} px, not "
                    f"{self.pitch:g}"
                )
            if self.family == "interleaved" and self.pitch != int(self.pitch):
                raise InputError(
                    f"an interleaved scan takes every n-th line: give a whole pitch, not "
                    f"{self.pitch:g}"
                )
        known = self.pitch is not None or (bool(self.knobs) and not self.pitched)
        if (self.coverage is None) != known:
            choice = "either a coverage or a pitch" if self.pitched else "a coverage"
            raise InputError(f"a {self.family} scan needs {choice}")
        if self.coverage is not None:
            check_coverage(self.coverage)

    @property
    def joined(self) -> bool:
        """Whether the beam measures between the path's positions too, and not at them alone."""
        return self.custom.joined if self.custom else REGISTRY[self.family].joined

    @property
    def pitched(self) -> bool:
        """Whether the family has a pitch."""
        return REGISTRY[self.family].pitched

    def path(self) -> Path:
        """Return the scan path, (n, 2) float64, (y, x) [px]."""
        return REGISTRY[self.family].draw(self.solved())

    def trace(self) -> Trace:
        """Return the path with the pixels that it measures.

        Raises
        ------
        InputError : the path measures nothing inside the frame.
        """
        times = self.custom.dwell if self.custom else None
        return trace_path(self.path(), self.shape, joined=self.joined, times=times)

    def solved(self) -> "ScanDesign":
        """Return the design with pitch and knobs in place of its coverage, as near as can be.

        Where coverage comes in steps the achieved one differs; `coverage_note` says how far.
        """
        if self.coverage is None or self.family in ("raster", "custom"):
            return self
        from stemgan.scan.solve import solve

        pitch, knobs = solve(self, self.coverage)
        return replace(self, coverage=None, pitch=pitch, knobs=knobs)
