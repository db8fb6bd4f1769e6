"""Outputs that appear whole or not at all."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from stemgan.errors import InputError


def check_output(path: Path, *, overwrite: bool = False) -> Path:
    """Refuse an output path that cannot be written, before any work is done.

    Parameters
    ----------
    path : the file to be written.
    overwrite : whether a file that exists may be replaced.

    Returns
    -------
    path, unchanged.

    Raises
    ------
    InputError : the parent folder does not exist or cannot be written, the path is a folder,
        or the file exists and `overwrite` is False.
    """
    parent = path.absolute().parent
    if not parent.is_dir():
        raise InputError(f"the folder of {path} does not exist: make it, or choose another -o")
    if path.is_dir():
        raise InputError(f"{path} is a folder: give a file name with -o")
    if path.exists() and not overwrite:
        raise InputError(f"{path} exists: pass --overwrite to replace it, or choose another -o")
    if not os.access(parent, os.W_OK):
        raise InputError(f"the folder of {path} cannot be written: choose another -o")
    return path


def check_folder(folder: Path) -> Path:
    """Refuse an output folder that is not there and cannot be made, before any work is done.

    Raises
    ------
    InputError : it is a file, its parent does not exist, or it cannot be written to.
    """
    if folder.is_dir():
        parent = folder
    elif folder.exists():
        raise InputError(f"{folder} is a file: name a folder with -o")
    else:
        parent = folder.absolute().parent
    if not parent.is_dir():
        raise InputError(
            f"the folder of {folder} does not exist: make it, or choose another -o"
        )
    if not os.access(parent, os.W_OK):
        raise InputError(f"{parent} cannot be written to: choose another -o")
    return folder


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, renamed to it when the block ends without an error.

    The temporary name keeps the suffix, so that writers that go by it work.

    Raises
    ------
    InputError : the folder cannot be written to, or the disk is full.
    """
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"{path} could not be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


class Line(NamedTuple):
    """One line of a file that is only ever added to: where it begins, and what it holds."""

    offset: int
    content: Any


def append_line(path: Path, content: Any) -> int:  # noqa: ANN401 (whatever JSON holds)
    """Add a line of JSON by one write, and return where it begins.

    What a crash cut off before stays on a line of its own.

    Raises
    ------
    InputError : the file cannot be written.
    """
    line = json.dumps(content).encode() + b"\n"
    try:
        with path.open("ab+", buffering=0) as file:
            begin = file.seek(0, os.SEEK_END)
            if begin:
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    line, begin = b"\n" + line, begin + 1
            file.write(line)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error
    return begin


def read_lines(path: Path) -> Iterator[Line]:
    """Yield the whole lines of JSON of a file, if it is there; cut ones are passed over."""
    if not path.is_file():
        return
    offset = 0
    with path.open("rb") as file:
        for line in file:
            begin, offset = offset, offset + len(line)
            try:
                content = json.loads(line)
            except ValueError:
                continue
            yield Line(begin, content)


def line_at(path: Path, offset: int) -> Any:  # noqa: ANN401 (whatever JSON holds)
    """Return what the line holds that begins at an offset."""
    with path.open("rb") as file:
        file.seek(offset)
        return json.loads(file.readline())
