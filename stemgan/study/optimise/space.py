"""What is searched: scan paths by their parameters, and the limits that they must keep."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from stemgan.errors import InputError, check_number
from stemgan.scan import SPARSE_FAMILIES, ScanDesign, check_coverage
from stemgan.scan.families import unknown_family

if TYPE_CHECKING:
    from optuna.trial import Trial

TURNED = ("spiral", "spiral-clv", "fermat", "dots")
"""Families that a rotation turns."""

JITTERED = "jittered-grid"
"""The family that wanders, by steps whose size is searched."""


@dataclass(frozen=True)
class Candidate:
    """One way of scanning that is tried.

    family : a scan family.
    coverage : wanted share of measured pixels.
    dwell : time per pixel of length, or per position [s]: one over the velocity [px/s].
    rotation : of the families that can be turned [rad].
    jitter : size of a jittered grid's steps [px]; its pitch is that of the coverage with usual
        steps, so that the coverage changes a little. None: as usual.
    """

    family: str
    coverage: float
    dwell: float
    rotation: float = 0.0
    jitter: float | None = None

    def design(self, shape: tuple[int, int], seed: int) -> ScanDesign:
        """Return the solved design on a frame."""
        wanted = ScanDesign(
            self.family, shape, coverage=self.coverage, seed=seed, rotation=self.rotation
        )
        solved = wanted.solved()
        return solved if self.jitter is None else replace(solved, knobs=(self.jitter,))

    @property
    def values(self) -> dict[str, Any]:
        """Its parameters by name; None is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Space:
    """All candidates.

    families : which scan families.
    coverage, dwell : the least and the most; [s] of the dwell.
    rotation : the most [rad].
    jitter : the least and the most [px].

    Raises
    ------
    InputError : a family that is not sparse, or a range that is none.
    """

    families: tuple[str, ...]
    coverage: tuple[float, float]
    dwell: tuple[float, float] = (1e-6, 1e-6)
    rotation: float = 0.0
    jitter: tuple[float, float] = (1.0, 1.0)

    def __post_init__(self) -> None:
        if not self.families:
            raise InputError("families names nothing: give one or more, in [ ]")
        for family in self.families:
            if family not in SPARSE_FAMILIES:
                raise InputError(
                    "a raster leaves nothing out: take it out of families"
                    if family == "raster"
                    else unknown_family(family)
                )
        for name in ("coverage", "dwell", "jitter"):
            least, most = getattr(self, name)
            check_number(name, least, 0, above=True)
            check_number(name, most, 0, above=True)
            if least > most:
                raise InputError(f"{name} goes from {least:g} to {most:g}: put the least first")
        check_coverage(self.coverage[1])
        check_number("rotation", self.rotation, 0)

    def suggest(self, trial: "Trial") -> Candidate:
        """Let a trial choose a candidate."""
        family = trial.suggest_categorical("family", self.families)
        coverage = trial.suggest_float("coverage", *self.coverage, log=True)
        dwell = trial.suggest_float("dwell", *self.dwell, log=True)
        rotation, jitter = 0.0, None
        if family in TURNED and self.rotation > 0:
            rotation = trial.suggest_float("rotation", 0.0, self.rotation)
        if family == JITTERED and self.jitter[0] < self.jitter[1]:
            jitter = trial.suggest_float("jitter", *self.jitter, log=True)
        return Candidate(family, coverage, dwell, rotation, jitter)


@dataclass(frozen=True)
class Limits:
    """What a scan may cost; None: no limit.

    duration : [s].
    dose : mean electrons per pixel of the field, at the image's mean intensity.
    velocity, acceleration : of the beam, as `path_costs` gives them [px/s], [px/s²]. A path of
        jumps without a lag has neither.

    Raises
    ------
    InputError : a limit that is not above 0.
    """

    duration: float | None = None
    dose: float | None = None
    velocity: float | None = None
    acceleration: float | None = None

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value is not None:
                check_number(f"limits.{name}", value, 0, above=True)

    def excess(self, costs: dict[str, Any]) -> dict[str, float]:
        """Return by how much of each limit a scan goes beyond it; 0 or less: it keeps it.

        Examples
        --------
        >>> Limits(duration=2.0).excess({"duration": 3.0})
        {'duration': 0.5}
        """
        return {
            name: (costs[name] or 0.0) / limit - 1
            for name, limit in asdict(self).items()
            if limit is not None
        }

    def worst(self, found: Sequence[dict[str, Any]]) -> dict[str, float]:
        """Return by how much of each limit the worst of several scans goes beyond it."""
        excess = [self.excess(costs) for costs in found]
        return {name: max(one[name] for one in excess) for name in excess[0]}
