"""Where a dataset is: a folder on disk, or one below a URL that fsspec knows.

Both kinds have the same methods. Files are named ``a/b`` below the folder. A file that is not
there raises FileNotFoundError, another failure another OSError.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import url2pathname

from stemgan.errors import InputError


class Folder:
    """A folder on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    def read(self, name: str) -> bytes:
        """Read a file."""
        return (self.path / name).read_bytes()

    def read_range(self, name: str, start: int | None, stop: int | None) -> bytes:
        """Read bytes [start, stop) of a file; a negative start counts from its end."""
        with (self.path / name).open("rb", buffering=0) as stream:
            end = stream.seek(0, 2)
            first, last, _ = slice(start, stop).indices(end)
            stream.seek(first)
            return stream.read(max(0, last - first))

    def write(self, name: str, parts: Iterable[bytes]) -> None:
        """Write a file of some parts, one after the other; whole or not at all."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # One writer at a time; if it is killed, the next overwrites what it left.
        temporary = path.with_name(f".{path.name}.new")
        try:
            with temporary.open("wb") as stream:
                stream.writelines(parts)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        """Remove a file or folder, if it is there."""
        path = self.path / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def names(self, name: str) -> set[str]:
        """List the files and folders in a folder; nothing where there is none."""
        path = self.path / name
        return {child.name for child in path.iterdir()} if path.is_dir() else set()


class Remote:
    """A folder below a URL, such as ``s3://bucket/dataset`` or ``memory://dataset``.

    Raises
    ------
    InputError : the URL's kind is unknown, or what it needs is not installed.
    """

    def __init__(self, url: str) -> None:
        from fsspec.core import url_to_fs

        self.url = url.rstrip("/")
        try:
            self.files, self.root = url_to_fs(self.url)
        except (ImportError, ValueError) as error:
            raise InputError(f"{url} cannot be reached: {error}") from error

    def __str__(self) -> str:
        return self.url

    def read(self, name: str) -> bytes:
        """Read a file."""
        with _as_os_errors():
            return self.files.cat_file(self._full(name))

    def read_range(self, name: str, start: int | None, stop: int | None) -> bytes:
        """Read bytes [start, stop) of a file; a negative start counts from its end."""
        with _as_os_errors():
            return self.files.cat_file(self._full(name), start=start, end=stop)

    def write(self, name: str, parts: Iterable[bytes]) -> None:
        """Write a file of some parts, one after the other; most stores do so at once."""
        full = self._full(name)
        with _as_os_errors():
            self.files.makedirs(full.rpartition("/")[0], exist_ok=True)
            self.files.pipe_file(full, b"".join(parts))

    def remove(self, name: str) -> None:
        """Remove a file or folder, if it is there."""
        full = self._full(name)
        with _as_os_errors():
            if self.files.exists(full):
                self.files.rm(full, recursive=True)

    def names(self, name: str) -> set[str]:
        """List the files and folders in a folder; nothing where there is none."""
        self.files.invalidate_cache()  # listings of a moment ago
        try:
            with _as_os_errors():
                entries: list[Any] = self.files.ls(self._full(name), detail=False)
        except FileNotFoundError:
            return set()
        return {str(entry).rstrip("/").rpartition("/")[2] for entry in entries} - {""}

    def _full(self, name: str) -> str:
        return f"{self.root}/{name}" if name else self.root


@contextmanager
def _as_os_errors() -> Iterator[None]:
    """Turn what a store's own library raises (no rights, no network) into an OSError."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise OSError(f"{type(error).__name__}: {error}") from error


def location(where: str | Path) -> Path | str:
    """Tell a URL, which stays text, from a path on disk.

    Examples
    --------
    >>> location("memory://set"), location("folder/set").name
    ('memory://set', 'set')
    """
    text = str(where)
    if isinstance(where, str) and ("://" in text or "::" in text):
        on_disk = text.startswith("file://")
        return Path(url2pathname(text.removeprefix("file://"))) if on_disk else text
    return Path(where)


def place_of(where: str | Path) -> Folder | Remote:
    """Open the place that a path or URL names."""
    found = location(where)
    return Folder(found) if isinstance(found, Path) else Remote(found)
