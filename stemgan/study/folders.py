"""A study's folder: begun, shared by several processes, or made empty for another study."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from stemgan.data.shards.lock import Lock
from stemgan.errors import InputError
from stemgan.evaluate.maps import FOLDER as MAPS
from stemgan.study.examples import FOLDER as EXAMPLES
from stemgan.study.finishing import TABLES
from stemgan.study.journal import parts_of

FIGURES = "figures"
_FILES = ("report.html", "study.yaml", "provenance.json")
_FOLDERS = (MAPS, EXAMPLES, FIGURES)


def begin(folder: Path, *, overwrite: bool = False) -> None:
    """Make a study's folder, with those above it.

    Parameters
    ----------
    folder : where the study is, or will be.
    overwrite : whether to remove what a study wrote there.

    Raises
    ------
    InputError : it cannot be made, holds files of a study's names that no study wrote, or is to
        be overwritten while a part of it runs.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "it is a file" if folder.is_file() else error.strerror or error
        raise InputError(
            f"output_dir {folder} cannot be made ({reason}): choose another"
        ) from error
    journals = parts_of(folder)
    found = [path for path in _outputs(folder) if path.exists()]
    if found and not journals:
        raise InputError(f"{found[0]} is no study's: choose another output_dir")
    if overwrite:
        with held(folder, "study"), _parts_held(folder):
            for path in [*found, *journals]:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextmanager
def _parts_held(folder: Path) -> Iterator[None]:
    """Hold every part that runs, or was killed, so that none writes into what is removed."""
    with ExitStack() as stack:
        for path in sorted(folder.glob(".part-*.lock")):
            stack.enter_context(held(folder, f"part {path.stem.removeprefix('.part-')}"))
        yield


def _outputs(folder: Path) -> list[Path]:
    tables = [folder / f"{name}.{suffix}" for name in TABLES for suffix in ("csv", "parquet")]
    return [*tables, *(folder / name for name in (*_FILES, *_FOLDERS))]


class InUse(InputError):
    """Another process holds what is wanted."""


@contextmanager
def held(folder: Path, what: str) -> Iterator[None]:
    """Hold a folder, or a part of what is in it, for this process alone.

    Raises
    ------
    InUse : another process holds it.
    """
    try:
        lock = Lock(folder / f".{what.replace(' ', '-')}.lock", f"the {what} in {folder}")
    except InputError as error:
        raise InUse(str(error)) from None
    try:
        yield
    finally:
        lock.release()
