"""Time every kernel side by side with its NumPy or SciPy twin and with other libraries.

    python benchmarks/kernels.py [--sizes 512,2048,8192] [--threads 2] [--only TEXT]

All competitors of a contest (`kernel_contests.py`) take turns, so that whatever else the
machine does meets all of them; of each, the median time is printed, with its spread (half the
distance between the quartiles). A ratio above 1 means that the kernel on one thread is faster.
All results are compared first, and the script stops where one is wrong. The last table says how
the time of a pixel grows with the frame. 8192 px need about 8 GB of memory.
"""

import argparse
import platform
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from kernel_contests import Contest, contests

_FEWEST, _MOST = 3, 60
"""Turns of a contest, within the seconds it is given."""


class Timing(NamedTuple):
    """Median and spread of one competitor's times [s]."""

    name: str
    median: float
    spread: float


def check(contest: Contest, side: int, threads: int) -> None:
    """Compare all results with the kernel's; this also compiles it.

    Raises
    ------
    AssertionError : one differs.
    """
    expected = contest.kernel(1)
    if contest.threaded:
        np.testing.assert_array_equal(contest.kernel(threads), expected)
    for rival in contest.rivals:
        if rival.tolerance is not None and side <= rival.largest:
            np.testing.assert_allclose(
                rival.array(rival.call()),
                expected,
                rtol=rival.tolerance,
                atol=rival.tolerance,
                err_msg=f"{contest.name} by {rival.name}",
            )


def race(contest: Contest, side: int, threads: int, seconds: float) -> list[Timing]:
    """Let all competitors take turns: one thread, several, then the rivals."""
    calls: dict[str, Callable[[], object]] = {"1 thread": lambda: contest.kernel(1)}
    if contest.threaded:
        calls[f"{threads} threads"] = lambda: contest.kernel(threads)
    calls |= {rival.name: rival.call for rival in contest.rivals if side <= rival.largest}
    times: dict[str, list[float]] = {name: [] for name in calls}
    end = time.perf_counter() + seconds
    for turn in range(_MOST):
        if turn >= _FEWEST and time.perf_counter() > end:
            break
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return [_timing(name, spans) for name, spans in times.items()]


def _timing(name: str, spans: list[float]) -> Timing:
    low, median, high = np.percentile(spans, (25, 50, 75))
    return Timing(name, float(median), float(high - low) / 2)


def _report(contest: Contest, side: int, timings: list[Timing]) -> None:
    own = timings[0].median
    for i, timing in enumerate(timings):
        print(
            f"{contest.name if i == 0 else '':<26}{f'{side}²' if i == 0 else '':<8}"
            f"{timing.name:<20}{1e3 * timing.median:>11.3f}"
            f"{f'± {1e3 * timing.spread:.3f}':>11}"
            f"{f'{timing.median / own:.2f}' if i else '':>8}",
            flush=True,
        )


def _growth(found: dict[tuple[str, int], float], sides: list[int]) -> None:
    print(f"\n{'time of a pixel [ns]':<26}" + "".join(f"{f'{side}²':>10}" for side in sides))
    for name in dict.fromkeys(name for name, _ in found):
        cells = [1e9 * found[name, side] / side**2 for side in sides]
        print(f"{name:<26}" + "".join(f"{cell:>10.2f}" for cell in cells))


def main() -> None:
    """Run every contest at every size and print the tables."""
    parser = argparse.ArgumentParser(description="Time the kernels beside their rivals.")
    parser.add_argument("--sizes", default="512,2048,8192", help="sides of the frames [px]")
    parser.add_argument("--threads", type=int, default=2, help="beside one")
    parser.add_argument("--seconds", type=float, default=4, help="for each contest and size")
    parser.add_argument("--only", default="", help="contests whose name holds this")
    args = parser.parse_args()
    sides = [int(side) for side in args.sizes.split(",")]
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    print(f"{'kernel':<26}{'size':<8}{'by':<20}{'median ms':>11}{'spread':>11}{'ratio':>8}")
    found: dict[tuple[str, int], float] = {}
    for side in sides:
        for contest in contests((side, side)):
            if args.only in contest.name:
                check(contest, side, args.threads)
                timings = race(contest, side, args.threads, args.seconds)
                found[contest.name, side] = timings[0].median
                _report(contest, side, timings)
    _growth(found, sides)


if __name__ == "__main__":
    main()
