"""Which path leaves the least error, in words."""

import math
from collections import Counter
from collections.abc import Sequence

from stemgan.study.report.against import ERROR
from stemgan.study.report.labels import duration, figure, interval, share
from stemgan.study.summaries import Row, gathered

CONDITION = ("dose", "dwell_s", "lag_s")
"""Columns of how a scan is taken, beside its path."""
MOST = 4
"""Doses (or dwells, or lags) that are spoken of; tables have the others."""


def which_path(rows: Sequence[Row], paired: Sequence[Row], method: str) -> list[str]:
    """Say for each dose which scan leaves the least error, and what the others add."""
    said = []
    parts = gathered(rows, CONDITION)
    for key, part in list(parts.items())[:MOST]:
        same = [row for row in paired if tuple(row.get(c) for c in CONDITION) == key]
        said += _which(part, same, method)
    if len(parts) > MOST:
        said.append(f"Of {len(parts) - MOST} more conditions, see the tables below.")
    return said


def _which(rows: Sequence[Row], paired: Sequence[Row], method: str) -> list[str]:
    errors = _complete(rows)
    if not errors:
        return []
    best = min(errors, key=lambda scan: sum(math.log(r[ERROR]) for r in errors[scan]))
    mine = sorted(errors[best], key=lambda row: share(row["coverage"]), reverse=True)
    ends = mine if len(mine) == 1 else [mine[0], mine[-1]]
    levels = ", ".join(f"{interval(r, ERROR, ' %')} at {r['coverage']}" for r in ends)
    head = (
        f"{_under(rows[0])}, completed by {method}: {best} leaves the least mean error "
        f"of {len(errors)} scans, {levels}."
    )
    if len(errors) < 2:
        return [f"{_under(rows[0])}, completed by {method}: {best} leaves {levels} of error."]
    others = [_against(best, scan, paired) for scan in errors if scan != best]
    known = [text for text in others if text]
    return [f"{head} On the same images, {'; '.join(known)}." if known else head]


def _under(row: Row) -> str:
    dose = row.get("dose")
    text = (
        "No noise"
        if dose is None
        else f"{dose:g} electron{'s' * (dose != 1)} per px of the field"
    )
    if row.get("lag_s"):
        text += f", coil lag {duration(row['lag_s'])}"
    return text


def _complete(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return scans that were taken at every coverage that two scans or more share."""
    scans = {scan: part for (scan,), part in gathered(rows, ["scan"]).items()}
    taken = {scan: {r["coverage"] for r in part if r[ERROR]} for scan, part in scans.items()}
    times = Counter(coverage for some in taken.values() for coverage in some)
    shared = {coverage for coverage, count in times.items() if count > 1}
    shared = shared or set(times)
    return {
        scan: [row for row in part if row["coverage"] in shared]
        for scan, part in scans.items()
        if taken[scan] >= shared
    }


def _against(best: str, other: str, paired: Sequence[Row]) -> str:
    """Say how much more error another scan leaves, from the row over all coverages."""
    rows = [row for row in paired if {row["scan_a"], row["scan_b"]} == {best, other}]
    if not rows:
        return ""
    row = next((r for r in rows if r["coverage_a"] == "all"), rows[0])
    ratios = [row["ratio"], row.get("ratio_low"), row.get("ratio_high")]
    if row["scan_a"] == best:
        ratios = [None if r is None else 1 / r for r in (ratios[0], ratios[2], ratios[1])]
    if row.get("better") == best:
        return f"{other} leaves {more(ratios)}"
    # The mean may say one thing, and most images another: no side is taken here.
    low, high = (None if r is None else 100 * (r - 1) for r in ratios[1:])
    if low is None or high is None:
        return f"{other} is not surely worse"
    bounds = f"{_signed(low)} to {_signed(high)} %"
    return f"{other} is not surely worse ({bounds} of error, image by image)"


def more(ratios: Sequence[float | None]) -> str:
    """Write a ratio and its interval as so many per cent more, or less.

    Examples
    --------
    >>> more([1.2, 1.1, 1.3]), more([0.9, 0.7, 1.15])
    ('20 % more error (10 to 30 %)', '10 % less error (-15 to 30 %)')
    """
    percent = [None if r is None else 100 * (r - 1) for r in ratios]
    less = (percent[0] or 0.0) < 0
    if less:
        percent = [None if p is None else -p for p in (percent[0], *percent[:0:-1])]
    text = f"{figure(percent[0] or 0.0, 2)} % {'less' if less else 'more'} error"
    if percent[1] is not None and percent[2] is not None:
        text += f" ({figure(percent[1], 2)} to {figure(percent[2], 2)} %)"
    return text


def _signed(percent: float) -> str:
    return f"{'+' if percent > 0 else ''}{figure(percent, 2)}"
