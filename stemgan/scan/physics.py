"""What a scan path costs in time and dose, and where scan coils that lag take the beam."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.scan.design import LONGEST_TIME, SHORTEST_TIME
from stemgan.scan.inside import inside, shares_inside

Array = NDArray[np.float64]

ELEMENTARY_CHARGE = 1.602176634e-19
"""Charge of an electron [C] (2019 SI, exact)."""

_LEAST, _MOST = 1e-9, 1e12
"""Of currents [pA] and pixel sizes [Å]."""

_NEIGHBOUR = 1.5
"""Moves up to this far [px] lead to a neighbouring pixel and need no settling."""


@dataclass(frozen=True)
class Timing:
    """How fast the beam is moved.

    dwell : time per pixel of length of a joined path, or per position of another [s].
    flyback : time for each return to the start of the next line [s].
    settling : time for each other jump, to a pixel that is not a neighbour [s].
    lag : time constant of the scan coils' first-order response [s].

    The beam is blanked during flyback and settling.

    Raises
    ------
    InputError : a time that is negative or of no microscope, or a dwell of 0.
    """

    dwell: float = 1e-6
    flyback: float = 0.0
    settling: float = 0.0
    lag: float = 0.0

    def __post_init__(self) -> None:
        for name in ("dwell", "flyback", "settling", "lag"):
            time = getattr(self, name)
            none = "" if name == "dwell" else "0 s, or "
            if not (SHORTEST_TIME <= time <= LONGEST_TIME or (none and time == 0)):
                raise InputError(
                    f"a {name} is {none}a time from {SHORTEST_TIME:g} to {LONGEST_TIME:g} s, "
                    f"not {time:g}"
                )


@dataclass(frozen=True, eq=False)
class Course:
    """A path in time: how long the beam waits before each position, and stays there.

    path : wanted positions, (n, 2) (y, x) [px].
    joined : whether the beam moves on to the next position while it stays, and measures there.
    wait : flyback or settling before each position, (n,) [s]; the beam is blanked.
    stay : time at each position, or on the way to the next, (n,) [s].
    returns, jumps : how many moves cost flyback, and how many settling.
    """

    path: Array
    joined: bool
    wait: Array
    stay: Array
    returns: int = 0
    jumps: int = 0

    @property
    def duration(self) -> float:
        """Time from the first position to the end of the last [s]."""
        return float(self.wait.sum() + self.stay.sum())

    def real(self, lag: float) -> Array:
        """Return where the beam was: at each position's time if joined, else averaged over it.

        Parameters
        ----------
        lag : time constant of the scan coils [s].

        Returns
        -------
        (n, 2) float64 (y, x) [px].
        """
        from stemgan_kernels.response import respond

        response = respond(self.path, self.wait, self.stay, lag, joined=self.joined)
        return response.start if self.joined else response.mean

    def real_at(self, share: Array, lag: float) -> Array:
        """Return where the beam of a joined path was, after shares of the time it measures.

        Parameters
        ----------
        share : shares of the time without waits, in [0, 1], (k,).
        lag : time constant of the scan coils [s].

        Returns
        -------
        (k, 2) float64 (y, x) [px].
        """
        start = self.real(lag)
        ends = np.cumsum(self.stay)
        time = np.clip(share, 0, 1) * ends[-1]
        at = np.minimum(np.searchsorted(ends, time, side="right"), len(ends) - 2)
        time = (time - (ends[at] - self.stay[at]))[:, None]
        here, speed = self.path[at], self._speeds()[at]
        if lag == 0:
            return here + speed * time
        excess = start[at] - here + speed * lag
        return here + speed * (time - lag) + excess * np.exp(-time / lag)

    def _speeds(self) -> Array:
        """Velocity from each position of a joined path to the next, (n - 1, 2) [px/s]."""
        return np.diff(self.path, axis=0) / self.stay[:-1, None]

    def extremes(self, lag: float) -> tuple[float | None, float | None]:
        """Return the beam's largest velocity [px/s] and acceleration [px/s²].

        Without a lag, those of the wanted path: accelerations are differences of velocity over
        the time between the middles of two moves, and a path of jumps has neither (None). With
        a lag, those of the real beam.
        """
        if len(self.path) < 2:
            return 0.0, 0.0
        if lag > 0:
            return self._real_extremes(lag)
        if not self.joined:
            return None, None
        speeds, times = self._speeds(), self.stay[:-1]
        changes = np.diff(speeds, axis=0) / ((times[1:] + times[:-1]) / 2)[:, None]
        return _largest(speeds), _largest(changes)

    def _real_extremes(self, lag: float) -> tuple[float, float]:
        from stemgan_kernels.response import respond

        start = respond(self.path, self.wait, self.stay, lag, joined=self.joined).start
        if self.joined:
            # Velocity tends to the wanted one from either side, so that ends of moves suffice.
            velocity = (self.path - start) / lag
            return _largest(velocity), _largest((self._speeds() - velocity[:-1]) / lag)
        left = (start - self.path) * np.exp(-self.stay / lag)[:, None] + self.path
        velocity = (self.path[1:] - left[:-1]) / lag
        return _largest(velocity), _largest(velocity) / lag

    def exposure(self, shape: tuple[int, int]) -> float:
        """Return for how long the beam is on: measuring, and inside the frame [s]."""
        if not self.joined:
            return float(self.stay[inside(self.path, shape)].sum())
        return float((self.stay[:-1] * shares_inside(self.path, shape)).sum())


def course(
    path: Array,
    timing: Timing,
    *,
    joined: bool,
    durations: Array | None = None,
    one_way: bool = False,
) -> Course:
    """Put a path in time.

    Parameters
    ----------
    path : positions, (n, 2) (y, x) [px].
    timing : `dwell` of it sets the total time: of a joined path per pixel of its length, parts
        outside the frame included; of another path per position.
    joined : whether the beam measures between the positions.
    durations : time of each position over their total, (n,), equal by default; of a joined
        path, until the next position, and so 0 for the last.
    one_way : whether lines all run to the right, so that jumps to the left are line returns.

    Returns
    -------
    Course.
    """
    n = len(path)
    joined = joined and n > 1
    moves = np.diff(path, axis=0)
    lengths = np.hypot(*moves.T)
    share = np.ones(n) if durations is None else np.asarray(durations, np.float64).copy()
    if joined:
        share[-1] = 0
    total = timing.dwell * (max(float(lengths.sum()), 1.0) if joined else n)
    stay = total * share / share.sum()
    wait, returns, jumps = np.zeros(n), 0, 0
    if not joined:
        far = lengths > _NEIGHBOUR
        back = far & (moves[:, 1] < 0) if one_way else np.zeros(n - 1, dtype=np.bool_)
        wait[1:] = np.where(back, timing.flyback, np.where(far, timing.settling, 0.0))
        returns, jumps = int(back.sum()), int((far & ~back).sum())
    return Course(path, joined, wait, stay, returns, jumps)


def dose(exposure: float, pixels: int, current: float, pixel_size: float) -> float:
    """Return the dose over an area [e⁻/Å²].

    Parameters
    ----------
    exposure : time for which the beam is on [s].
    pixels : size of the area: the measured pixels for the dose over the path, all for the dose
        over the field.
    current : beam current [pA].
    pixel_size : side of a pixel [Å].

    Examples
    --------
    >>> round(dose(1e-6, 1, current=50.0, pixel_size=0.5), 1)  # 312 electrons on 0.25 Å²
    1248.3
    """
    check_amount("current", current, "pA")
    check_amount("pixel size", pixel_size, "Å")
    return current * 1e-12 * exposure / ELEMENTARY_CHARGE / (pixels * pixel_size**2)


def check_amount(name: str, value: float, unit: str) -> None:
    """Refuse a quantity that is not above 0, or of a size that nothing has.

    Raises
    ------
    InputError : it is not; the message says what it may be.
    """
    if not 0 < value < math.inf:
        raise InputError(f"a {name} is above 0 {unit}, not {value:g}")
    if not _LEAST <= value <= _MOST:
        raise InputError(f"a {name} is between {_LEAST:g} and {_MOST:g} {unit}, not {value:g}")


def drifted(positions: Array, share: Array, drift: tuple[float, float]) -> Array:
    """Return where on the specimen the positions lie, if the specimen drifts steadily.

    Parameters
    ----------
    positions : (n, 2) (y, x) [px].
    share : when each is visited, as a share of the scan's duration, (n,) in [0, 1].
    drift : displacement of the specimen from the scan's start to its end, (y, x) [px].

    Returns
    -------
    (n, 2) float64, in the frame of the specimen at the start: a specimen that moves down is
    hit further up.
    """
    return positions - share[:, None] * np.asarray(drift, np.float64)


def _largest(vectors: Array) -> float:
    return float(np.hypot(*vectors.T).max()) if len(vectors) else 0.0
