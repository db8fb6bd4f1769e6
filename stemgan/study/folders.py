"""A study's folder: begun, shared by several processes, or made empty for another study."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from stemgan.data.shards.lock import Lock
from stemgan.errors import InputError
from stemgan.evaluate.maps import FOLDER as MAPS
from stemgan.files import read_lines
from stemgan.study.examples import FOLDER as EXAMPLES
from stemgan.study.finishing import TABLES
from stemgan.study.journal import parts_of
from stemgan.study.optimise.trials import JOURNAL as TRIALS

FIGURES = "figures"
_FILES = ("report.html", "study.yaml", "provenance.json")
_FOLDERS = (MAPS, EXAMPLES, FIGURES)

STUDY = "a study of scan paths"
CONTEST = "a contest of adaptive scans"
SEARCH = "a search of the best path"


def begin(folder: Path, *, overwrite: bool = False) -> None:
    """Make a study's folder, with those above it.

    Parameters
    ----------
    folder : where the study is, or will be.
    overwrite : whether to remove what a study wrote there.

    Raises
    ------
    InputError : it cannot be made, holds another kind of work or files of a study's names that
        no study wrote, or is to be overwritten while a part of it runs.
    """
    make(folder, STUDY)
    journals = parts_of(folder)
    found = [path for path in _outputs(folder) if path.exists()]
    if found and not journals:
        raise InputError(f"{found[0]} is no study's: choose another output_dir")
    if overwrite:
        with held(folder, "study"), _parts_held(folder):
            for path in [*found, *journals]:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def make(folder: Path, kind: str) -> None:
    """Make the folder of one kind of work, with those above it.

    Parameters
    ----------
    folder : output_dir.
    kind : `STUDY`, `CONTEST` or `SEARCH`.

    Raises
    ------
    InputError : it cannot be made or written to, or holds another kind of work.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "it is a file" if folder.is_file() else error.strerror or error
        raise InputError(
            f"output_dir {folder} cannot be made ({reason}): choose another"
        ) from error
    if not os.access(folder, os.W_OK):
        raise InputError(f"output_dir {folder} cannot be written to: choose another")
    for found in _kinds(folder):
        if found != kind:
            raise InputError(
                f"{folder} holds {found}, not {kind}: choose another output_dir, also for "
                "overwrite=true"
            )


def _kinds(folder: Path) -> Iterator[str]:
    """Yield what kinds of work a folder holds, by their journals."""
    if (folder / TRIALS).exists():
        yield SEARCH
    for path in parts_of(folder):
        heads = (content["study"] for _, content in read_lines(path) if "study" in content)
        if (settings := next(heads, None)) is not None:
            yield CONTEST if "reference" in settings else STUDY


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
