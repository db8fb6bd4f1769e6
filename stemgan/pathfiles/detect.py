"""Which format a path file is in: told by FORMAT:FILE, or by what cannot be mistaken."""

from pathlib import Path

from stemgan.errors import InputError
from stemgan.images import READABLE
from stemgan.images.files import existing_file
from stemgan.pathfiles import de, own
from stemgan.pathfiles.arrays import load
from stemgan.pathfiles.rows import text_lines

FORMATS = ("npy", "csv", "obi", "de", "odemis", "abtem", "tif")
"""The formats of path files: two of our own, four of makers and simulators, and the mask."""


def split(text: str) -> tuple[str | None, Path]:
    """Split FORMAT:FILE, where FORMAT: may be missing.

    Examples
    --------
    >>> split("de:a.csv")[0], split("a.csv")[0]
    ('de', None)
    """
    form, colon, name = text.partition(":")
    return (form, Path(name)) if colon and form in FORMATS else (None, Path(text))


def format_of(file: Path) -> str:
    """Tell a file's format from its name and content.

    Raises
    ------
    InputError : it could be of more than one format; the message names them.
    """
    file = existing_file(file)
    suffix = file.suffix.lower()
    if suffix == ".npy":
        return _format_of_npy(file)
    if suffix == ".csv":
        return _format_of_csv(file)
    if suffix in READABLE:
        return "tif"
    raise InputError(
        f"{file} has an unknown format: name it, as in npy:{file}, one of {', '.join(FORMATS)}"
    )


def _format_of_npy(file: Path) -> str:
    array = load(file)
    columns = array.shape[1] if array.ndim == 2 else 0
    if columns == 2:
        raise InputError(
            f"{file} may hold positions for Odemis or for abTEM: say odemis:{file} or "
            f"abtem:{file}"
        )
    if columns == 3:
        return "npy"
    if columns > 3:
        return "tif"
    raise InputError(f"{file} has shape {array.shape}, which is no scan path: give (n, 3)")


def _format_of_csv(file: Path) -> str:
    lines = [line for line in text_lines(file) if line.strip() and not line.startswith("#")]
    if lines and own.is_header(lines[0]):
        return "csv"
    columns = lines[0].count(",") + 1 if lines else 0
    if columns == 2 and file.name.lower().endswith(de.SUFFIX):
        return "de"
    raise InputError(
        f"{file} has no header x,y,dwell, so it may be of several formats: say "
        f"obi:{file} (Open Beam Interface) or de:{file} (Direct Electron)"
    )
