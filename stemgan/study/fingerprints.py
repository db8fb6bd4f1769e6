"""What figures depend on, in short: the images, and the code that measures."""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import stemgan
from stemgan.evaluate.sources import Stamp, stamp
from stemgan.study.sources import Simulated, Source

MEASURING = ("scan", "measurement", "metrics")
"""What decides a path, what is measured along it, and the errors that are left."""
_BLOCK = 1 << 20
"""[bytes] read at a time."""


def image_described(source: Source) -> list[Any]:
    """Describe an image, as JSON holds it: with another content it is another image."""
    if isinstance(source, Simulated):
        return [source.kind, list(source.shape), source.seed]
    contents = _contents(source.path, stamp(source.path))
    return [contents, source.frame, source.crop, source.group]


@lru_cache(maxsize=4096)
def _contents(path: Path, _: Stamp) -> str:
    """Digest an image's file, wherever it is, once while it stays as it is."""
    return digest([path])


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
    for path in files:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                found.update(block)
    return found.hexdigest()
