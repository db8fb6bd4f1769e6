"""Files named on the command line: folders and globs, and where each one's output goes."""

from collections.abc import Sequence
from pathlib import Path

from stemgan.errors import InputError

_COMPANIONS = (".mask", ".std")
"""What `sample` and `reconstruct` write beside an image of the same name."""


def expand(names: Sequence[str]) -> list[Path]:
    """Turn files, folders and globs into files.

    Globs are expanded here because not every shell does it. Masks and uncertainties that lie
    beside the image they belong to (NAME.mask.tif beside NAME.tif) are left out, unless only
    they are named.

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
    found = [path for name in names for path in _expand(name)]
    stems = {path.parent / path.stem for path in found}
    kept = [path for path in found if not _is_companion(path, stems)]
    return list(dict.fromkeys(kept))


def _is_companion(path: Path, stems: set[Path]) -> bool:
    stem = Path(path.stem)
    return stem.suffix in _COMPANIONS and path.parent / stem.stem in stems


def _expand(name: str) -> list[Path]:
    path = Path(name)
    if path.is_dir():
        return _images(path)
    if path.exists() or not any(c in name for c in "*?["):
        return [path]
    root = Path(path.anchor) if path.anchor else Path()
    pattern = path.relative_to(path.anchor) if path.anchor else path
    found = sorted(p for p in root.glob(str(pattern)) if p.is_file())
    if not found:
        raise InputError(f"no file matches {name}: check the name")
    return found


def _images(folder: Path) -> list[Path]:
    from stemgan.images import READABLE

    files = sorted(p for p in folder.iterdir() if p.is_file() and p.suffix.lower() in READABLE)
    files = [path for path in files if not path.name.startswith(".")]
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
