"""Scan designs: a family with a coverage (or pitch), and the pixels that its path measures."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError

Path = NDArray[np.float64]

FAMILIES = ("spiral", "spiral-clv", "jittered-grid", "dots", "raster")
"""The families of scan paths, in the order of the integer codes that batches carry."""

_DOTTED = ("dots", "raster")


@dataclass(frozen=True, eq=False)
class Trace:
    """A scan path on the pixels of its frame.

    path : positions at equal time steps, (n, 2) float64, (y, x) [px].
    visited : flat indices of the measured pixels in the order of their first visit, (k,) int64.
    time : when each was visited, as a share of the path's duration, (k,) float64 in [0, 1].
    dwell : dwell time over that of a full raster at the same speed, (H, W) float32; 0 where
        nothing is measured.
    """

    path: Path
    visited: NDArray[np.int64]
    time: NDArray[np.float64]
    dwell: NDArray[np.float32]

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


@dataclass(frozen=True)
class ScanDesign:
    """A scan that can be drawn: a family with a coverage, or with a pitch.

    family : one of `FAMILIES`.
    shape : height and width of the frame [px].
    coverage : wanted share of measured pixels, in (0, 1]; the pitch is solved for it.
    pitch : spacing of turns, lines or dots [px], in place of a coverage.
    seed : seed of the families that are random.
    rotation : angle by which a spiral is turned [rad].
    offset : shift of a spiral's centre, or the first dot of a grid, (y, x) [px].

    Raises
    ------
    InputError : an unknown family, an empty shape, a coverage outside (0, 1], a pitch below 1,
        or both or neither of coverage and pitch (a raster needs none).
    """

    family: str
    shape: tuple[int, int]
    coverage: float | None = None
    pitch: float | None = None
    seed: int = 0
    rotation: float = 0.0
    offset: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise InputError(f"there is no scan family {self.family!r}{_hint(self.family)}")
        if len(self.shape) != 2 or min(self.shape) < 1:
            raise InputError(
                f"a scan needs a height and a width of at least 1, not {self.shape}"
            )
        if self.family == "raster":
            if self.pitch is not None or self.coverage not in (None, 1):
                raise InputError("a raster measures every pixel: leave out coverage and pitch")
            return
        if (self.coverage is None) == (self.pitch is None):
            raise InputError(f"a {self.family} scan needs either a coverage or a pitch")
        if self.coverage is not None:
            check_coverage(self.coverage)
        if self.pitch is not None and not (math.isfinite(self.pitch) and self.pitch >= 1):
            raise InputError(f"a pitch is at least 1 px, not {self.pitch:g}")

    @property
    def joined(self) -> bool:
        """Whether the beam measures between the path's positions too, and not at them alone."""
        return self.family not in _DOTTED

    def path(self) -> Path:
        """Return the scan path, (n, 2) float64, (y, x) [px]."""
        return _draw(self.solved())

    def trace(self) -> Trace:
        """Return the path with the pixels that it measures.

        Raises
        ------
        InputError : the path measures nothing inside the frame.
        """
        path = self.path()
        return _trace(path, self.shape, joined=self.joined)

    def solved(self) -> "ScanDesign":
        """Return the same design with its pitch in place of its coverage."""
        if self.coverage is None or self.family == "raster":
            return self
        return replace(self, coverage=None, pitch=self._solve(self.coverage))

    def _solve(self, wanted: float) -> float:
        """Find the pitch whose achieved coverage is nearest to `wanted`.

        Coverage falls with pitch about as a power, but in steps of whole lines or dots: where
        following the power does not get there, pitches all around are tried.
        """
        lines = 2 if self.family == "jittered-grid" else 1
        power = 2 if self.family == "dots" else 1
        largest = float(max(self.shape))
        pitch = (lines / wanted) ** (1 / power)
        tried: dict[float, float] = {}
        for _ in range(_SOLVER_STEPS):
            pitch = min(max(pitch, 1.0), largest)
            if pitch in tried:
                break
            tried[pitch] = self._achieved(pitch)
            if abs(tried[pitch] / wanted - 1) < _SOLVER_TOLERANCE:
                return pitch
            pitch *= (tried[pitch] / wanted) ** (1 / power)
        # Arcs that enter at a corner make narrow steps, which a second and finer look finds;
        # whole lines and dots make wide ones, where it would find nothing.
        spans = [(0.6, 1.6), (0.96, 1.04)] if self.family.startswith("spiral") else [(0.6, 1.6)]
        for low, high in spans:
            best = min(tried, key=lambda p: abs(tried[p] - wanted))
            if abs(tried[best] / wanted - 1) < _SOLVER_TOLERANCE:
                break
            for near in best * np.geomspace(low, high, _SOLVER_SCAN):
                pitch = min(max(float(near), 1.0), largest)
                tried[pitch] = self._achieved(pitch)
        return min(tried, key=lambda p: abs(tried[p] - wanted))

    def _achieved(self, pitch: float) -> float:
        from stemgan_kernels.masks import visit

        path = _draw(replace(self, coverage=None, pitch=pitch))
        visits = visit(path, self.shape, joined=self.joined)
        return max(len(visits.pixels), 1) / math.prod(self.shape)


_SOLVER_STEPS = 12
_SOLVER_TOLERANCE = 0.002
_SOLVER_SCAN = 61


def _draw(design: ScanDesign) -> Path:
    from stemgan_kernels import paths

    shape, pitch, offset = design.shape, design.pitch or 1.0, design.offset
    if design.family == "raster":
        return paths.raster(shape)
    if design.family == "dots":
        return paths.dot_grid(shape, pitch, offset=offset)
    if design.family == "jittered-grid":
        return paths.jittered_grid(shape, pitch, seed=design.seed)
    return paths.archimedean_spiral(
        shape,
        pitch,
        constant_speed=design.family == "spiral-clv",
        rotation=design.rotation,
        centre=offset or (0.0, 0.0),
    )


def _trace(path: Path, shape: tuple[int, int], *, joined: bool) -> Trace:
    from stemgan_kernels.masks import mask_of, visit

    visits = visit(path, shape, joined=joined)
    if len(visits.pixels) == 0:
        raise InputError(f"the scan path measures nothing inside its {shape} frame")
    dwell = mask_of(visits, shape).astype(np.float32)
    return Trace(path, visits.pixels, visits.times, dwell)


def random_design(
    shape: tuple[int, int],
    rng: np.random.Generator,
    families: Sequence[str] = FAMILIES[:-1],
    coverage: tuple[float, float] = (0.01, 0.1),
) -> ScanDesign:
    """Draw a design for training: a family, and a coverage that is log-uniform in its range.

    The centre, rotation and offset are drawn too, so that no place in the frame is special.
    """
    family = families[int(rng.integers(len(families)))]
    share = float(np.exp(rng.uniform(*np.log(coverage))))
    # Pixels a line and pitch: jittered lines come in two sets, and waver.
    nominal = (3.1 if family == "jittered-grid" else 0.93) / share
    pitch = max(1.0, share**-0.5 if family == "dots" else nominal)
    span = (pitch, pitch) if family == "dots" else (shape[0] / 3, shape[1] / 3)
    low = (0.0, 0.0) if family == "dots" else (-span[0], -span[1])
    return ScanDesign(
        family,
        shape,
        pitch=pitch,
        seed=int(rng.integers(2**31)),
        rotation=float(rng.uniform(0, 2 * math.pi)),
        offset=(float(rng.uniform(low[0], span[0])), float(rng.uniform(low[1], span[1]))),
    )


def check_coverage(coverage: float) -> float:
    """Return the coverage, or raise InputError if it is not in (0, 1]."""
    if not (math.isfinite(coverage) and 0 < coverage <= 1):
        raise InputError(f"a coverage is above 0 and at most 1, not {coverage:g}: say 1/20")
    return coverage


def parse_coverage(text: str) -> float:
    """Read a coverage such as "1/17.9" or "0.056".

    Raises
    ------
    InputError : not a number, or outside (0, 1].

    Examples
    --------
    >>> parse_coverage("1/20")
    0.05
    """
    try:
        over, _, under = text.partition("/")
        value = float(over) / float(under) if under else float(text)
    except (ValueError, ZeroDivisionError):
        raise InputError(f"{text!r} is not a coverage: write it as 1/20 or 0.05") from None
    return check_coverage(value)


def format_coverage(coverage: float) -> str:
    """Write a coverage as it is said: 0.05 is "1/20"."""
    return f"1/{1 / coverage:.3g}"


def _hint(family: str) -> str:
    near = get_close_matches(family, FAMILIES, n=1)
    return f": did you mean {near[0]}?" if near else f": choose one of {', '.join(FAMILIES)}"
