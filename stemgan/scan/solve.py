"""From a wanted coverage to the pitch and knobs whose achieved coverage is nearest to it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from stemgan.scan import counts, search, steps
from stemgan.scan.search import Solution

if TYPE_CHECKING:
    from stemgan.scan.design import ScanDesign

_SOLVERS: "dict[str, Callable[[ScanDesign, float], Solution]]" = {
    "spiral": search.smooth,
    "spiral-clv": search.smooth,
    "fermat": search.smooth,
    "jittered-grid": search.jittered_grid,
    "line-hop": steps.lines,
    "serpentine": steps.lines,
    "interleaved": steps.interleaved,
    "lissajous": steps.lissajous,
    "hilbert": steps.hilbert,
    "dots": steps.dots,
    "random": counts.random,
    "poisson-disk": counts.poisson_disk,
}


def solve(design: "ScanDesign", wanted: float) -> Solution:
    """Return the pitch (None where the family has none) and knobs for a coverage.

    Parameters
    ----------
    design : its family, shape, seed, rotation and offset count.
    wanted : share of measured pixels, in (0, 1].
    """
    return _SOLVERS[design.family](design, wanted)
