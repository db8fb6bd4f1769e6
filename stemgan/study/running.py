"""Running a study: what is left of its tasks, in this process or in several."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from stemgan.errors import InputError
from stemgan.processes import check_workers, in_processes
from stemgan.study.detection import feature_tasks
from stemgan.study.journal import Journal
from stemgan.study.maps import Maps
from stemgan.study.methods import Completers, load_completers, share_processor
from stemgan.study.plan import StudyPlan
from stemgan.study.stopping import Signals
from stemgan.study.tasks import Error, Record, ScanTask, Task, Tools

Progress: TypeAlias = Callable[[Iterable[None], int], Iterable[None]]


class Done(NamedTuple):
    """What a task made, and how long it took [s]."""

    task: Task
    records: list[Record]
    errors: list[Error]
    seconds: float


def tasks_of(plan: StudyPlan) -> list[Task]:
    """List a study's tasks, setting by setting, so that one path serves them all."""
    tasks: list[Task] = [
        ScanTask(source, setting) for setting in plan.settings for source in plan.sources
    ]
    if plan.controls:
        from stemgan.study.controls import ControlTask

        tasks += [
            ControlTask(source, dose) for dose in plan.controls for source in plan.sources
        ]
    tasks += feature_tasks(plan)
    return tasks


def run_tasks(
    plan: StudyPlan,
    tasks: Sequence[Task],
    journal: Journal,
    maps: Maps,
    *,
    workers: int = 1,
    methods: Completers | None = None,
    progress: Progress = lambda steps, _: steps,
    begin: Callable[[], None] = lambda: None,
) -> None:
    """Run tasks, and write what they make as it comes.

    Parameters
    ----------
    plan : the study.
    tasks : what is left of it, for this process.
    journal, maps : where the records and the errors at each pixel go.
    workers : processes; each has the methods loaded, and a GPU where there are some.
    methods : of the plan, where they are loaded already.
    progress : wraps the steps to be taken, given their number.
    begin : called when all is ready, before the first task.

    Raises
    ------
    InputError : a method that cannot run here, a file that cannot be written, or more workers
        than the system allows.
    Stopped : a signal has come; what was done until then is written.
    """
    check_workers(workers)
    if not tasks:
        return
    # In this process in any case: what cannot run here is found before anything is written.
    tools = Tools(plan, methods or load_completers(plan.methods, plan.device))
    begin()
    how = f"the same command with output_dir={journal.path.parent} goes on"

    def steps(signals: Signals) -> Iterator[None]:
        for done in _run(tools, tasks, workers):
            with signals.writing():
                journal.add(done.task.key, done.records, done.seconds)
                if isinstance(done.task, ScanTask):
                    maps.add(done.task.source.name, done.task.setting, done.errors)
            yield

    try:
        with Signals(maps.save, how) as signals:
            for _ in progress(steps(signals), len(tasks)):
                pass
    finally:
        maps.save()


def _run(tools: Tools, tasks: Sequence[Task], workers: int) -> Iterator[Done]:
    if workers > 1:
        items = ((task,) for task in tasks)
        given = (tools.plan, workers)
        yield from in_processes(_work, items, workers, _start_worker, given)
        return
    for task in tasks:
        yield run_task(task, tools)


def run_task(task: Task, tools: Tools) -> Done:
    """Run one task; one that its input makes impossible leaves a record that says so."""
    start = time.perf_counter()
    tools.errors.clear()
    try:
        records = task.run(tools)
    except InputError as error:
        records = [{"table": "failures", "task": task.key, "reason": str(error)}]
    return Done(task, records, list(tools.errors), time.perf_counter() - start)


_STATE: dict[str, Any] = {}
"""The tools of a worker process, loaded once."""


def _start_worker(index: int, plan: StudyPlan, workers: int) -> None:
    share_processor(index, workers, plan.methods, plan.device)
    _STATE["tools"] = Tools(plan, load_completers(plan.methods, plan.device))


def _work(task: Task) -> Done:
    return run_task(task, _STATE["tools"])


def share_of(tasks: Sequence[Task], part: int, parts: int) -> list[Task]:
    """Return one part's share of the tasks: every `parts`-th, so that parts take equally long.

    Examples
    --------
    >>> share_of([1, 2, 3, 4, 5], 1, 2)
    [2, 4]
    """
    return list(tasks[part::parts])


def left_of(tasks: Iterable[Task], journal: Journal, maps: Maps) -> list[Task]:
    """Return the tasks that are not done, or whose errors are in no map yet."""
    return [
        task
        for task in tasks
        if task.key not in journal.found
        or (isinstance(task, ScanTask) and maps.wants(task.source.name, task.setting))
    ]
