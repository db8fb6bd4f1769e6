"""Where the beam really is when it measures, lag and drift included."""

from typing import NamedTuple

import numpy as np

from stemgan.scan.inside import Array, inside
from stemgan.scan.physics import Course, drifted
from stemgan.scan.trace import Trace


class Beam(NamedTuple):
    """Measurements of a scan, in order; those that miss the frame are left out.

    wanted : where the beam is sent, (k, 2) (y, x) [px].
    real : where on the specimen it is, (k, 2) (y, x) [px], inside the frame.
    share : when, as a share of the path's duration, (k,).
    dwell : for how long, over the time at a pixel in a full raster, (k,).
    missed : measurements that lag or drift took out of the frame.
    """

    wanted: Array
    real: Array
    share: Array
    dwell: Array
    missed: int


def beam_of(
    trace: Trace, course: Course, lag: float = 0.0, drift: tuple[float, float] = (0.0, 0.0)
) -> Beam:
    """Find where the beam really is for each measurement.

    A joined path is measured once for each of its pixels, at the time of its first visit;
    another at each of its positions, averaged over the dwell.

    Parameters
    ----------
    trace, course : the scan on its frame, and in time.
    lag : time constant of the scan coils [s].
    drift : displacement of the specimen from the scan's start to its end, (y, x) [px].
    """
    shape = (trace.dwell.shape[0], trace.dwell.shape[1])
    if course.joined:
        wanted = np.stack(np.divmod(trace.visited, shape[1]), axis=1).astype(np.float64)
        share, dwell = trace.time, np.ones(len(wanted))
        real = course.real_at(share, lag)
    else:
        on = inside(course.path, shape)
        begin = np.cumsum(course.wait + course.stay) - course.stay
        wanted, real = course.path[on], course.real(lag)[on]
        share = begin[on] / course.duration
        dwell = course.stay[on] / course.stay.mean()
    real = drifted(real, share, drift)
    kept = inside(real, shape)
    missed = int((~kept).sum())
    return Beam(wanted[kept], real[kept], share[kept], dwell[kept], missed)
