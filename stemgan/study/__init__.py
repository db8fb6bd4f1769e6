"""Scan-path design studies: what a path costs, what it shows, what it misses.

A study is a list of independent tasks (`tasks`): images under settings through methods,
full scans of the same dose (`controls`), and features that are looked for (`detection`).
They run in this process or in several (`running`), and each is written down when it is done
(`journal`), so that a study that stopped continues. When all are done, tables, statistics, maps
of systematic errors, examples and a page follow from what is written (`finishing`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stemgan.files import whole_file

if TYPE_CHECKING:
    from stemgan.study.plan import StudyPlan
    from stemgan.study.tasks import Record

Progress = Callable[[Iterable[None], int], Iterable[None]]


class Outcome(NamedTuple):
    """How far a study has come.

    tasks, done, failed : how many there are, how many are done by all parts, and how many of
        these could not be.
    run : how many this process ran.
    files : what was written when all were done; none before.
    summary : the rows of the table "summary".
    """

    tasks: int
    done: int
    failed: int
    run: int
    files: list[Path]
    summary: list[Record]


def run_study(
    plan: StudyPlan,
    folder: Path,
    *,
    workers: int = 1,
    part: int = 0,
    parts: int = 1,
    overwrite: bool = False,
    report: bool = True,
    progress: Progress = lambda steps, _: steps,
    say: Callable[[str], None] = lambda _: None,
    about: Mapping[str, str] | None = None,
) -> Outcome:
    """Run a study, or what is left of it, and write its tables and its report.

    Parameters
    ----------
    plan : the study.
    folder : where everything goes; made if missing.
    workers : processes.
    part, parts : which share of the tasks this process takes: several processes, on several
        machines, may share a folder. Who finds all tasks done writes the tables.
    overwrite : whether to begin anew; another study in the folder is removed.
    report : whether to write the page.
    progress : wraps the steps to be taken, given their number.
    say : told what comes next.
    about : texts that say how the study came to be, by the names of their files.

    Raises
    ------
    InputError : the folder cannot be used, holds another study or is in use, or a method
        cannot run here. Nothing is run then.
    """
    from stemgan.study.finishing import finish
    from stemgan.study.folders import begin, held
    from stemgan.study.journal import Journal
    from stemgan.study.maps import Maps
    from stemgan.study.planning import settings_of
    from stemgan.study.running import left_of, run_tasks, share_of, tasks_of

    tasks = tasks_of(plan)
    settings = settings_of(plan)
    begin(folder, overwrite=overwrite)
    with held(folder, f"part {part}"):
        journal = Journal.open(folder, settings, part)
        maps = Maps(plan, folder, settings, part)
        left = left_of(share_of(tasks, part, parts), journal, maps)
        for name, content in (about or {}).items():
            with whole_file(folder / name) as temporary:
                temporary.write_text(content, encoding="utf-8")
        say(f"{len(left)} of {len(tasks)} tasks to do")
        run_tasks(plan, left, journal, maps, workers=workers, progress=progress)
    journal.read()
    done = sum(task.key in journal.found for task in tasks)
    if done < len(tasks):
        return Outcome(len(tasks), done, 0, len(left), [], [])
    with held(folder, "report"):
        files, summary = finish(plan, folder, journal, tasks, maps, report=report, say=say)
    failed = sum(
        row["table"] == "failures" for task in tasks for row in journal.records(task.key)
    )
    return Outcome(len(tasks), done, failed, len(left), files, summary)
