"""Path files in, and scans that are said as a family or as a file."""

from pathlib import Path

from stemgan.errors import InputError
from stemgan.pathfiles import arrays, de, masks, obi, own
from stemgan.pathfiles.detect import FORMATS, format_of, split
from stemgan.pathfiles.frame import FramePath
from stemgan.scan import FAMILIES, CustomPath, ScanDesign


def read_path(
    file: str | Path,
    shape: tuple[int, int] | None = None,
    form: str | None = None,
    *,
    pixel_size: float | None = None,
    offset: tuple[float, float] = (0.0, 0.0),
) -> CustomPath:
    """Read a scan path.

    Parameters
    ----------
    file : FILE, or FORMAT:FILE.
    shape : height and width of the frame [px], which our own formats and masks do not need.
    form : one of FORMATS; by default as FORMAT: says, or as cannot be mistaken.
    pixel_size : side of a pixel [Å], for abTEM.
    offset : of a Direct Electron file, where its (0, 0) lies in the frame, (y, x) [px].

    Returns
    -------
    CustomPath: positions as fractions of the field of view, in order.

    Raises
    ------
    InputError : the format is not clear, the file is not of its format, or a position lies
        outside the frame (which our own formats alone may hold).
    """
    said, path = split(str(file)) if form is None else (form, Path(file))
    form = said or format_of(path)
    if form not in FORMATS:
        raise InputError(f"there is no path format {form!r}: choose of {', '.join(FORMATS)}")
    if not path.is_file():
        raise InputError(f"{path} is not a file: check the name")
    if offset != (0.0, 0.0) and form != "de":
        raise InputError(f"{path} is a {form} file, which has no offset: leave it out")
    if form == "npy":
        return own.read_npy(path)
    if form == "csv":
        return own.read_csv(path)
    return _framed(path, shape, form, pixel_size, offset).custom()


def _framed(
    path: Path,
    shape: tuple[int, int] | None,
    form: str,
    pixel_size: float | None,
    offset: tuple[float, float],
) -> FramePath:
    if form == "obi":
        return obi.read(path, shape)
    if form == "de":
        return de.read(path, shape, offset)
    if form == "odemis":
        return arrays.read_odemis(path, shape)
    if form == "abtem":
        return arrays.read_abtem(path, shape, pixel_size)
    return masks.read(path, shape)


def scan_design(
    text: str,
    shape: tuple[int, int],
    coverage: float | None = None,
    pitch: float | None = None,
    seed: int = 0,
    *,
    pixel_size: float | None = None,
) -> ScanDesign:
    """Return the design of a scan that is said as a family, a FILE or a FORMAT:FILE.

    Parameters
    ----------
    text : a family's name; or a path file or mask, which becomes the family "custom".
    shape : height and width of the frame [px].
    coverage, pitch, seed : of a family; a file has its own coverage.
    pixel_size : side of a pixel [Å], for abTEM positions.

    Raises
    ------
    InputError : neither a family nor a file, or a file with a coverage or pitch.
    """
    if not is_file(text):
        return ScanDesign(text, shape, coverage, pitch, seed)
    if coverage is not None or pitch is not None:
        raise InputError(f"{text} is a path as it is: leave out coverage and pitch")
    custom = read_path(text, shape, pixel_size=pixel_size)
    return ScanDesign("custom", shape, custom=custom)


def is_file(text: str) -> bool:
    """Tell a scan that is a file from one that is a family.

    Families win: a file named like one is said as ./spiral.

    Examples
    --------
    >>> is_file("spiral"), is_file("de:coordinates.csv"), is_file("mask.tif")
    (False, True, True)
    """
    if text in FAMILIES:
        return False
    form, path = split(text)
    return form is not None or bool(path.suffix) or len(path.parts) > 1 or path.is_file()
