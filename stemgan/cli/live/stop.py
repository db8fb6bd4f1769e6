"""Ending a loop cleanly on Ctrl-C or SIGTERM."""

import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

_NAMES = ("SIGINT", "SIGTERM", "SIGBREAK")
"""SIGBREAK is Windows's Ctrl-Break, all that one process can send to another there."""

_SLICE = 0.1


class Stop:
    """Asks a loop to end between two of its steps; a second signal ends it at once.

    Signals are taken over within a `with` block, in the main thread.

    Attributes
    ----------
    asked : whether a signal has come.

    Raises
    ------
    KeyboardInterrupt : on the second signal.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Callable[..., Any] | int | None] = {}

    def __enter__(self) -> "Stop":
        for name in _NAMES:
            number = getattr(signal, name, None)
            if number is not None:
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def sleep(self, until: float) -> None:
        """Sleep until a time of `time.monotonic` [s], or until asked to stop."""
        # In slices, as a signal alone does not end a sleep.
        while not self.asked and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _SLICE))
