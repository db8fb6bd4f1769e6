"""Signals to a study that runs: what is done is kept, whenever one comes."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

from stemgan.errors import Stopped


class Signals:
    """Listen for SIGTERM and Ctrl-C while tasks run: a context.

    A task that runs is given up at once, and is done again when the study goes on; what a task
    made is written to the end first. A second Ctrl-C stops at once.

    Parameters
    ----------
    save : called before all else that a signal leads to: a grace period may be short.
    how : says how to go on.
    """

    def __init__(self, save: Callable[[], None], how: str) -> None:
        self.save, self.how = save, how
        self._number, self._writing = 0, False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        # Signals are the main thread's.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        while self._before:
            signal.signal(*self._before.popitem())

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._number:
            if number == signal.SIGINT:
                raise KeyboardInterrupt
            return
        self._number = number
        if not self._writing:
            self.save()
            self.check()

    def check(self) -> None:
        """Stop if a signal has come.

        Raises
        ------
        Stopped : one has.
        """
        if self._number:
            raise Stopped(self._number, self.how)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write what is not to be torn: a signal waits until the end of the block.

        Raises
        ------
        Stopped : a signal has come; at the end, or before it begins.
        """
        self.check()
        self._writing = True
        try:
            yield
        finally:
            self._writing = False
        self.check()
