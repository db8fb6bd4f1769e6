"""Running an evaluation: the same partial scans through every method, in parallel if asked."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines import METHODS
from stemgan.evaluate.journal import Entry, Journal
from stemgan.evaluate.plan import Condition, Plan, Source, take_scan
from stemgan.measurement import PartialScan
from stemgan.metrics import ErrorByDistance, blurred, score

Image = NDArray[np.float32]
Method = Callable[[PartialScan], Image]


def load_methods(plan: Plan) -> dict[str, Method]:
    """Make every method ready to be timed: weights loaded, kernels compiled."""
    methods = {name: _load(name, plan.device) for name in plan.methods}
    warm_up(methods.values())
    return methods


def warm_up(methods: Iterable[Callable[[PartialScan], Any]]) -> None:
    """Call each method on a small scan, so that imports and compilation are in no timing."""
    rng = np.random.default_rng(0)
    dwell = (rng.random((64, 64)) < 0.2).astype(np.float32)
    small = PartialScan(rng.random((64, 64), dtype=np.float32), dwell)
    for method in methods:
        method(small)


def _load(name: str, device: str) -> Method:
    if name in METHODS:
        return METHODS[name]
    from stemgan.reconstruct import Reconstructor

    reconstructor = Reconstructor.load(name, device)
    return lambda scan: reconstructor(scan).image


def run(plan: Plan, journal: Journal, workers: int = 1) -> Iterator[None]:
    """Evaluate what the journal lacks, writing each cell as it comes, and yield after each."""
    cells = [(s, c) for s, c in plan.cells() if (s.name, c) not in journal.done]
    if workers > 1 and len(cells) > 1:
        yield from _in_parallel(plan, cells, journal, min(workers, len(cells)))
        return
    methods = load_methods(plan) if cells else {}
    for source, condition in cells:
        journal.add(source, condition, evaluate_cell(plan, source, condition, methods))
        yield


def evaluate_cell(
    plan: Plan, source: Source, condition: Condition, methods: dict[str, Method]
) -> list[Entry]:
    """Scan one image once, and complete and judge that scan by every method."""
    truth, scan = take_scan(source, condition, plan.seed)
    return [
        _entry(plan, source, condition, truth, scan, name, method)
        for name, method in methods.items()
    ]


def _entry(
    plan: Plan,
    source: Source,
    condition: Condition,
    truth: Image,
    scan: PartialScan,
    name: str,
    method: Method,
) -> Entry:
    fresh = replace(scan)  # without cached distances: each method's time includes its own
    start = time.perf_counter()
    image = method(fresh)
    seconds = time.perf_counter() - start
    row = {
        "image": source.name,
        "group": source.group,
        **({plan.by: source.label} if plan.by else {}),
        "height": source.shape[0],
        "width": source.shape[1],
        "method": name,
        "scan": condition.scan,
        "coverage": condition.coverage,
        "achieved": scan.coverage,
        "electrons": condition.electrons,
        **score(image, truth),
        "seconds": seconds,
    }
    return Entry(row, _profile(image, truth, scan.nearest[0]))


def _profile(image: Image, truth: Image, distance: Image) -> list[list[float]] | None:
    span = float(np.ptp(truth))
    if span == 0:
        return None
    profile = ErrorByDistance()
    profile.update(100 * (image - blurred(truth)) / span, distance)
    return [a.tolist() for a in (profile.count, profile.total, profile.total_squared)]


_METHODS: dict[str, Method] = {}
"""The methods of a worker process, loaded once."""


def _in_parallel(
    plan: Plan, cells: list[tuple[Source, Condition]], journal: Journal, workers: int
) -> Iterator[None]:
    pool = ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_start_worker, initargs=(plan, workers)
    )
    try:
        futures = {pool.submit(_work, plan, *cell): cell for cell in cells}
        for future in as_completed(futures):
            journal.add(*futures[future], future.result())
            yield
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker(plan: Plan, workers: int) -> None:
    if any(name not in METHODS for name in plan.methods):
        import torch

        torch.set_num_threads(max(1, (os.cpu_count() or 1) // workers))
    _METHODS.update(load_methods(plan))


def _work(plan: Plan, source: Source, condition: Condition) -> list[Entry]:
    return evaluate_cell(plan, source, condition, _METHODS)
