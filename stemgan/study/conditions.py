"""The ways of scanning that a study compares, and a partial scan taken in one of them."""

import re
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.evaluate.scans import Condition, Drawn, draw_path, file_of, number_of, pitch_of
from stemgan.measurement import FEWEST_PIXELS, Noise, PartialScan, measure, measure_at
from stemgan.pathfiles import is_file
from stemgan.scan.beam import Beam, beam_of
from stemgan.scan.costs import course_of, mean_dwell, path_costs
from stemgan.scan.physics import Timing
from stemgan.study.sources import Source

Figures = dict[str, Any]


@dataclass(frozen=True)
class Setting:
    """One way of scanning.

    scan : a family, or a path or mask file, whose coverage is its own.
    coverage : as it was written, such as "1/17.9"; "1" of a raster.
    dose : mean electrons per pixel of the *field* at the image's mean intensity; None: no
        noise. What a scan measures gets dose / coverage each, so that settings of one dose put
        the same number of electrons on the specimen.
    dwell : time per pixel of a path's length, or per position [s];
        a path file may have its own.
    lag : time constant of the scan coils [s]; values are read, and placed, where the beam
        really was.
    """

    scan: str
    coverage: str
    dose: float | None = None
    dwell: float = 1e-6
    lag: float = 0.0

    @property
    def condition(self) -> Condition:
        """The scan and its coverage, which decide the path."""
        return Condition(self.scan, self.coverage)

    @property
    def name(self) -> str:
        """The scan as figures and tables call it: a family, or a file's name."""
        return file_of(self.scan).name if is_file(self.scan) else self.scan

    @property
    def label(self) -> str:
        """What a person reads: the scan, its coverage, and dose, dwell and lag if not usual."""
        usual = Setting(self.scan, self.coverage)
        parts = [self.name, self.coverage]
        parts += [] if self.dose is None else [f"{self.dose:g} e/px"]
        parts += [] if self.dwell == usual.dwell else [f"dwell {self.dwell:g} s"]
        parts += [] if self.lag == 0 else [f"lag {self.lag:g} s"]
        return " ".join(parts)

    @property
    def slug(self) -> str:
        """The label, as part of a file's name."""
        label = self.label.replace("e/px", "e").replace("1/", "1-")
        return "-".join(re.findall(r"[\w.]+(?:-[\w.]+)*", label))

    @property
    def fixed(self) -> bool:
        """Whether every image of one shape is measured at the same pixels."""
        return self.condition.fixed

    @property
    def columns(self) -> Figures:
        """Its columns in every table: scan, coverage, dose, dwell_s and lag_s."""
        values = asdict(self)
        return {
            "scan": self.name,
            "coverage": values["coverage"],
            "dose": values["dose"],
            "dwell_s": values["dwell"],
            "lag_s": values["lag"],
        }


class Scanned(NamedTuple):
    """One image under one setting.

    truth : the full image, (H, W) float32.
    scan : its partial scan.
    pitch : the path's pitch [px], or of families without one the gap length: 4 × the mean
        distance, which equals the pitch of parallel lines; 1 where every pixel is measured.
    achieved : share of measured pixels.
    electrons : mean per measurement; None without noise.
    costs : figures of the path by their names, see `stemgan.scan.costs.path_costs`.
    """

    truth: NDArray[np.float32]
    scan: PartialScan
    pitch: float
    achieved: float
    electrons: float | None
    costs: Figures

    @property
    def columns(self) -> Figures:
        """Its columns in the table of results."""
        return {
            "achieved": self.achieved,
            "pitch_px": self.pitch,
            "electrons": self.electrons,
            **self.costs,
        }


def take(source: Source, setting: Setting, seed: int, timing: Timing) -> Scanned:
    """Scan an image in a setting.

    The path is the same for the same image, scan and coverage, whatever the dose, the dwell and
    the lag, and the one that an evaluation of the same seed takes.

    Parameters
    ----------
    source : the image.
    setting : how it is scanned.
    seed : of random paths and of the noise.
    timing : times of flyback and settling; dwell and lag are the setting's.

    Raises
    ------
    InputError : the lag leaves too few measured pixels in the frame.
    """
    drawn = draw_path(source, setting.condition, seed)
    times = timing_of(setting, drawn, timing)
    truth = source.truth()
    rng = np.random.default_rng(number_of(f"{drawn.key}/{setting.dose}"))
    beam = _beam(drawn, times) if setting.lag else None
    weights = beam.dwell if beam is not None else drawn.trace.dwell
    electrons = None
    if setting.dose is not None:
        electrons = setting.dose * truth.size / float(weights.sum(dtype=np.float64))
    noise = Noise(electrons=electrons)
    if beam is None:
        scan = measure(truth, drawn.trace, noise, rng)
    else:
        # Of pixels: a list of exact positions is nothing that a method uses.
        scan = measure_at(
            truth, beam.real, dwell=beam.dwell, share=beam.share, noise=noise, rng=rng
        )
        scan = replace(scan, positions=None, samples=None, position_dwell=None)
    costs = _costs_of(drawn, times) | {
        "largest_distance_px": float(scan.nearest[0].max()),
        "mean_distance_px": float(scan.nearest[0].mean(dtype=np.float64)),
    }
    return Scanned(truth, scan, pitch_of(drawn.design, scan), scan.coverage, electrons, costs)


def timing_of(setting: Setting, drawn: Drawn, timing: Timing) -> Timing:
    """Return the times of a scan: dwells that a path file holds stay as they are."""
    own = None if drawn.design.custom is None else drawn.design.custom.dwell
    dwell = setting.dwell if own is None else mean_dwell(own, drawn.trace)
    return replace(timing, dwell=dwell, lag=setting.lag)


_SAID = ("dwell_s", "lag_s")
"""Costs that every table has as columns of the setting."""


class _Known(NamedTuple):
    """What of a drawn path is remembered by: the same trace is the same object."""

    drawn: Drawn

    def __hash__(self) -> int:
        return id(self.drawn.trace)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Known) and other.drawn.trace is self.drawn.trace


def _costs_of(drawn: Drawn, timing: Timing) -> Figures:
    return _costs(_Known(drawn), timing)


@lru_cache(maxsize=4)
def _costs(known: _Known, timing: Timing) -> Figures:
    figures = path_costs(known.drawn.design.family, known.drawn.trace, timing)
    return {name: value for name, value in figures.items() if name not in _SAID}


def _beam(drawn: Drawn, timing: Timing) -> Beam:
    beam = _real(_Known(drawn), timing)
    pixels = len(np.unique(np.floor(beam.real + 0.5), axis=0))
    if pixels < FEWEST_PIXELS:
        raise InputError(
            f"a lag of {timing.lag:g} s leaves the beam on {pixels} pixels of the frame, fewer "
            f"than {FEWEST_PIXELS}: lower it, or take a longer dwell"
        )
    return beam


@lru_cache(maxsize=2)
def _real(known: _Known, timing: Timing) -> Beam:
    design, trace, _ = known.drawn
    return beam_of(trace, course_of(design.family, trace, timing), timing.lag)
