"""What figures depend on, in short: the images, and the code that measures."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import stemgan
from stemgan.study.sources import Simulated, Source

MEASURING = ("scan", "measurement", "metrics")
"""What decides a path, what is measured along it, and the errors that are left."""


def image_described(source: Source) -> list[Any]:
    """Describe an image, as JSON holds it: with another content it is another image."""
    if isinstance(source, Simulated):
        return [source.kind, list(source.shape), source.seed]
    size = source.path.stat().st_size
    return [source.path.as_posix(), source.frame, size, source.crop, source.group]


def code_digest(names: Iterable[str]) -> str:
    """Digest the source of modules and packages.

    Parameters
    ----------
    names : of each, below stemgan, with slashes: "metrics", "study/tasks".
    """
    places = [Path(stemgan.__file__).parent / name for name in names]
    files = {file for place in places for file in place.rglob("*.py")}
    files |= {place.with_suffix(".py") for place in places}
    return digest(sorted(file for file in files if file.is_file()))


def digest(files: Iterable[Path]) -> str:
    """Digest the contents of files, in their order."""
    found = hashlib.sha256()
    for file in files:
        found.update(file.read_bytes())
    return found.hexdigest()
