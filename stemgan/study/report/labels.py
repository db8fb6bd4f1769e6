"""How settings and figures are named and written for people."""

from collections.abc import Iterable
from typing import Any

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
        return "no noise" if value is None else f"{value:g} electron{'s' * (value != 1)}/px"
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


def figure(value: float | None, digits: int = 3) -> str:
    """Write a number to so many significant digits, without exponents where it is readable."""
    if value is None:
        return "–"
    if value and not 1e-4 <= abs(value) < 1e6:
        return f"{value:.{digits - 1}e}"
    text = f"{value:.{digits}g}"
    return f"{float(text):.0f}" if "e" in text else text


def interval(row: Row, name: str, unit: str = "", by: float = 1.0) -> str:
    """Write a mean and its interval: "3.2 % (2.91 to 3.52 %)"."""
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    text = f"{figure(by * row[name])}{unit}"
    if low is None or high is None:
        return text
    return f"{text} ({figure(by * low)} to {figure(by * high)}{unit})"
