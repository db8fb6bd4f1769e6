"""The figures of a scan path, with their units in their names."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.scan.families import REGISTRY
from stemgan.scan.inside import inside
from stemgan.scan.physics import Course, Timing, check_amount, course, dose
from stemgan.scan.trace import Trace


def course_of(family: str, trace: Trace, timing: Timing) -> Course:
    """Put a family's trace in time, see `course`."""
    return course(
        trace.path,
        timing,
        joined=trace.joined,
        durations=trace.durations,
        one_way=REGISTRY[family].one_way,
    )


def mean_dwell(times: NDArray[np.float64], trace: Trace) -> float:
    """Return the `Timing.dwell` with which a path's own dwells (n,) [s] stay as they are."""
    per = max(trace.length, 1.0) if trace.joined and len(trace.path) > 1 else len(trace.path)
    return float(times.sum()) / per


def path_costs(
    family: str,
    trace: Trace,
    timing: Timing,
    pixel_size: float | None = None,
    current: float | None = None,
) -> dict[str, Any]:
    """Return what a path costs and what it misses.

    Parameters
    ----------
    family : the scan family, or "custom".
    trace : the path on its frame.
    timing : times of the scan [s].
    pixel_size : side of a pixel [Å], for lengths and doses.
    current : beam current [pA], for doses, which need the pixel size too.

    Returns
    -------
    Figures by name. The duration holds flyback, settling and the parts outside the frame; the
    exposure is the time in which the beam is on: inside the frame, and neither flying back nor
    settling. Distances are to the nearest measured pixel, path distances to the path itself
    (to its lines if joined, else to its positions). Velocity and acceleration are those
    of the wanted path, or with a lag of the real beam (None: jumps without a lag have none).

    Raises
    ------
    InputError : a pixel size or current that is not above 0.
    """
    from stemgan_kernels.distance import distance_transform
    from stemgan_kernels.path_distance import path_distance

    if pixel_size is not None:
        check_amount("pixel size", pixel_size, "Å")
    time = course_of(family, trace, timing)
    shape = (trace.dwell.shape[0], trace.dwell.shape[1])
    distance = distance_transform(trace.mask).distance
    to_path = path_distance(trace.path, shape, joined=trace.joined)
    velocity, acceleration = time.extremes(timing.lag)
    figures: dict[str, Any] = {
        "length_px": trace.length,
        "dwell_s": timing.dwell,
        "duration_s": time.duration,
        "exposure_s": time.exposure(shape),
        "flyback_s": time.returns * timing.flyback,
        "settling_s": time.jumps * timing.settling,
        "line_returns": time.returns,
        "jumps": time.jumps,
        "largest_velocity_px_per_s": velocity,
        "largest_acceleration_px_per_s2": acceleration,
        "largest_distance_px": float(distance.max()),
        "mean_distance_px": float(distance.mean(dtype=np.float64)),
        "largest_path_distance_px": float(to_path.max()),
        "mean_path_distance_px": float(to_path.mean(dtype=np.float64)),
    }
    if timing.lag:
        figures |= _deviation(time, timing.lag, shape)
    if pixel_size is not None:
        figures |= _scaled(figures, pixel_size)
    if pixel_size is not None and current is not None:
        exposure = figures["exposure_s"]
        figures |= {
            "current_pA": current,
            "dose_path_e_per_A2": dose(exposure, len(trace.visited), current, pixel_size),
            "dose_field_e_per_A2": dose(exposure, trace.dwell.size, current, pixel_size),
        }
    return figures


def _deviation(time: Course, lag: float, shape: tuple[int, int]) -> dict[str, Any]:
    """How far the beam is from where it was sent, at the positions inside the frame."""
    kept = inside(time.path, shape)
    off = np.hypot(*(time.real(lag) - time.path)[kept].T) if kept.any() else np.zeros(1)
    return {
        "lag_s": lag,
        "largest_deviation_px": float(off.max()),
        "mean_deviation_px": float(off.mean()),
    }


def _scaled(figures: dict[str, Any], pixel_size: float) -> dict[str, Any]:
    names = {
        "length_px": "length_A",
        "largest_velocity_px_per_s": "largest_velocity_A_per_s",
        "largest_acceleration_px_per_s2": "largest_acceleration_A_per_s2",
        "largest_distance_px": "largest_distance_A",
        "mean_distance_px": "mean_distance_A",
        "largest_path_distance_px": "largest_path_distance_A",
        "mean_path_distance_px": "mean_path_distance_A",
    }
    scaled = {
        name: None if figures[key] is None else figures[key] * pixel_size
        for key, name in names.items()
    }
    return {"pixel_size_A": pixel_size, **scaled}
