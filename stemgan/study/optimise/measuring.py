"""What a candidate costs, and the error that it leaves of one image."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from stemgan.errors import InputError
from stemgan.evaluate.methods import Method
from stemgan.evaluate.scans import number_of
from stemgan.measurement import FEWEST_PIXELS, Image, Noise, PartialScan, measure, measure_at
from stemgan.metrics import score
from stemgan.scan import Trace
from stemgan.scan.beam import beam_of
from stemgan.scan.costs import course_of, path_costs
from stemgan.scan.families import REGISTRY
from stemgan.scan.physics import Timing
from stemgan.study.optimise.space import Candidate
from stemgan.study.sources import Source

PATHS = 4
"""Paths of a random family that the images share out; each must keep the limits."""


def path_seeds(candidate: Candidate, seed: int) -> range:
    """Return the seeds of all paths along which images are scanned, the search's first."""
    return range(seed, seed + (PATHS if REGISTRY[candidate.family].seeded else 1))


@lru_cache(maxsize=2 * PATHS)
def drawn(candidate: Candidate, shape: tuple[int, int], seed: int) -> Trace:
    """Draw a candidate's path."""
    return candidate.design(shape, seed).trace()


def costs_of(
    candidate: Candidate, shape: tuple[int, int], timing: Timing, rate: float | None, seed: int
) -> dict[str, Any]:
    """Return what a candidate costs on a frame.

    Parameters
    ----------
    candidate, shape, seed : the scan.
    timing : times of flyback, settling and lag; the dwell is the candidate's.
    rate : electrons that are counted per second at the image's mean intensity; None: unknown.

    Returns
    -------
    achieved (coverage), duration [s], exposure [s], dose [electrons per pixel of the field],
    velocity [px/s], acceleration [px/s²] (None: of a path of jumps), mean_distance and
    largest_distance [px].
    """
    trace = drawn(candidate, shape, seed)
    figures = path_costs(candidate.family, trace, replace(timing, dwell=candidate.dwell))
    exposure = figures["exposure_s"]
    return {
        "achieved": trace.coverage,
        "duration": figures["duration_s"],
        "exposure": exposure,
        "dose": None if rate is None else rate * exposure / (shape[0] * shape[1]),
        "velocity": figures["largest_velocity_px_per_s"],
        "acceleration": figures["largest_acceleration_px_per_s2"],
        "mean_distance": figures["mean_distance_px"],
        "largest_distance": figures["largest_distance_px"],
    }


def error_of(
    candidate: Candidate,
    source: Source,
    method: Method,
    timing: Timing,
    rate: float | None,
    seed: int,
    metric: str,
) -> float:
    """Scan an image, complete the scan, and return its error.

    Which of a random family's paths is taken and the noise follow from the image's name and the
    seed, so that candidates compare.

    Raises
    ------
    InputError : the path measures too little, or the method refuses the scan.
    """
    number = number_of(f"{seed}/{source.name}")
    seeds = path_seeds(candidate, seed)
    trace = drawn(candidate, source.shape, seeds[number % len(seeds)])
    if trace.mask.sum() < FEWEST_PIXELS:
        raise InputError(
            f"a coverage of {candidate.coverage:g} measures fewer than {FEWEST_PIXELS} pixels "
            f"of {source.name}: raise the least coverage"
        )
    truth = source.truth()
    times = replace(timing, dwell=candidate.dwell)
    scan = _scan(truth, candidate, trace, times, rate, np.random.default_rng(number))
    return score(method(scan), truth)[metric]


def _scan(
    truth: Image,
    candidate: Candidate,
    trace: Trace,
    timing: Timing,
    rate: float | None,
    rng: np.random.Generator,
) -> PartialScan:
    """Scan an image; its measurements share out all electrons that come."""
    way = course_of(candidate.family, trace, timing)
    beam = beam_of(trace, way, timing.lag) if timing.lag else None
    weights = trace.dwell if beam is None else beam.dwell
    counted = way.exposure((truth.shape[0], truth.shape[1])) / max(float(weights.sum()), 1.0)
    noise = Noise(electrons=None if rate is None else rate * counted)
    if beam is None:
        return measure(truth, trace, noise, rng)
    return measure_at(
        truth, beam.real, dwell=beam.dwell, share=beam.share, noise=noise, rng=rng
    )
