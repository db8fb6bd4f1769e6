"""Worker processes that end when their parent does, however it does."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from multiprocessing import get_context, parent_process
from typing import Any, TypeVar

from stemgan.errors import InputError, check_whole

T = TypeVar("T")

MOST_WORKERS = 61 if sys.platform == "win32" else 2**31
"""Windows waits for no more of them at a time."""


def check_workers(workers: int, least: int = 1) -> None:
    """Refuse a number of worker processes that cannot be had.

    Raises
    ------
    InputError : it is no whole number, below `least`, or more than the system allows.
    """
    check_whole("workers", workers, least)
    if workers > MOST_WORKERS:
        raise InputError(f"workers={workers}: this system allows {MOST_WORKERS} or fewer")


def in_processes(
    work: Callable[..., T],
    items: Iterable[tuple[Any, ...]],
    workers: int,
    start: Callable[..., None],
    arguments: tuple[Any, ...] = (),
) -> Iterator[T]:
    """Yield what `work` makes of each item, as it comes, from worker processes.

    Few items are under way at a time: results that nobody waits for would pile up.

    Parameters
    ----------
    work : called as work(*item) in a worker.
    items : its arguments.
    workers : how many processes; they are spawned.
    start : called as start(index, *arguments) in each worker first, which are numbered.
    arguments : of `start`.

    Raises
    ------
    InputError : more workers than the system allows.
    """
    check_workers(workers)
    context = get_context("spawn")
    numbers = context.Queue()
    for index in range(workers):
        numbers.put(index)
    pool = ProcessPoolExecutor(
        workers, context, initializer=_start, initargs=(numbers, start, arguments)
    )
    left = iter(items)
    running: set[Future[T]] = set()
    try:
        while True:
            more = islice(left, 2 * workers - len(running))
            running |= {pool.submit(work, *item) for item in more}
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            while done:
                yield done.pop().result()
    finally:
        pool.shutdown(cancel_futures=True)
        numbers.close()


def _start(numbers: Any, start: Callable[..., None], arguments: tuple[Any, ...]) -> None:  # noqa: ANN401 (a queue)
    begin_worker()
    start(numbers.get(), *arguments)


def begin_worker() -> None:
    """Leave Ctrl-C to the parent, and end with it: for a pool's initializer.

    A parent that is killed cannot tell its workers, which would wait for it for ever.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
