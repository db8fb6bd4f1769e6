"""The loop: scan a sparse path, complete it, and measure where the most is to be gained."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from stemgan.adaptive.budget import Budget
from stemgan.adaptive.placing import Array, Expected, place_dots
from stemgan.adaptive.scanner import Scanner, Spent, Stroke
from stemgan.adaptive.strokes import Coils, place_strokes
from stemgan.errors import InputError
from stemgan.measurement import Image, PartialScan, Points, scan_of_points

MOTIONS = ("dots", "strokes")


class Sure(NamedTuple):
    """A completion that says how sure it is.

    image : (H, W) float32.
    std : standard deviation from the truth, (H, W) float32; None: it does not say.
    """

    image: Image
    std: Image | None


Complete = Callable[[PartialScan], Sure]


@dataclass(frozen=True)
class Strategy:
    """How an adaptive scan goes about it.

    motion : "dots": separate positions, each of which costs settling; or "strokes": a beam that
        measures as it moves, and jumps where that pays.
    first : the family of the first, sparse path.
    share : of the budget that the first path may spend.
    rounds : how often the rest is placed anew.
    acceleration : the largest in a stroke [px/s²]; None: no limit.
    step : length of the straight pieces of a stroke [px].

    Raises
    ------
    InputError : a share or a number that is none.
    """

    motion: str = "dots"
    first: str = "poisson-disk"
    share: float = 0.5
    rounds: int = 3
    acceleration: float | None = None
    step: float = 8.0

    def __post_init__(self) -> None:
        if self.motion not in MOTIONS:
            raise InputError(f"a motion is one of {', '.join(MOTIONS)}, not {self.motion!r}")
        if not 0 < self.share < 1:
            raise InputError(f"the first path's share is between 0 and 1, not {self.share:g}")
        if self.rounds < 1:
            raise InputError(f"there is at least 1 round, not {self.rounds}")
        if self.acceleration is not None and not self.acceleration > 0:
            raise InputError(f"an acceleration is above 0 px/s², not {self.acceleration:g}")
        if not self.step >= 1:
            raise InputError(f"a step is at least 1 px, not {self.step:g}")


@dataclass(frozen=True)
class Round:
    """The state after a round.

    coverage : share of measured pixels.
    spent : what has been spent so far.
    std : root mean square of the deviation that was believed before the round's strokes, in
        the unit of the image; None of the first path.
    """

    coverage: float
    spent: Spent
    std: float | None = None


@dataclass(frozen=True, eq=False)
class Adapted:
    """What came of an adaptive scan.

    scan : everything measured, with its exact positions.
    strokes : where the beam was sent, in order.
    rounds : the state after each.
    """

    scan: PartialScan
    strokes: list[Stroke]
    rounds: list[Round] = field(default_factory=list)


def adaptive_scan(
    scanner: Scanner, first: Stroke, complete: Complete, budget: Budget, strategy: Strategy
) -> Adapted:
    """Scan until the budget of time and dose is spent.

    Parameters
    ----------
    scanner : the microscope.
    first : the sparse path that it begins with.
    complete : completes a partial scan, with its deviation.
    budget : what all may cost, the first path included.
    strategy : how the rest is placed.

    Returns
    -------
    Adapted; its scan is still to be completed.

    Raises
    ------
    InputError : the completion has no deviation, or the first path costs more than there is.
    """
    dwell = scanner.timing.dwell
    points = [scanner.scan(first.path, dwell, joined=first.joined)]
    strokes = [first]
    if _left(scanner, budget).time < 0 or _left(scanner, budget).exposure < -1e-9 * dwell:
        raise InputError("the first path costs more than all may: take a sparser one")
    scan = scan_of_points(_together(points), scanner.shape, full=1.0)
    rounds = [Round(scan.coverage, scanner.spent)]
    for number in range(strategy.rounds):
        std = complete(scan).std
        if std is None:
            raise InputError(
                "this method does not say how sure it is: choose a model that does, such as "
                "stemgan-s"
            )
        part = _left(scanner, budget).part(1 / (strategy.rounds - number))
        chosen = _chosen(scanner, Expected.of(scan, std), part, strategy, strokes[-1])
        if not chosen:
            break
        points += [scanner.scan(one.path, dwell, joined=one.joined) for one in chosen]
        strokes += chosen
        scan = scan_of_points(_together(points), scanner.shape, full=1.0)
        believed = float(np.sqrt(np.mean(np.square(std, dtype=np.float64))))
        rounds.append(Round(scan.coverage, scanner.spent, believed))
    return Adapted(scan, strokes, rounds)


def _chosen(
    scanner: Scanner, expected: Expected, part: Budget, strategy: Strategy, last: Stroke
) -> list[Stroke]:
    timing = scanner.timing
    if strategy.motion == "dots":
        each = timing.dwell + timing.settling
        count = int(min(part.time / each, part.exposure / timing.dwell) * (1 + 1e-9))
        dots = place_dots(expected, count)
        return [Stroke(dots, joined=False)] if len(dots) else []
    coils = Coils(timing, strategy.acceleration, strategy.step)
    beam, heading = scanner.beam, None
    if beam is not None and _outside(beam, scanner.shape):
        beam = None
    if beam is not None and last.joined and len(last.path) > 1:
        move = last.path[-1] - last.path[-2]
        heading = float(np.arctan2(move[0], move[1]))
    found = place_strokes(expected, coils, part.time, part.exposure, beam, heading)
    return [Stroke(path, joined=True) for path in found.strokes]


def _outside(beam: Array, shape: tuple[int, int]) -> bool:
    return bool((beam < 0).any() or beam[0] > shape[0] - 1 or beam[1] > shape[1] - 1)


def _left(scanner: Scanner, budget: Budget) -> Budget:
    spent = scanner.spent
    return Budget(budget.time - spent.time, budget.exposure - spent.exposure)


def _together(points: list[Points]) -> Points:
    return Points(*(np.concatenate(columns) for columns in zip(*points, strict=True)))
