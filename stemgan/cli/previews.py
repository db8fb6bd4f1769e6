"""The picture of a completed scan: what was measured, what was made of it, how sure it is."""

from typing import TYPE_CHECKING, Any

from stemgan.cli.jobs import Job

if TYPE_CHECKING:
    from stemgan.cli.completers import Completed, Completer
    from stemgan.measurement import PartialScan


def preview(job: Job, scan: "PartialScan", result: "Completed", method: "Completer") -> Any:  # noqa: ANN401 (a Pillow image)
    """Draw a scan and its completion, and the deviation where it is written."""
    import numpy as np

    from stemgan.images import picture
    from stemgan.scan import format_coverage

    low, high = (float(v) for v in np.percentile(result.image, (0.5, 99.5)))
    panels = [
        (f"partial scan, {format_coverage(scan.coverage)}", scan.with_nan()),
        (f"completed: {_name(method)}", result.image),
    ]
    limits: list[tuple[float, float] | None] = [(low, high), (low, high)]
    if job.std is not None and result.std is not None:
        top = float(np.percentile(result.std, 99.5))
        panels.append((f"standard deviation, black 0, white {_short(top)}", result.std))
        limits.append((0.0, top))
    return picture(panels, limits=limits, title=scan.name)


def _name(method: "Completer") -> str:
    """Name a method, and say where it completes the raw truth."""
    return f"{method.label}, raw" if method.record.get("truth") == "raw" else method.label


def _short(value: float) -> str:
    """Write a number in three digits, as people do: 1280, 0.0317, 2.1e-09."""
    return f"{value:.0f}" if 100 <= abs(value) < 1e6 else f"{value:.3g}"
