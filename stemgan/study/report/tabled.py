"""Which columns of a study's tables the page shows, and under which names."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from stemgan.study.report.against import ERROR
from stemgan.study.report.labels import CONTROLS, label
from stemgan.study.summaries import Row


class Cell(NamedTuple):
    """A number with its interval; low and high are None where there is none."""

    value: float | None
    low: float | None
    high: float | None


def summary(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Show what each setting gave, with intervals."""
    return [
        {
            **_setting(row),
            "completed by": row["method"],
            "full scan": CONTROLS.get(row.get("control") or "", row.get("control")),
            "images of": row.get("label") or "",
            "error, blurred truth [%]": cell(row, "rmse_blurred"),
            "error, raw truth [%]": cell(row, "rmse_raw"),
            "error over contrast": cell(row, "nrmse_std_blurred"),
            "PSNR [dB]": cell(row, "psnr"),
            "SSIM": cell(row, "ssim"),
            "FRC 1/2 [1/px]": cell(row, "frc_half"),
            "slope [% per px]": cell(row, "slope_per_px"),
            "in 90 % interval": cell(row, "interval_90"),
            "achieved coverage": row.get("achieved"),
            "pitch [px]": row.get("pitch_px"),
            "time [s]": row.get("duration_s"),
            "computing [s]": row.get("seconds"),
            "images": row.get("images"),
            "groups": row.get("groups"),
        }
        for row in rows
    ]


def paired(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Show which path is better on the same images."""
    return [
        {
            "a": row["scan_a"],
            "b": row["scan_b"],
            "coverage a": row["coverage_a"],
            "coverage b": row["coverage_b"],
            **_condition(row),
            "completed by": row["method"],
            "error a over b": cell(row, "ratio"),
            "error a less b [%]": cell(row, "difference"),
            "a lower in [% of images]": _percent(row.get("share_a_lower")),
            **_judged(row),
        }
        for row in rows
        if row["metric"] == ERROR
    ]


def controls(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Show partial scans beside full scans of the same dose."""
    return [
        {
            **_setting(row),
            "completed by": row["method"],
            "full scan": CONTROLS.get(row["control"], row["control"]),
            **_made_by(row),
            "best of its dose": bool(row.get("best_control")),
            "error, partial [%]": row.get("mean_a"),
            "error, full [%]": row.get("mean_b"),
            "partial over full": cell(row, "ratio"),
            **_judged(row),
        }
        for row in rows
        if row["metric"] == ERROR
    ]


def _judged(row: Row) -> dict[str, Any]:
    """Say which side of a comparison is better, and of how many images."""
    return {
        "p (Holm)": row.get("p_holm"),
        "better": row.get("better") or "not sure",
        "images": row["images"],
        "groups": row["groups"],
    }


def published(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Show published errors beside the study's."""
    return [
        {
            "scan": row["scan"],
            "coverage": row["coverage"],
            "published [%]": row["published"],
            "published over √2 [%]": row.get("published_over_root_2"),
            "completed by": row.get("method") or "",
            "here, achieved coverage": row.get("achieved"),
            "here, error [%]": cell(row, "rmse_blurred"),
        }
        for row in rows
        if row.get("rmse_blurred") is not None
    ]


def detection(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Show which features are found in all."""
    return [
        {
            "feature": row["feature"],
            **_setting(row),
            "completed by": row["method"],
            "features": row["features"],
            "images": row["images"],
            "found [%]": Cell(
                *(_percent(row.get(f"detection_{end}")) for end in ("rate", "low", "high"))
            ),
            "seen where there is none [%]": _percent(row.get("false_alarm_rate")),
            "false discoveries [%]": _percent(row.get("false_discovery_rate")),
            "contrast shown": row.get("shown"),
            "misses": None if row.get("detection_rate") is None else row.get("misses"),
            "of these flagged [%]": _percent(row.get("misses_flagged")),
        }
        for row in rows
        if row["kind"] == "all"
    ]


def cell(row: Mapping[str, Any], name: str) -> Cell:
    """Take a mean and its interval out of a row."""
    return Cell(row.get(name), row.get(f"{name}_low"), row.get(f"{name}_high"))


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _made_by(row: Row) -> dict[str, Any]:
    """Say what denoised a full scan, and how large its pixels are."""
    how = row.get("control_method") or ""
    low = row["control"] == "low-resolution"
    return {
        "denoiser": "" if low or row["control"] == "full-raw" else how,
        "pixel size": how if low else "1x1 px",
    }


def _setting(row: Row) -> dict[str, Any]:
    return {"scan": row["scan"], "coverage": row["coverage"], **_condition(row)}


def _condition(row: Row) -> dict[str, Any]:
    return {
        "dose": label("dose", row.get("dose")),
        "dwell": label("dwell_s", row.get("dwell_s")) if row.get("dwell_s") else "",
        "coil lag": label("lag_s", row["lag_s"]) if row.get("lag_s") else "",
    }
