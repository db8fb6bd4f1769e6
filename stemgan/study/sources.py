"""The images of a study: files, or simulated ones whose clean truth is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError, check_whole
from stemgan.evaluate.scans import number_of
from stemgan.evaluate.sources import Source as ImageFile
from stemgan.evaluate.sources import find_sources
from stemgan.measurement import SMALLEST_SIDE
from stemgan.synthetic import KINDS, named
from stemgan.synthetic.compose import SMALLEST

SYNTHETIC = "synthetic"
_ENTRIES = {"count": 12, "kinds": (), "size": 256, "seed": 0}


@dataclass(frozen=True)
class Simulated:
    """A simulated micrograph: drawn when it is asked for, always the same.

    name : what tables call it; each once.
    kind : what it shows, one of `stemgan.synthetic.KINDS`.
    shape : height and width [px].
    seed : of the drawing.
    group : images of one group count as one in means over groups: each is its own.
    label : its kind.
    """

    name: str
    kind: str
    shape: tuple[int, int]
    seed: int
    group: str
    label: str = ""

    def truth(self) -> NDArray[np.float32]:
        """Draw it, (H, W) float32."""
        return _drawn(self.kind, self.shape, self.seed)


Source: TypeAlias = ImageFile | Simulated
"""An image to scan: `name`, `shape`, `group`, `label` and `truth()`."""


@lru_cache(maxsize=2)
def _drawn(kind: str, shape: tuple[int, int], seed: int) -> NDArray[np.float32]:
    image = named(kind, shape, np.random.default_rng(seed))
    image.flags.writeable = False  # it is shared
    return image


def simulated(count: int, kinds: Sequence[str], size: int, seed: int) -> tuple[Simulated, ...]:
    """Choose simulated micrographs: the kinds in turn.

    Parameters
    ----------
    count : how many.
    kinds : some of `stemgan.synthetic.KINDS`; none: all of them.
    size : height and width [px].
    seed : of all drawings.

    Raises
    ------
    InputError : an unknown kind, fewer than one image, or a side that is too small.

    Examples
    --------
    >>> [one.name for one in simulated(3, ["crystal", "holes"], 64, 0)]
    ['crystal-0', 'holes-0', 'crystal-1']
    """
    check_whole("synthetic.count", count, 1)
    check_whole("synthetic.size", size, SMALLEST)
    check_whole("synthetic.seed", seed, 0)
    for kind in kinds:
        if kind not in KINDS:
            from difflib import get_close_matches

            near = get_close_matches(str(kind), KINDS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"choose among {', '.join(KINDS)}"
            raise InputError(f"there is no kind of simulated image {kind!r}: {hint}")
    chosen = list(dict.fromkeys(kinds)) or list(KINDS)
    found = []
    for number in range(count):
        kind = chosen[number % len(chosen)]
        name = f"{kind}-{number // len(chosen)}"
        drawing = number_of(f"{seed}/{name}") % 2**31
        found.append(Simulated(name, kind, (size, size), drawing, name, kind))
    return tuple(found)


def sources_of(
    images: Sequence[Path | str],
    synthetic: Mapping[str, Any],
    *,
    by: str | None = None,
    crop: int | None = None,
) -> tuple[Source, ...]:
    """Find images, or simulate them.

    Parameters
    ----------
    images : files, or ("synthetic",) for simulated ones.
    synthetic : count, kinds, size and seed of simulated images, as far as they are given.
    by : column of a manifest.
    crop : longest side of an image's middle that is used [px].

    Raises
    ------
    InputError : an image that cannot be used, or an entry of `synthetic` that there is none of.
    """
    if list(map(str, images)) == [SYNTHETIC]:
        for name in synthetic:
            if name not in _ENTRIES:
                raise InputError(f"synthetic takes no {name!r}: choose {', '.join(_ENTRIES)}")
        return simulated(**(_ENTRIES | dict(synthetic)))
    if crop is not None:
        check_whole("crop", crop, SMALLEST_SIDE)
    paths = [Path(path) for path in dict.fromkeys(images)]
    return tuple(find_sources(paths, by, crop, option="by="))
