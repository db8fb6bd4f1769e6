"""Tables in Markdown: means of every method and scan."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ratios import Errors
from showing import wanted
from store import ORACLES

from stemgan.evaluate import Condition

BEST = "best simple"
_DIGITS = 2


def blocks(
    errors: Errors,
    shown: Sequence[str],
    conditions: Sequence[Condition],
    metric: str,
    **how: Any,  # noqa: ANN401 (of `_rows`)
) -> Iterator[str]:
    """Write means as two tables: scans with a limit, and the others."""
    for block in (
        [c for c in conditions if c in wanted()],
        [c for c in conditions if c not in wanted()],
    ):
        if any(errors.complete(m, c) for m in shown for c in block):
            yield from table(rows_of(errors, shown, block, metric, **how))
            yield ""


def rows_of(
    errors: Errors,
    shown: Sequence[str],
    conditions: Sequence[Condition],
    metric: str,
    *,
    of: str | None = None,
    groups: bool = False,
    simple: bool = True,
    least: bool = True,
) -> Iterator[list[str]]:
    """Lay out means: a row a method, the best of them in bold (oracles left out)."""

    def value(method: str, condition: Condition) -> float:
        if groups:
            return errors.group_mean(method, condition, metric)
        return errors.mean(method, condition, metric, of)

    columns: list[dict[str, float]] = []
    for condition in conditions:
        there = [m for m in shown if errors.complete(m, condition)]
        column = {m: value(m, condition) for m in there}
        if simple and errors.referenced(condition):
            column[BEST] = value(errors.best_simple(condition, metric), condition)
        columns.append(column)
    yield ["method", *(condition.label for condition in conditions)]
    for method in (BEST, *shown) if simple else shown:
        cells = []
        for column in columns:
            rivals = [v for m, v in column.items() if m not in ORACLES]
            found = column.get(method)
            best = found is not None and rivals and found == (min if least else max)(rivals)
            text = "-" if found is None else f"{found:.{_DIGITS}f}"
            cells.append(f"**{text}**" if best and method not in ORACLES else text)
        yield [method, *cells]


def table(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write Markdown: the first row is the head."""
    for i, row in enumerate(rows):
        yield "| " + " | ".join(row) + " |"
        if i == 0:
            yield "|---" * len(row) + "|"
