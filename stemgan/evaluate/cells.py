"""Running an evaluation: the same partial scans through every method, in parallel if asked."""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from stemgan.baselines import METHODS
from stemgan.evaluate.methods import Image, Method, load_methods
from stemgan.evaluate.plan import Plan
from stemgan.evaluate.scans import Condition, Taken, take
from stemgan.evaluate.sources import Source
from stemgan.metrics import PITCH_EDGES, ErrorByDistance, blurred, score
from stemgan.processes import in_processes


class Entry(NamedTuple):
    """One image under one condition through one method.

    row : the figures, by column name.
    distance, pitch : error [% of the truth's range] by distance [px], and [pitch]; None for a
        constant truth, which has no range.
    error : signed error of each pixel, (H, W) float32 [%], where a map is made of it.
    """

    row: dict[str, Any]
    distance: ErrorByDistance | None
    pitch: ErrorByDistance | None
    error: Image | None = None


class Cell(NamedTuple):
    """One image under one condition, through all methods."""

    source: Source
    condition: Condition
    pitch: float
    entries: list[Entry]


def run(
    plan: Plan,
    cells: Iterable[tuple[Source, Condition]],
    methods: Mapping[str, Method],
    workers: int = 1,
) -> Iterator[Cell]:
    """Evaluate cells of a plan, and yield each as it comes."""
    if workers > 1:
        yield from in_processes(_work, cells, workers, _start_worker, (plan, workers))
        return
    for source, condition in cells:
        yield evaluate_cell(plan, source, condition, methods)


def evaluate_cell(
    plan: Plan, source: Source, condition: Condition, methods: Mapping[str, Method]
) -> Cell:
    """Scan one image once, and complete and judge that scan by every method."""
    taken = take(source, condition, plan.seed)
    entries = [
        _entry(plan, source, condition, taken, name, method) for name, method in methods.items()
    ]
    return Cell(source, condition, taken.pitch, entries)


def _entry(
    plan: Plan, source: Source, condition: Condition, taken: Taken, name: str, method: Method
) -> Entry:
    fresh = replace(taken.scan)  # without cached distances: each method's time has its own
    start = time.perf_counter()
    image = method(fresh)
    seconds = time.perf_counter() - start
    row = {
        "image": source.name,
        "group": source.group,
        "height": source.shape[0],
        "width": source.shape[1],
        "method": name,
        "scan": condition.scan,
        "coverage": condition.coverage,
        "achieved": taken.scan.coverage,
        "electrons": condition.electrons,
        **score(image, taken.truth),
        "seconds": seconds,
    }
    span = float(np.ptp(taken.truth))
    if span == 0:
        return Entry(row, None, None)
    error = (100 * (image - blurred(taken.truth)) / span).astype(np.float32)
    distance, pitch = ErrorByDistance(), ErrorByDistance(PITCH_EDGES)
    distance.update(error, taken.scan.nearest[0])
    pitch.update(error, taken.scan.nearest[0], unit=taken.pitch)
    mapped = condition.fixed and source.shape == plan.usual_shape
    return Entry(row, distance, pitch, error if mapped else None)


_STATE: dict[str, Any] = {}
"""The plan and the methods of a worker process, loaded once."""


def _start_worker(_: int, plan: Plan, workers: int) -> None:
    if any(name not in METHODS for name in plan.methods):
        import torch

        torch.set_num_threads(max(1, (os.cpu_count() or 1) // workers))
    _STATE["plan"], _STATE["methods"] = plan, load_methods(plan.methods, plan.device)


def _work(source: Source, condition: Condition) -> Cell:
    return evaluate_cell(_STATE["plan"], source, condition, _STATE["methods"])
