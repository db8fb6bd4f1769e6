"""A simulated microscope: a full image, electrons that are counted, and coils that lag."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from stemgan.adaptive.scanner import Array, Spent
from stemgan.errors import InputError
from stemgan.measurement import Image, Noise, Points, shot_noise
from stemgan.scan import trace_path
from stemgan.scan.beam import beam_of
from stemgan.scan.inside import inside
from stemgan.scan.physics import Course, Timing, course

_NEIGHBOUR = 1.5
"""Moves up to this far [px] need no settling, as in `stemgan.scan.physics`."""


class SimulatedScanner:
    """A `Scanner` over an image that is known.

    Parameters
    ----------
    truth : full image, (H, W) float32.
    timing : how fast the beam moves, what a jump costs, and how the coils lag.
    electrons : mean number in one usual dwell at the image's mean intensity; None: no noise.
        All that come while the beam is on are counted: along a joined path, its pixels share
        them out.
    seed : of the noise.

    Raises
    ------
    InputError : a number of electrons that is none.
    """

    def __init__(
        self,
        truth: Image,
        timing: Timing | None = None,
        electrons: float | None = None,
        seed: int = 0,
    ) -> None:
        Noise(electrons=electrons)
        self.truth = np.asarray(truth, np.float32)
        self.timing = timing or Timing()
        self.electrons = electrons
        self.spent = Spent()
        self.beam: Array | None = None
        self._rng = np.random.default_rng(seed)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the frame [px]."""
        return self.truth.shape[0], self.truth.shape[1]

    def scan(self, path: Array, dwell: float, *, joined: bool) -> Points:
        """Measure along a path, see `Scanner.scan`.

        A jump to the path's start costs settling, after which the coils are off by what their
        lag leaves of the way.

        Raises
        ------
        InputError : a path that measures nothing in the frame, or a dwell that is no time.
        """
        path = np.asarray(path, np.float64)
        timing = replace(self.timing, dwell=dwell)
        trace = trace_path(path, self.shape, joined=joined)
        way = course(path, timing, joined=joined)
        wait, off = self._arrive(path[0])
        beam = beam_of(trace, way, timing.lag)
        times, lengths = _moments(way, beam.share)
        if not way.joined:
            on = inside(path, self.shape)
            kept = inside(way.real(timing.lag)[on], self.shape)
            times, lengths = (each[on][kept] for each in (times, lengths))
        real = beam.real + off * _fading(times, lengths, timing.lag)[:, None]
        seen = inside(real, self.shape)
        if not seen.any():
            raise InputError("the coils lag so far behind that the beam stays out of the frame")
        self.spent = self.spent.plus(
            wait + way.duration, way.exposure(self.shape), way.jumps + (wait > 0)
        )
        self.beam = _end(way, timing.lag, off)
        weight = beam.dwell[seen] * (dwell / self.timing.dwell)
        shared = 1.0
        if way.joined:  # moves across pixels are longer than these are many
            shared = way.exposure(self.shape) / (dwell * len(trace.visited))
        return Points(real[seen], self._read(real[seen], weight * shared), weight)

    def _arrive(self, start: Array) -> tuple[float, Array]:
        """Jump to a stroke's start: the time of it [s], and how far off the beam is then."""
        if self.beam is None:
            return 0.0, np.zeros(2)
        off = self.beam - start
        wait = self.timing.settling if float(np.hypot(*off)) > _NEIGHBOUR else 0.0
        lag = self.timing.lag
        return wait, off * (np.exp(-wait / lag) if lag else 0.0)

    def _read(self, positions: Array, dwells: Array) -> NDArray[np.float64]:
        """Read the truth, with the noise of the electrons of so many usual dwells."""
        read = map_coordinates(self.truth, positions.T, order=1, mode="nearest")
        if self.electrons is not None:
            read = shot_noise(
                np.asarray(read, np.float32), self.truth, self.electrons * dwells, self._rng
            )
        return np.asarray(read, np.float64)


def _moments(way: Course, share: Array) -> tuple[Array, Array]:
    """Return when each measurement begins, and how long it takes, of all positions [s]."""
    if way.joined:
        times = share * float(way.stay.sum())
        return times, np.zeros(len(times))
    return np.cumsum(way.wait + way.stay) - way.stay, way.stay


def _fading(times: Array, lengths: Array, lag: float) -> Array:
    """Return what is left of an offset at each time, averaged over its length."""
    if lag == 0:
        return np.zeros(len(times))
    begin = np.exp(-times / lag)
    spans = np.where(lengths > 0, lengths / lag, 1.0)
    return np.where(lengths > 0, begin * -np.expm1(-spans) / spans, begin)


def _end(way: Course, lag: float, off: Array) -> Array:
    """Return where the beam is when a stroke ends."""
    if lag == 0:
        return way.path[-1].copy()
    from stemgan_kernels.response import respond

    start = respond(way.path, way.wait, way.stay, lag, joined=way.joined).start[-1]
    last = way.path[-1]
    left = last + (start - last) * np.exp(-way.stay[-1] / lag)
    return left + off * np.exp(-way.duration / lag)
