"""Scan-path design studies: what a path costs, what it shows, what it misses.

A study is a list of independent tasks (`tasks`): images under settings through methods,
full scans of the same dose (`controls`), and features that are looked for (`detection`).
They run in this process or in several (`running`), and each is written down when it is done
(`journal`), so that a study that stopped continues. When all are done, tables, statistics, maps
of systematic errors, examples and a page follow from what is written (`finishing`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stemgan.amounts import amount, are
from stemgan.files import whole_file
from stemgan.processes import check_workers
from stemgan.provenance import machine, revision, versions

if TYPE_CHECKING:
    from stemgan.study.plan import StudyPlan
    from stemgan.study.running import Progress
    from stemgan.study.tasks import Record


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
    config: str = "",
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
    config : the configuration, for study.yaml.

    Raises
    ------
    InputError : the folder cannot be used, holds another study or is in use, a method cannot
        run here, or more workers than the system allows. Nothing is run then.
    """
    from stemgan.study.finishing import finish
    from stemgan.study.folders import InUse, begin, held
    from stemgan.study.journal import Journal, parts_of
    from stemgan.study.maps import Maps
    from stemgan.study.methods import load_completers
    from stemgan.study.notes import notes
    from stemgan.study.planning import settings_of
    from stemgan.study.running import left_of, run_tasks, share_of, tasks_of

    check_workers(workers)
    tasks = tasks_of(plan)
    settings = settings_of(plan)
    # What cannot run here is found before anything is written, or removed.
    fresh = overwrite or not parts_of(folder)
    methods = load_completers(plan.methods, plan.device) if fresh else None
    begin(folder, overwrite=overwrite)
    with held(folder, f"part {part}"):
        journal = Journal.open(folder, settings, part)
        maps = Maps(plan, folder, settings, part)
        left = left_of(share_of(tasks, part, parts), journal, maps)
        for remark in notes(plan):
            say(remark)
        say(f"{len(left)} of {amount(len(tasks), 'task')} to do")
        others = len(journal.found.keys() - {task.key for task in tasks})
        if others:
            say(
                f"{amount(others, 'result')} of scans and images that are not asked for now "
                f"{are(others)} kept in the journal, not in the tables: name them too to have "
                "them in"
            )

        def note() -> None:
            _write(folder / "study.yaml", config)
            journal.begin(_about(plan, workers, part, parts))

        run_tasks(
            plan,
            left,
            journal,
            maps,
            workers=workers,
            methods=methods,
            progress=progress,
            begin=note,
        )
    journal.read()
    # What was lost of another part's maps is to be done again, too.
    maps = Maps(plan, folder, settings, part)
    missing = len(left_of(tasks, journal, maps))
    if missing:
        return Outcome(len(tasks), len(tasks) - missing, 0, len(left), [], [])
    try:
        with held(folder, "report"):
            starts = json.dumps({"starts": journal.starts}, indent=1)
            _write(folder / "provenance.json", starts)
            files, summary = finish(plan, folder, journal, tasks, maps, report=report, say=say)
    except InUse:
        say("another process is writing the tables")
        files, summary = [], []
    failed = sum(
        row["table"] == "failures" for task in tasks for row in journal.records(task.key)
    )
    return Outcome(len(tasks), len(tasks), failed, len(left), files, summary)


def _write(path: Path, text: str) -> None:
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


_PACKAGES = ("numpy", "scipy", "numba", "scikit-image", "torch", "pyarrow", "plotly")


def _about(plan: StudyPlan, workers: int, part: int, parts: int) -> dict[str, Any]:
    """Say by what a study is run, for provenance.json."""
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "versions": versions(_PACKAGES),
        "code": revision(Path(__file__).parent),
        "machine": machine(),
        "device": plan.device,
        "workers": workers,
        "part": part,
        "parts": parts,
    }
