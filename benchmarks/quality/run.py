"""Run the benchmark of reconstruction quality, and write its report.

    python benchmarks/quality/run.py FOLDER -o DIR [--methods M,FILE,...] [--quick] [--noisy]
        [--workers N] [--take EVALUATION] [--report-only]

FOLDER holds the images of `images.csv` as TIFF; `protocol.py` checks that they, and the masks,
are the ones that are fixed. Methods are names of classical methods and models, or weights
files, and with `:raw` behind them, models' completions of the raw truth; the simple methods,
the oracles and blurred kriging always run, as what the others are measured by. Figures come to
DIR as they are found: what is there is not found again, so that an interrupted run continues,
and new weights cost their own completions alone. `--take` takes over the folder of a `stemgan
evaluate FOLDER --crop 512`, after completing a few of its scans again.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
from protocol import MAIN, MASKS, NOISY, SEED, Masks, find_plan, read_rows
from report import write_report
from showing import wanted
from simple import REFERENCE, smoothed_methods
from store import BLURRED, ORACLES, WIDTHS, Store, label
from tqdm import tqdm

from stemgan.baselines.gaussian_process import gaussian_process
from stemgan.errors import InputError
from stemgan.evaluate import Condition, Plan, Source, default_methods
from stemgan.evaluate.cells import Cell, Entry, evaluate_cell
from stemgan.evaluate.methods import RAW, Method, check_name, load_methods
from stemgan.evaluate.scans import take
from stemgan.metrics import blurred, rmse
from stemgan.processes import begin_worker
from stemgan.weights import DEFAULT_MODEL


class Task(NamedTuple):
    """One scan of one image, through some methods."""

    source: Source
    condition: Condition
    methods: tuple[str, ...]


def main() -> None:
    args = _arguments()
    conditions = (*(wanted() if args.quick else MAIN), *(NOISY if args.noisy else ()))
    plan = find_plan(args.folder, conditions)
    methods = tuple(dict.fromkeys((*REFERENCE, WIDTHS, *ORACLES, BLURRED, *args.methods)))
    _check_labels(methods)
    store = Store(args.output)
    if not args.report_only:
        for folder in args.take:
            for method, count in store.take_over(folder, plan.sources).items():
                print(f"{count} scans by {method} from {folder}")
        for method in methods:
            said = store.check(method, plan.sources, partial(_errors, plan, method))
            if said:
                print(said)
        run(plan, methods, store, args.workers)
    write_report(args.output, plan, methods, store)
    print(f"the report is {args.output / 'report.md'}")


def run(plan: Plan, methods: Sequence[str], store: Store, workers: int = 1) -> None:
    """Complete what is not there yet."""
    masks = Masks(read_rows(MASKS))
    tasks = []
    for source, condition in plan.cells():
        missing = [m for m in methods if (source.name, condition) not in store.done(m)]
        if missing:
            tasks.append(Task(source, condition, tuple(missing)))
    for task, cells in zip(tasks, _cells(plan, masks, tasks, workers), strict=True):
        for method, cell in zip(task.methods, cells, strict=True):
            store.journal(method).add(cell)


def _cells(
    plan: Plan, masks: Masks, tasks: Sequence[Task], workers: int
) -> Iterator[list[Cell]]:
    work = partial(complete, plan, masks)
    bar = partial(tqdm, total=len(tasks), unit="scan", mininterval=10, disable=not tasks)
    if workers < 2:
        yield from bar(map(work, tasks))
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=begin_worker)
    try:
        yield from bar(pool.map(work, tasks))
    finally:
        pool.shutdown(cancel_futures=True)


def complete(plan: Plan, masks: Masks, task: Task) -> list[Cell]:
    """Complete one scan by several methods, once its mask is known to be the fixed one."""
    masks.check(task.source, task.condition)
    return [_complete(plan, task, method) for method in task.methods]


def _complete(plan: Plan, task: Task, method: str) -> Cell:
    if method == WIDTHS:
        return _at_all_widths(task)
    ready = _ready(method, task.source.truth() if method in ORACLES else None)
    return evaluate_cell(plan, task.source, task.condition, {label(method): ready})


def _ready(method: str, truth: np.ndarray | None) -> Method:
    return _loaded(method) if truth is None else partial(ORACLES[method], truth=truth)


@cache
def _loaded(method: str) -> Method:
    if method == BLURRED:
        return lambda scan: blurred(gaussian_process(scan)).astype(np.float32)
    return load_methods([method])[method]


_widths = cache(smoothed_methods)


def _at_all_widths(task: Task) -> Cell:
    """Judge the infills at every width by RMSE alone: only the best of them is shown."""
    source, condition = task.source, task.condition
    taken = take(source, condition, SEED)
    target, span = blurred(taken.truth), float(np.ptp(taken.truth))
    entries = []
    for name, method in _widths().items():
        image = method(taken.scan)
        row = {
            "image": source.name,
            "group": source.group,
            "method": name,
            "scan": condition.scan,
            "coverage": condition.coverage,
            "electrons": condition.electrons,
            "rmse_raw": rmse(image, taken.truth, span),
            "rmse_blurred": rmse(image, target, span),
        }
        entries.append(Entry(row, None, None))
    return Cell(source, condition, taken.pitch, entries)


def _errors(
    plan: Plan, method: str, source: Source, condition: Condition
) -> Mapping[str, float]:
    cell = _complete(plan, Task(source, condition, (method,)), method)
    return {entry.row["method"]: entry.row["rmse_blurred"] for entry in cell.entries}


def _check_labels(methods: Sequence[str]) -> None:
    labels = [label(method) for method in methods]
    twice = [name for name in labels if labels.count(name) > 1]
    if twice:
        raise InputError(f"two methods are called {twice[0]}: give one file another name")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("folder", type=Path, help="of the images")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    every = (*default_methods(), DEFAULT_MODEL + RAW)
    parser.add_argument("--methods", type=_methods, default=every, metavar="M,...")
    parser.add_argument("--quick", action="store_true", help="only scans that have a limit")
    parser.add_argument("--noisy", action="store_true", help="with scans of few electrons too")
    parser.add_argument("--workers", type=int, default=1, metavar="N")
    parser.add_argument("--take", type=Path, action="append", default=[], metavar="EVALUATION")
    parser.add_argument("--report-only", action="store_true")
    return parser.parse_args()


def _methods(text: str) -> tuple[str, ...]:
    names = tuple(name for name in text.split(",") if name)
    for name in names:
        check_name(name)
    return names


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
