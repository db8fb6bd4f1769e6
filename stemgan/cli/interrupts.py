"""Ctrl-C that is never lost: Python drops it where it comes within a destructor or a callback.

Importing the large libraries runs thousands of these, such as those of weak references; what
they raise is printed ("Exception ignored in") and forgotten, and the command would go on.
"""

import signal
import sys
import threading
from _thread import interrupt_main
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_LATER = 0.05
"""After which it is sent again [s]: out of the callback by then, or else once more."""


@contextmanager
def never_lost() -> Iterator[None]:
    """Send a Ctrl-C again that was dropped."""
    before, timers = sys.unraisablehook, []

    def look(dropped: "UnraisableHookArgs") -> None:
        if not issubclass(dropped.exc_type, KeyboardInterrupt):
            before(dropped)
            return
        timers.append(threading.Timer(_LATER, _interrupt))
        timers[-1].daemon = True
        timers[-1].start()

    sys.unraisablehook = look
    try:
        yield
    finally:
        sys.unraisablehook = before
        for timer in timers:
            timer.cancel()


def _interrupt() -> None:
    """Send Ctrl-C to the main thread, and wake it where it waits."""
    main = threading.main_thread().ident
    if sys.platform == "win32" or main is None:
        interrupt_main()
    elif callable(signal.getsignal(signal.SIGINT)):
        signal.pthread_kill(main, signal.SIGINT)
