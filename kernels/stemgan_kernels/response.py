"""First-order response of the scan coils: where the beam is when it is sent elsewhere."""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray


class Response(NamedTuple):
    """Where the beam is at each position of a path.

    start : when the time of the position begins, (n, 2) (y, x) [px].
    mean : averaged over that time, (n, 2) (y, x) [px].
    """

    start: NDArray[np.float64]
    mean: NDArray[np.float64]


def respond(
    path: NDArray[np.float64],
    wait: NDArray[np.float64],
    stay: NDArray[np.float64],
    lag: float,
    *,
    joined: bool,
) -> Response:
    """Follow a path with scan coils that lag: lag dr/dt = wanted(t) - r, solved exactly.

    The beam is at rest at the first position before the scan. Each position is wanted for
    wait + stay; if `joined`, the wanted position then moves on to the next one at constant
    speed during `stay`.

    Parameters
    ----------
    path : wanted positions, (n, 2) (y, x) [px].
    wait : time at each position before it counts, (n,) [s].
    stay : time at each position, or on the way to the next one, (n,) [s].
    lag : time constant [s], 0 for coils that follow at once.
    joined : whether the wanted position moves between the positions.

    Returns
    -------
    Response. Without a lag, start is the path itself.

    Raises
    ------
    ValueError : shapes that differ, or a lag or time that is negative or not finite.

    Examples
    --------
    >>> path, time = np.array([[0.0, 0.0], [0.0, 1.0]]), np.array([1.0, 1.0])
    >>> respond(path, 0 * time, time, 1.0, joined=False).mean[1, 1].round(4)  # 1 / e
    np.float64(0.3679)
    """
    path = np.ascontiguousarray(path, np.float64)
    if path.ndim != 2 or path.shape[1] != 2 or not len(path) == len(wait) == len(stay):
        raise ValueError(f"path {path.shape}, wait {wait.shape} and stay {stay.shape} differ")
    times = np.concatenate([wait, stay, [lag]])
    if not (np.isfinite(times).all() and (times >= 0).all()):
        raise ValueError("times and lag must be finite and not negative")
    start, mean = path.copy(), path.copy()
    if lag > 0:
        _respond(
            path, np.asarray(wait, float), np.asarray(stay, float), lag, joined, start, mean
        )
    elif joined:
        mean[:-1] = (path[:-1] + path[1:]) / 2
    return Response(start, mean)


@njit(cache=True, nogil=True)
def _respond(path, wait, stay, lag, joined, start, mean):  # noqa: ANN001, ANN202
    n = len(path)
    for axis in range(2):
        real = path[0, axis]
        for i in range(n):
            here = path[i, axis]
            real = here + (real - here) * math.exp(-wait[i] / lag)
            start[i, axis] = real
            time = stay[i]
            if time == 0.0:
                mean[i, axis] = real
                continue
            speed = (path[i + 1, axis] - here) / time if joined and i < n - 1 else 0.0
            # A ramp is followed at its own speed, `lag` late; what else there is decays.
            excess = real - here + speed * lag
            decayed = -math.expm1(-time / lag)
            mean[i, axis] = here + speed * (time / 2 - lag) + excess * lag / time * decayed
            real = here + speed * (time - lag) + excess * (1 - decayed)
