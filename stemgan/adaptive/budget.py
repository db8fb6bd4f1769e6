"""What a scan may cost, and the design of a family that costs as much."""

from dataclasses import dataclass
from functools import lru_cache

from stemgan.errors import InputError
from stemgan.measurement import FEWEST_PIXELS
from stemgan.scan import ScanDesign, Trace
from stemgan.scan.costs import course_of
from stemgan.scan.physics import Timing

_TRIES = 12
_CLOSE = 0.995


@dataclass(frozen=True)
class Budget:
    """What a scan may cost.

    time : from its start to its end, settling included [s].
    exposure : time in which the beam is on [s]; times the beam current it is the dose.
    """

    time: float
    exposure: float

    def part(self, share: float) -> "Budget":
        """Return a share of both."""
        return Budget(self.time * share, self.exposure * share)


def cost(family: str, trace: Trace, timing: Timing) -> Budget:
    """Return what a trace of a family costs."""
    way = course_of(family, trace, timing)
    shape = (trace.dwell.shape[0], trace.dwell.shape[1])
    return Budget(way.duration, way.exposure(shape))


@lru_cache(maxsize=16)
def fitted(
    family: str, shape: tuple[int, int], timing: Timing, budget: Budget, seed: int = 0
) -> Trace:
    """Find the path of a family that costs what there is, or as near below as it can be.

    Families that come in steps may leave some of it.

    Raises
    ------
    InputError : too little for a path of this family.
    """
    pixels = shape[0] * shape[1]
    low, high = FEWEST_PIXELS / pixels, 1.0
    asked = min(max(budget.exposure / timing.dwell / pixels, low), high)
    best: Trace | None = None
    most = 0.0
    for _ in range(_TRIES):
        trace = ScanDesign(family, shape, coverage=asked, seed=seed).trace()
        spent = cost(family, trace, timing)
        used = max(spent.time / budget.time, spent.exposure / budget.exposure)
        if used <= 1 + 1e-9:
            low = asked
            if used > most:
                best, most = trace, used
            if used >= _CLOSE or asked == 1.0:
                break
        else:
            high = asked
        # Nearly in proportion; where it is not, as of families in steps, halve what is left.
        asked = 0.999 * asked / used
        if not low < asked < high:
            asked = (low + high) / 2
    if best is None:
        raise InputError(
            f"{budget.time:g} s and {budget.exposure:g} s of beam are too little for a "
            f"{family} scan of {shape[0]}x{shape[1]} px: allow more"
        )
    return best
