"""Where a table or a folder of the catalogue must not be written."""

from collections.abc import Iterable
from pathlib import Path

from stemgan.errors import InputError
from stemgan.files import check_output
from stemgan.manifest import NAME


def check_table(path: Path, *, overwrite: bool) -> None:
    """Refuse the output path of a table, before any work is done.

    Raises
    ------
    InputError : it cannot be written, exists without `overwrite`, or has the name by which
        manifests are found: people keep groups and roles there, and it would be taken for one.
    """
    if path.name.lower() == NAME:
        raise InputError(
            f"{path} would be taken for a manifest of groups and roles: choose another -o, and "
            "pass it on by --table"
        )
    check_output(path, overwrite=overwrite)


def check_apart(folder: Path, places: Iterable[Path]) -> None:
    """Refuse a folder of pictures among the images: they would be taken for some of these.

    Raises
    ------
    InputError : it lies in one of the places given.
    """
    for place in places:
        if place.is_dir() and folder.resolve().is_relative_to(place.resolve()):
            raise InputError(
                f"{folder} lies in {place}, where its pictures would be taken for images: "
                "choose another -o"
            )


def check_kept(folder: Path, names: Iterable[str], what: str, *, overwrite: bool) -> None:
    """Refuse to replace what an earlier command wrote, unless that is wanted.

    Raises
    ------
    InputError : one of the names is in the folder, and `overwrite` is False.
    """
    there = [name for name in names if (folder / name).exists()]
    if there and not overwrite:
        raise InputError(
            f"{folder / there[0]} exists: pass --overwrite to replace the {what}, or choose "
            "another -o"
        )
