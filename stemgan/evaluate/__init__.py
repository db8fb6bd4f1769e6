"""Methods × scans × images → one tidy table: the same partial scans through every method."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from stemgan.errors import InputError
from stemgan.evaluate.cells import load_methods, run, warm_up
from stemgan.evaluate.journal import JOURNAL, Entry, Journal
from stemgan.evaluate.plan import Condition, Plan, Source, default_methods, make_plan, take_scan
from stemgan.evaluate.report import distance_rows, sorted_entries, summarise, table, write_table

__all__ = [
    "Condition",
    "Plan",
    "Source",
    "default_methods",
    "evaluate",
    "make_plan",
    "summarise",
    "table",
    "take_scan",
    "warm_up",
]

_OUTPUTS = ("results.csv", "summary.csv", "error_by_distance.csv", JOURNAL)
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
        error_by_distance.csv and the plots go; made if missing.
    workers : processes.
    overwrite : whether to replace another evaluation.
    progress : wraps the steps to be taken, given their number.

    Returns
    -------
    The rows of summary.csv.

    Raises
    ------
    InputError : the folder cannot be used, or holds another evaluation.
    """
    _check_folder(folder, overwrite=overwrite)
    settings = plan.settings()
    folder.mkdir(exist_ok=True)
    journal = Journal.open(folder / JOURNAL, settings, overwrite=overwrite)
    left = sum((s.name, c) not in journal.done for s, c in plan.cells())
    for _ in progress(run(plan, journal, workers), left):
        pass
    entries = sorted_entries(plan, journal.entries)
    summary = summarise(plan, entries)
    write_table(folder / "results.csv", [entry.row for entry in entries])
    write_table(folder / "summary.csv", summary)
    if plan.by:
        write_table(folder / f"summary_by_{plan.by}.csv", summarise(plan, entries, plan.by))
    rings = distance_rows(plan, entries)
    write_table(folder / "error_by_distance.csv", rings)
    _plot(plan, folder, entries, summary, rings)
    return summary


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


def _plot(
    plan: Plan,
    folder: Path,
    entries: Sequence[Entry],
    summary: Sequence[dict[str, Any]],
    rings: Sequence[dict[str, Any]],
) -> None:
    from stemgan import plots

    plots.error_against_coverage(folder / "error_vs_coverage.png", summary)
    plots.error_against_distance(folder / "error_vs_distance.png", rings)
    source = _typical(plan, entries)
    methods = load_methods(plan)
    rows = []
    for condition in {c.scan: c for c in reversed(plan.conditions)}.values():
        truth, scan = take_scan(source, condition, plan.seed)
        images = {name: method(scan) for name, method in methods.items()}
        label = f"{condition.scan} {condition.coverage}"
        rows.append((label, truth, scan.with_nan(), images))
    plots.example_sheet(folder / "examples.png", source.name, rows[::-1])


def _typical(plan: Plan, entries: Sequence[Entry]) -> Source:
    """Return the image of median error under the first condition by the last method."""
    first, last = plan.conditions[0], plan.methods[-1]
    errors = {
        entry.row["image"]: entry.row["rmse_blurred"]
        for entry in entries
        if entry.row["method"] == last
        and (entry.row["scan"], entry.row["coverage"], entry.row["electrons"])
        == (first.scan, first.coverage, first.electrons)
    }
    order = sorted(plan.sources, key=lambda source: errors[source.name])
    return order[len(order) // 2]
