"""Adaptive scans against static paths, at equal dose and time, on the same images.

The reference path's duration and exposure are what each may cost; a static family gets the
coverage that spends it (`stemgan.adaptive.fitted`). Every position gets the same dwell, so that
equal exposure means as many electrons on the specimen. The time for completing between rounds
is not scan time: the beam is blanked; it is in the column `seconds`.

What was found is in docs/studies.md: choosing gains where an image is not the same everywhere
(particles, layers with holes) and where jumps cost time, and loses on perfect lattices, of
which every part tells as much.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stemgan.adaptive import Strategy
from stemgan.errors import InputError
from stemgan.study.adaptive.outcome import draw, mean_rows, pair_rows, verdict
from stemgan.study.adaptive.plan import Contest
from stemgan.study.adaptive.tasks import TABLE, ContestTask
from stemgan.study.journal import Journal
from stemgan.study.maps import Maps
from stemgan.study.running import Progress, run_tasks
from stemgan.study.tables import write_table
from stemgan.study.tasks import plain

__all__ = ["Contest", "ContestTask", "compete", "tasks_of", "verdict"]

Row = dict[str, Any]


def tasks_of(contest: Contest) -> list[ContestTask]:
    """List every image in every way, image by image."""
    ways: list[tuple[str, Strategy | None]] = [(name, None) for name in contest.statics]
    ways += contest.strategies
    budgets = {shape: contest.budget(shape) for shape in {s.shape for s in contest.sources}}
    return [
        ContestTask(
            source,
            contest.seed_of(source),
            name,
            strategy,
            budgets[source.shape],
            contest.timing,
            contest.electrons,
            contest.method,
        )
        for source in contest.sources
        for name, strategy in ways
    ]


def compete(
    contest: Contest,
    folder: Path,
    *,
    workers: int = 1,
    progress: Progress = lambda steps, _: steps,
) -> tuple[list[Row], list[Row]]:
    """Run a contest, or go on with it, and write its tables and its figure.

    Parameters
    ----------
    contest : what is compared.
    folder : where adaptive, adaptive_means and adaptive_pairs (CSV and Parquet) and
        adaptive.png go.
    workers : processes.
    progress : wraps the steps to be taken, given their number.

    Returns
    -------
    The rows of means, and of pairs.

    Raises
    ------
    InputError : the folder holds another contest, the method cannot run here or says nothing
        of how sure it is, or no image can be scanned both ways.
    """
    tasks = tasks_of(contest)
    settings = contest.settings()
    journal = Journal.open(folder, settings)
    left: Sequence[ContestTask] = [task for task in tasks if task.key not in journal.found]
    plan = contest.study
    maps = Maps(plan, folder, settings)
    run_tasks(plan, left, journal, maps, workers=workers, progress=progress)
    records = [row for task in tasks for row in journal.records(task.key)]
    rows = [row for row in records if row["table"] == TABLE]
    write_table(folder, "adaptive", rows)
    failures = [row for row in records if row["table"] != TABLE]
    if failures:
        write_table(folder, "failures", failures)
    else:  # of the contest as it was before
        for suffix in ("csv", "parquet"):
            (folder / f"failures.{suffix}").unlink(missing_ok=True)
    means, pairs = mean_rows(rows), pair_rows(rows)
    if not pairs:
        raise InputError(f"no image could be scanned both ways: {failures[0]['reason']}")
    write_table(folder, "adaptive_means", list(map(plain, means)))
    write_table(folder, "adaptive_pairs", list(map(plain, pairs)))
    draw(folder / "adaptive.png", rows, pairs)
    return means, pairs
