"""What the shipped model has to show, and whether it does."""

from collections.abc import Iterator, Sequence

from ratios import METRIC, Errors, Ratio
from simple import SIMPLE
from store import ORACLES

from stemgan.evaluate import Condition

LIMITS = {
    **{
        (scan, coverage): limit
        for scan in ("spiral", "line-hop")
        for coverage, limit in (("1/17.9", 0.80), ("1/50", 0.85), ("1/87", 0.90))
    },
    ("dots", "1/16"): 0.85,
    ("dots", "1/49"): 0.80,
    ("dots", "1/100"): 0.80,
}
"""Most that the mean error may be, over that of the best simple method."""
LOWER, WORST = 0.80, 1.10
"""The least share of images on which it is lower, and the most it may be on any."""
_ALWAYS = "lattice"


def wanted() -> list[Condition]:
    """Return the conditions with a limit."""
    return [Condition(scan, coverage) for scan, coverage in LIMITS]


def must_show(errors: Errors, method: str, suite: Sequence[str]) -> Iterator[list[str]]:
    """Lay out what a method must show: a row a condition, after a head.

    Parameters
    ----------
    errors : what all methods left.
    method : whose row it is.
    suite : the classical methods, all of which are to be beaten.
    """
    yield [
        "scan", "best simple method", "its error", "error", "ratio", "95 %", "at most", "",
        "ratio of group means", "lower on", "worst image", "best of the suite", "over it",
        "on lattices", "over the oracle", "over the wide one",
    ]  # fmt: skip
    for condition in wanted():
        if not errors.complete(method, condition) or not errors.referenced(condition):
            continue
        simple = errors.best_simple(condition)
        ratio = errors.ratio(method, simple, condition)
        limit = LIMITS[condition.scan, condition.coverage]
        rivals = [m for m in (*suite, *SIMPLE) if m != method]
        best = errors.best(rivals, condition)
        on_lattices = errors.best(rivals, condition, of=_ALWAYS)
        over = errors.mean(method, condition) / errors.mean(best, condition)
        over_there = errors.mean(method, condition, of=_ALWAYS) / errors.mean(
            on_lattices, condition, of=_ALWAYS
        )
        yield [
            condition.label,
            simple,
            f"{errors.mean(simple, condition):.2f}",
            f"{errors.mean(method, condition):.2f}",
            f"**{ratio.mean:.3f}**",
            f"{ratio.low:.2f} to {ratio.high:.2f}",
            f"{limit:.2f}",
            sign(ratio.mean <= limit),
            f"{ratio.groups:.3f}",
            f"{ratio.lower:.0%} {sign(ratio.lower >= LOWER)}",
            f"{ratio.worst:.2f} {sign(ratio.worst <= WORST)} ({_short(ratio)})",
            best,
            f"{over:.3f} {sign(over < 1)}",
            f"{over_there:.3f} {sign(over_there < 1)}",
            *_over_oracles(errors, method, condition),
        ]


def _over_oracles(errors: Errors, method: str, condition: Condition) -> Iterator[str]:
    for oracle in ORACLES:
        if errors.complete(oracle, condition):
            over = errors.mean(method, condition) / errors.mean(oracle, condition)
            yield f"{over:.3f} {sign(over < 1)}"
        else:
            yield "-"


def ratio_table(
    errors: Errors,
    methods: Sequence[str],
    conditions: Sequence[Condition],
    metric: str = METRIC,
) -> Iterator[list[str]]:
    """Lay out ratios to the best simple method: a row a method, after a head."""
    yield ["method", *(c.label for c in conditions)]
    for method in methods:
        cells = []
        for condition in conditions:
            if not errors.complete(method, condition) or not errors.referenced(condition):
                cells.append("-")
                continue
            simple = errors.best_simple(condition, metric)
            ratio = errors.ratio(method, simple, condition, metric)
            cells.append(f"{ratio.mean:.2f} [{ratio.low:.2f}, {ratio.high:.2f}], "
                         f"{ratio.lower:.0%}")  # fmt: skip
        yield [method, *cells]


def sign(good: bool) -> str:
    """Say yes or no in one sign."""
    return "✓" if good else "✗"


def _short(ratio: Ratio) -> str:
    return ratio.image.split("__")[-1]
