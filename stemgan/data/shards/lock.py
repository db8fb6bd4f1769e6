"""One writer at a time: a lock that the system lets go of however its holder ends."""

import os
import sys
from pathlib import Path

from stemgan.errors import InputError


class Lock:
    """Hold `path` as a lock until released, or until the process ends.

    Raises
    ------
    InputError : another process holds it.
    """

    def __init__(self, path: Path, held: str) -> None:
        self.path = path
        while True:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            if not _try_lock(self._file):
                os.close(self._file)
                raise InputError(f"{held} is being written by another run: wait for its end")
            if _is_still(self._file, path):
                return
            os.close(self._file)  # its last holder has just removed it

    def release(self) -> None:
        """Let go, and remove the file."""
        if sys.platform == "win32":  # an open file cannot be removed there
            os.close(self._file)
            self.path.unlink(missing_ok=True)
        else:
            self.path.unlink(missing_ok=True)
            os.close(self._file)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: int) -> bool:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _is_still(file: int, path: Path) -> bool:
        return path.exists()

else:
    import fcntl

    def _try_lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _is_still(file: int, path: Path) -> bool:
        try:
            return os.path.samestat(os.fstat(file), path.stat())
        except FileNotFoundError:
            return False
