"""How settings and figures are named and written for people."""

from collections.abc import Iterable
from typing import Any

from stemgan.amounts import amount
from stemgan.scan import parse_coverage
from stemgan.study.summaries import Row

CONDITIONS = {
    "method": "completed by",
    "dose": "dose",
    "dwell_s": "dwell",
    "lag_s": "coil lag",
}
"""Columns that are chosen above a chart, and what the choice is called."""

MEASURES = {
    "rmse_blurred": (
        "error (RMSE, blurred truth)",
        "RMSE against the blurred truth [% of range]",
    ),
    "rmse_raw": ("error (RMSE, raw truth)", "RMSE against the raw truth [% of range]"),
    "nrmse_std_blurred": ("error over contrast", "RMSE over the blurred truth's std"),
    "psnr": ("PSNR", "PSNR against the raw truth [dB]"),
    "ssim": ("SSIM", "SSIM against the raw truth"),
    "frc_half": ("resolution (FRC 1/2)", "frequency where the ring correlation is 1/2 [1/px]"),
    "interval_90": ("interval coverage", "share of truth inside the 90 % interval"),
}
"""Column → its choice above a chart, and its axis."""

CONTROLS = {
    "full-raw": "full scan, as measured",
    "full-denoised": "full scan, denoised",
    "full-network": "full scan, denoised by our network",
    "low-resolution": "full scan of fewer, larger pixels",
}


def label(column: str, value: Any) -> str:  # noqa: ANN401 (a cell)
    """Write one setting's value for people."""
    if column == "dose":
        return "no noise" if value is None else f"{amount(value, 'electron', 'g')}/px"
    if column in ("dwell_s", "lag_s"):
        return _time(value) if value else ("none" if column == "lag_s" else "not given")
    return str(value)


def _time(seconds: float) -> str:
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def duration(seconds: float) -> str:
    """Write a duration with its unit: "0.42 s"."""
    return _time(seconds)


def keys_of(row: Row, columns: Iterable[str] = CONDITIONS) -> dict[str, str]:
    """Return what is chosen to see this row: name of the choice → text."""
    return {CONDITIONS[c]: label(c, row.get(c)) for c in columns}


def share(text: str) -> float:
    """Return coverage as a number, for ordering."""
    return parse_coverage(text) if text else 0.0


def is_partial(row: Row) -> bool:
    """Tell whether a scan leaves anything out."""
    return share(row["coverage"]) < 1


def figure(value: float | None, digits: int = 3) -> str:
    """Write a number to so many significant digits, without exponents where it is readable.

    Whole numbers, which count things, have all their digits.
    """
    if value is None:
        return "–"
    if value == round(value) and abs(value) < 1e6:
        return f"{value:.0f}"
    if value and not 1e-4 <= abs(value) < 1e6:
        return f"{value:.{digits - 1}e}"
    text = f"{value:.{digits}g}"
    return f"{float(text):.0f}" if "e" in text else text


def percent(value: float | None, digits: int = 2) -> str:
    """Write per cent: from 10 on without decimals, from 1 on with the same number of them.

    Examples
    --------
    >>> percent(117.4), percent(9.96), percent(4.0), percent(0.123)
    ('117', '10', '4.0', '0.12')
    """
    if value is not None and abs(value) >= 0.995:
        return f"{value:.{0 if abs(value) >= 9.95 else digits - 1}f}"
    return figure(value, digits)


def interval(row: Row, name: str, unit: str = "", by: float = 1.0) -> str:
    """Write a mean and its interval: "3.2 % (2.91 to 3.52 %)"."""
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    written = percent if "%" in unit else figure
    text = f"{written(by * row[name])}{unit}"
    if low is None or high is None:
        return text
    return f"{text} ({written(by * low)} to {written(by * high)}{unit})"


def time_of(row: Row) -> str:
    """Write a scan's duration, and whether jumps cost nothing of it; "" if it has none."""
    if not row.get("duration_s"):
        return ""
    free = row.get("jumps") and not row.get("settling_s") and not row.get("flyback_s")
    return duration(row["duration_s"]) + " (jumps counted as free)" * bool(free)
