"""Files named on the command line: folders, globs and tables, and where each output goes."""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

from stemgan.errors import InputError

_COMPANIONS = (".mask", ".std", ".q05", ".q50", ".q95", ".points", ".reconstruction")
"""What `sample` and `reconstruct` write beside an image of the same name."""

_PREVIEW = ".png"


def add_tables(parser: argparse.ArgumentParser) -> None:
    """Add --table, which may be repeated: what is known of the images."""
    parser.add_argument(
        "--table",
        action="append",
        default=[],
        type=Path,
        metavar="FILE.csv",
        help="a table that says more of the images than their manifests: its column file holds "
        "paths from the table's own folder, or absolute ones; may be repeated",
    )


def expand(names: Sequence[str]) -> list[Path]:
    """Turn files, folders and globs into files.

    Globs are expanded here because not every shell does it. What stemgan itself wrote beside an
    image (NAME.mask.tif, NAME.points.csv, NAME.std.tif, NAME.q05.tif and so on,
    NAME.reconstruction.tif or the preview NAME.png beside NAME.tif) is left out, unless it is
    named without that image.

    Parameters
    ----------
    names : as given by the user.

    Returns
    -------
    Files in the order given, sorted within a folder or glob, each once.

    Raises
    ------
    InputError : a name leads to no file.
    """
    found = list(dict.fromkeys(path for name in names for path in _expand(name)))
    stems = {path.parent / path.stem for path in found if path.suffix.lower() != _PREVIEW}
    return [path for path in found if not is_companion(path, stems)]


def is_companion(path: Path, stems: set[Path]) -> bool:
    """Tell whether stemgan wrote `path` beside an image, one of `stems` (without suffix)."""
    stem = Path(path.stem)
    if path.suffix.lower() == _PREVIEW and path.parent / stem in stems:
        return True
    return stem.suffix in _COMPANIONS and path.parent / stem.stem in stems


def _expand(name: str) -> list[Path]:
    path = Path(name)
    if path.is_dir():
        return _images(path)
    if path.exists() or not any(c in name for c in "*?["):
        return [path]
    root = Path(path.anchor) if path.anchor else Path()
    pattern = path.relative_to(path.anchor) if path.anchor else path
    try:
        found = sorted(p for p in root.glob(str(pattern)) if p.is_file())
    except ValueError as error:
        raise InputError(f"{name} is not a pattern: {error}") from error
    if not found:
        raise InputError(f"no file matches {name}: check the name")
    return found


def _images(folder: Path) -> list[Path]:
    from stemgan.images import READABLE
    from stemgan.manifest import names_images

    files = sorted(p for p in folder.iterdir() if p.is_file() and p.suffix.lower() in READABLE)
    files = [path for path in files if not path.name.startswith(".")]
    # Tables of classes or scales may lie among the images that they name.
    files = [p for p in files if p.suffix.lower() != ".csv" or not names_images(p)]
    if not files:
        raise InputError(f"the folder {folder} holds no image: name one that does")
    return files


def beside(path: Path, word: str, suffix: str | None = None) -> Path:
    """Name the companion of an image: NAME.word.tif for NAME.tif.

    Examples
    --------
    >>> beside(Path("a.tif"), "mask").name
    'a.mask.tif'
    """
    return path.with_name(f"{path.stem}.{word}{suffix or path.suffix}")


def refuse_replacing(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Refuse an output that would replace one of the inputs, --overwrite or not.

    Raises
    ------
    InputError : an output and an input are the same file.
    """
    taken = {path.resolve() for path in inputs}
    for path in outputs:
        if path.resolve() in taken:
            raise InputError(f"{path} is an input too: choose another -o")
