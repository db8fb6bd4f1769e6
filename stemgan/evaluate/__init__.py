"""Methods × scans × images → one tidy table: the same partial scans through every method."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from stemgan.errors import InputError
from stemgan.evaluate.by import labelled, read_by, tables_by, write_by
from stemgan.evaluate.cells import run
from stemgan.evaluate.figures import draw
from stemgan.evaluate.journal import JOURNAL, Journal
from stemgan.evaluate.maps import Maps, map_notes
from stemgan.evaluate.methods import default_methods, load_methods, warm_up
from stemgan.evaluate.plan import Plan, make_plan
from stemgan.evaluate.report import profile_rows, sorted_rows, summarise, table, write_table
from stemgan.evaluate.scans import Condition, coverage_notes, take_scan
from stemgan.evaluate.sources import Source
from stemgan.processes import check_workers

__all__ = [
    "Condition",
    "Plan",
    "Source",
    "default_methods",
    "evaluate",
    "make_plan",
    "notes",
    "read_by",
    "summarise",
    "table",
    "tables_by",
    "take_scan",
    "warm_up",
]

_OUTPUTS = (
    "results.csv",
    "summary.csv",
    "error_by_distance.csv",
    "error_by_pitch.csv",
    JOURNAL,
)
Progress = Callable[[Iterable[None], int], Iterable[None]]


def evaluate(
    plan: Plan,
    folder: Path,
    *,
    workers: int = 1,
    overwrite: bool = False,
    progress: Progress = lambda steps, _: steps,
) -> list[dict[str, Any]]:
    """Run a plan and write its tables and plots into a folder.

    Figures are kept as they come: the same plan on the same folder continues where it stopped,
    and has nothing left to do on a finished one.

    Parameters
    ----------
    plan : what is evaluated.
    folder : where results.csv (one row per image, method and condition), summary.csv (means),
        error_by_distance.csv, error_by_pitch.csv, means by a column, maps of systematic errors
        and the plots go; made if missing.
    workers : processes.
    overwrite : whether to replace another evaluation.
    progress : wraps the steps to be taken, given their number.

    Returns
    -------
    The rows of summary.csv.

    Raises
    ------
    InputError : the folder cannot be used, or holds another evaluation; a method is no weights
        file or cannot run here; or more workers than the system allows. Nothing is written
        then.
    """
    check_workers(workers)
    _check_folder(folder, overwrite=overwrite)
    methods = load_methods(plan.methods, plan.device)
    folder.mkdir(exist_ok=True)
    maps = Maps(plan, folder, overwrite=overwrite)
    settings = plan.settings()
    journal = Journal.open(folder / JOURNAL, settings, overwrite=overwrite, usable=maps.has)
    left = [(s, c) for s, c in plan.cells() if (s.name, c) not in journal.done]

    def steps() -> Iterator[None]:
        for cell in run(plan, left, methods, workers):
            journal.add(cell)
            maps.add(cell)
            yield

    try:
        for _ in progress(steps(), len(left)):
            pass
    finally:
        maps.save()
    rows = labelled(plan, sorted_rows(plan, journal.rows))
    summary = summarise(plan, rows)
    write_table(folder / "results.csv", rows)
    write_table(folder / "summary.csv", summary)
    split = write_by(plan, folder, rows)
    rings = {name: profile_rows(plan, journal.profiles, name) for name in ("distance", "pitch")}
    for name, members in rings.items():
        write_table(folder / f"error_by_{name}.csv", members)
    draw(plan, folder, methods, rows, summary, split, rings, maps)
    return summary


def notes(plan: Plan) -> list[str]:
    """Say what of a plan comes out otherwise than asked: coverages in steps, missing maps."""
    return [*coverage_notes(plan.conditions, plan.usual_shape), *map_notes(plan)]


def _check_folder(folder: Path, *, overwrite: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file: name a folder with -o")
    if not folder.absolute().parent.is_dir():
        raise InputError(
            f"the folder of {folder} does not exist: make it, or choose another -o"
        )
    foreign = [name for name in _OUTPUTS if (folder / name).exists()]
    if foreign and not (folder / JOURNAL).exists() and not overwrite:
        raise InputError(
            f"{folder / foreign[0]} exists: pass --overwrite to replace it, or change -o"
        )
