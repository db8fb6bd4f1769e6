"""One writer at a time: a lock that the system lets go of however its holder ends."""

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path

from stemgan.errors import InputError

_IN_USE = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)
"""What the system says of a lock that is held; all else says that the disk has no locks."""


class Lock:
    """Hold `path` as a lock until released, or until the process ends.

    On a disk that has no locks nobody is kept away: the work is done all the same.

    Raises
    ------
    InputError : another process holds it.
    """

    def __init__(self, path: Path, held: str) -> None:
        self.path = path
        while True:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            if _is_in_use(self._file):
                os.close(self._file)
                raise InputError(f"{held} is being written by another run: wait for its end")
            if _is_still(self._file, path):
                return
            os.close(self._file)  # its last holder has just removed it

    def release(self) -> None:
        """Let go, and remove the file, unless another process is just trying it."""
        if sys.platform == "win32":  # an open file cannot be removed there
            os.close(self._file)
            self._remove()
        else:
            self._remove()
            os.close(self._file)

    def _remove(self) -> None:
        with suppress(PermissionError):
            self.path.unlink(missing_ok=True)


def _is_in_use(file: int) -> bool:
    """Lock a file, or tell that another process holds it."""
    try:
        _lock(file)
    except OSError as error:
        return error.errno in _IN_USE
    return False


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

    def _is_still(file: int, path: Path) -> bool:
        return path.exists()

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _is_still(file: int, path: Path) -> bool:
        try:
            return os.path.samestat(os.fstat(file), path.stat())
        except FileNotFoundError:
            return False
