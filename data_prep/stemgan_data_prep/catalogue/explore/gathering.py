"""Which pictures are explored, and what their clusters are compared with."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from stemgan.errors import InputError
from stemgan_data_prep.catalogue.labels import FOLDER, NONE, Found, Picture, find_pictures


@dataclass(frozen=True)
class Gathered:
    """Pictures to explore.

    Attributes
    ----------
    pictures : in the order of their keys' folders.
    labels : what clusters are compared with, by (file, frame); None: nothing is known.
    left_out : (key, reason) of what cannot be used.
    """

    pictures: list[Picture]
    labels: dict[tuple[Path, int], str] | None
    left_out: list[tuple[str, str]]

    def labels_of(self, pictures: Sequence[Picture]) -> list[str] | None:
        """Return the label of each picture, "" where it has none."""
        if self.labels is None:
            return None
        return [self.labels.get((one.file, one.frame), "") for one in pictures]


def gather(
    places: Sequence[Path],
    labels: str = FOLDER,
    tables: Sequence[Path] = (),
    within: str | None = None,
    against: str | None = None,
) -> Gathered:
    """List the pictures in places, all or those of one class.

    Parameters
    ----------
    places : folders or files.
    labels : "folder", "none" or a column, see `find_pictures`.
    tables : CSV files with such columns.
    within : a label; others are left aside.
    against : a column that clusters are compared with in place of `labels`.

    Raises
    ------
    InputError : see `find_pictures`; or no picture has the label asked for.
    """
    if within is not None and labels == NONE:
        raise InputError(f"--within {within} needs labels: give --labels folder or a column")
    found = find_pictures(places, labels=labels, tables=tables)
    chosen = found.pictures if within is None else _of_class(found, within)
    said = found
    if against is not None:
        said = find_pictures(places, labels=against, tables=tables)
    known = {(one.file, one.frame): one.label for one in said.pictures if one.label}
    alone = within is not None and against is None
    return Gathered(chosen, known if known and not alone else None, found.left_out)


def only_label(labels: Sequence[str] | None) -> str | None:
    """Say that all pictures have one label, if they have: there is nothing to compare then.

    Parameters
    ----------
    labels : of the pictures, "" where there is none; None: nothing is known.
    """
    names = set(labels or ()) - {""}
    if len(names) != 1:
        return None
    return (
        f"the label {names.pop()} is the only one, so that clusters are compared with nothing "
        "(no NMI): name the folder that holds a folder for each class, or a column by --labels"
    )


def _of_class(found: Found, within: str) -> list[Picture]:
    """Keep the pictures of one class."""
    chosen = [one for one in found.pictures if one.label == within]
    if chosen:
        return chosen
    names = sorted({one.label for one in found.pictures if one.label})
    near = get_close_matches(within, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(names) or 'none'}"
    raise InputError(f"no picture is of the class {within!r}: {hint}")
