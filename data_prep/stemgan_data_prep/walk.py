"""Every file below a folder, links followed once, each with the reason if it cannot be used."""

import os
from collections.abc import Iterator
from pathlib import Path

from stemgan.images.files import FOLDERS


def walk(
    folder: Path, skip: frozenset[Path] = frozenset()
) -> Iterator[tuple[Path, str | None]]:
    """Yield the files below a folder, sorted by name within each folder.

    Parameters
    ----------
    folder : where to begin.
    skip : paths (resolved) to pass over in silence.

    Yields
    ------
    path, reason : a file, or what could not be entered with the reason.
    """
    yield from _walk(folder, frozenset(), skip)


def _walk(
    folder: Path, above: frozenset[tuple[int, int]], skip: frozenset[Path]
) -> Iterator[tuple[Path, str | None]]:
    try:
        here, true = folder.stat(), folder.resolve()
        entries = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        yield folder, f"the folder cannot be opened ({error.strerror})"
        return
    identity = (here.st_dev, here.st_ino)
    if identity in above:
        yield folder, "a link to a folder above it, which would lead round for ever"
        return
    for entry in entries:
        path = folder / entry.name
        if true / entry.name in skip:
            continue
        if entry.name.startswith("."):
            yield path, "a hidden file or folder"
        elif _is_folder(path):
            if path.suffix.lower() in FOLDERS:
                yield path, None
            elif (path / "zarr.json").is_file():
                yield path, "a dataset or an array, not a micrograph"
            else:
                yield from _walk(path, above | {identity}, skip)
        else:
            yield path, _odd(path)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a loop of links, on some systems
        return False


def _odd(path: Path) -> str | None:
    """Say why something that is no folder is no plain file either."""
    try:
        if path.is_file():
            return None
        linked = path.is_symlink()
    except OSError as error:
        return f"it cannot be opened ({error.strerror})"
    return "a link that leads nowhere" if linked else "not a plain file"
