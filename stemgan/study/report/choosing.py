"""Which path leaves the least error, in words."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import count

from stemgan.amounts import amount
from stemgan.study.comparing import SIGNIFICANT
from stemgan.study.report.against import ERROR
from stemgan.study.report.labels import duration, interval, percent, share, time_of
from stemgan.study.summaries import Row, gathered

CONDITION = ("dose", "dwell_s", "lag_s")
"""Columns of how a scan is taken, beside its path."""
MOST = 4
"""Doses (or dwells, or lags) that are spoken of; tables have the others."""
_NAMED = 3
"""Scans between which nothing is sure that are named."""


def which_path(rows: Sequence[Row], paired: Sequence[Row], method: str) -> list[str]:
    """Say for each dose which scan to use, and what the others would add.

    Parameters
    ----------
    rows : of the summary: partial scans, of one method.
    paired : of path against path, of that method and the error that counts.
    method : its name.
    """
    said = []
    parts = gathered(rows, CONDITION)
    for key, part in list(parts.items())[:MOST]:
        same = [row for row in paired if tuple(row.get(c) for c in CONDITION) == key]
        said += _which(part, same, method, _under(part[0], rows))
    if len(parts) > MOST:
        said.append(f"Of {len(parts) - MOST} more conditions, see the tables below.")
    return said


def best_scan(rows: Sequence[Row]) -> str | None:
    """Return the scan of least error, in the mean over the coverages that several have."""
    return next(iter(_complete(rows)), None)


def _which(
    rows: Sequence[Row], paired: Sequence[Row], method: str, under: str
) -> Iterator[str]:
    errors = _complete(rows)
    if not errors:
        return
    best, *others = errors
    compared = {scan: row for scan in others if (row := _pair(best, scan, paired))}
    near = [scan for scan in others if _near(best, compared.get(scan))]
    unsure = [row for row in compared.values() if row.get("better") != best]
    few = _too_few(list(compared.values()), paired) if unsure else ""
    advice = _advice([best, *near], errors, few)
    yield f"{f'{under}: use' if under else 'Use'} {advice} Completed by {method}."
    if not compared:
        return
    levels = ", ".join(
        f"{interval(r, ERROR, ' %')} at {r['coverage']}" for r in _ends(errors[best])
    )
    head = f"{best} leaves the least mean error of {amount(len(errors), 'scan')}, {levels}."
    beside = "; ".join(
        _against(best, scan, row, told=not few) for scan, row in compared.items()
    )
    yield f"{under + ': ' if under else ''}{head} On the same images, {beside}."


def _near(best: str, row: Row | None) -> bool:
    """Tell whether another scan may be as good: the interval of their ratio holds 1."""
    low, high = (row or {}).get("ratio_low"), (row or {}).get("ratio_high")
    if row is None or low is None or high is None:
        return True
    return row.get("better") != best and low <= 1 <= high


def _ends(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of the largest and the smallest coverage."""
    ordered = sorted(rows, key=lambda row: share(row["coverage"]), reverse=True)
    return ordered if len(ordered) == 1 else [ordered[0], ordered[-1]]


def _advice(scans: Sequence[str], errors: Mapping[str, Sequence[Row]], few: str) -> str:
    """Say which scan to use, or which several, between which nothing is sure."""
    if len(scans) == 1:
        levels = [f"at {r['coverage']}: {_level(r)}" for r in _ends(errors[scans[0]])]
        why = f" {few[0].upper()}{few[1:]}." if few else ""
        return f"{scans[0]} {'; '.join(levels)}.{why}"
    most = _ends(errors[scans[0]])[0]["coverage"]
    levels = [
        f"{scan} {_level(row)}"
        for scan in scans[:_NAMED]
        for row in errors[scan]
        if row["coverage"] == most
    ]
    names = list(scans[:_NAMED])
    if len(scans) > _NAMED:
        names.append("another")
    why = few or "which is better is not sure"
    return f"{', '.join(names[:-1])} or {names[-1]}: {why}. At {most}: {'; '.join(levels)}."


def _level(row: Row) -> str:
    took = time_of(row)
    return f"{percent(row[ERROR])} % error" + (f", {took}" if took else "")


def groups_needed(tests: int) -> int:
    """Return of how many groups so many sign-flip tests, by Holm, can be below 0.05 at all.

    Examples
    --------
    >>> groups_needed(1), groups_needed(6)
    (6, 8)
    """
    return next(n for n in count(2) if max(1, tests) * 2.0 ** (1 - n) < SIGNIFICANT)


def cannot_tell(groups: float, needed: int) -> str:
    """Say that there are too few groups; "" if there are enough."""
    if groups >= needed:
        return ""
    have = amount(groups, "group", "g")
    return f"{have} of images cannot tell which is better, at least {needed} are needed"


def _too_few(compared: Sequence[Row], paired: Sequence[Row]) -> str:
    if not compared:
        return ""
    # Tests over all coverages are a family of their own.
    over_all = compared[0]["coverage_a"] == "all"
    family = [row for row in paired if (row["coverage_a"] == "all") == over_all]
    tests = sum(row.get("p") is not None for row in family)
    return cannot_tell(max(row.get("groups") or 0 for row in compared), groups_needed(tests))


def _under(row: Row, among: Sequence[Row]) -> str:
    """Name a condition; "" where there is no other, and no noise."""
    differ = {name for name in CONDITION if len({other.get(name) for other in among}) > 1}
    dose = row.get("dose")
    if dose is None and not differ:
        return ""
    text = (
        "No noise" if dose is None else f"{amount(dose, 'electron', 'g')} per px of the field"
    )
    if "dwell_s" in differ and row.get("dwell_s"):
        text += f", dwell {duration(row['dwell_s'])}"
    if row.get("lag_s"):
        text += f", coil lag {duration(row['lag_s'])}"
    return text


def _complete(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return scans that were taken at every coverage that two or more share, best first."""
    scans = {scan: part for (scan,), part in gathered(rows, ["scan"]).items()}
    taken = {scan: {r["coverage"] for r in part if r[ERROR]} for scan, part in scans.items()}
    times = Counter(coverage for some in taken.values() for coverage in some)
    shared = {coverage for coverage, number in times.items() if number > 1}
    shared = shared or set(times)
    found = {
        scan: [row for row in part if row["coverage"] in shared]
        for scan, part in scans.items()
        if taken[scan] >= shared
    }
    logs = {scan: sum(math.log(row[ERROR]) for row in part) for scan, part in found.items()}
    return {scan: found[scan] for scan in sorted(found, key=lambda scan: logs[scan])}


def _pair(best: str, other: str, paired: Sequence[Row]) -> Row | None:
    """Return what two scans came to on the same images, over all coverages if there is that."""
    rows = [row for row in paired if {row["scan_a"], row["scan_b"]} == {best, other}]
    return next((r for r in rows if r["coverage_a"] == "all"), rows[0] if rows else None)


def _against(best: str, other: str, row: Row, *, told: bool) -> str:
    """Say how much more error another scan leaves; `told`: whether images can tell."""
    ratios = [row["ratio"], row.get("ratio_low"), row.get("ratio_high")]
    if row["scan_a"] == best:
        ratios = [None if r is None else 1 / r for r in (ratios[0], ratios[2], ratios[1])]
    if row.get("better") == best:
        return f"{other} leaves {more(ratios)}"
    # The mean may say one thing, and most images another: no side is taken here.
    low, high = (None if r is None else 100 * (r - 1) for r in ratios[1:])
    if low is None or high is None:
        return f"{other} is not surely worse" if told else f"{other} cannot be told apart"
    bounds = f"{_signed(low)} to {_signed(high)} %"
    if not told:
        return f"the error of {other} differs by {bounds}"
    return f"{other} is not surely worse ({bounds} of error, image by image)"


def more(ratios: Sequence[float | None]) -> str:
    """Write a ratio and its interval as so many per cent more, or less.

    Examples
    --------
    >>> more([1.2, 1.1, 1.3]), more([0.9, 0.7, 1.15])
    ('20 % more error (+10 to +30 %)', '10 % less error (-30 to +15 %)')
    """
    change, low, high = (None if r is None else 100 * (r - 1) for r in ratios)
    change = change or 0.0
    text = f"{percent(abs(change))} % {'less' if change < 0 else 'more'} error"
    return (
        text if low is None or high is None else f"{text} ({_signed(low)} to {_signed(high)} %)"
    )


def _signed(value: float) -> str:
    text = percent(value)
    return f"+{text}" if value > 0 else text
