"""The families of scan paths: how each is drawn, and what the rest must know of it."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from stemgan.scan.design import ScanDesign

Path = NDArray[np.float64]


@dataclass(frozen=True)
class Family:
    """One family of scan paths.

    draw : from a solved design to its path, (n, 2) (y, x) [px].
    joined : whether the beam measures between the path's positions too.
    pitched : whether it has a pitch: the spacing of turns, lines or dots [px].
    seeded : whether it is random, and follows the design's seed.
    one_way : whether its lines all run in one direction, so that the beam flies back.
    steps : what its coverage comes in, where it comes in steps: "whole lines".
    """

    draw: "Callable[[ScanDesign], Path]"
    joined: bool = True
    pitched: bool = True
    seeded: bool = False
    one_way: bool = False
    steps: str = ""


def _spiral(design: "ScanDesign") -> Path:
    from stemgan_kernels.paths import archimedean_spiral

    return archimedean_spiral(
        design.shape,
        design.pitch or 1.0,
        constant_speed=design.family == "spiral-clv",
        rotation=design.rotation,
        centre=design.offset or (0.0, 0.0),
    )


def _fermat(design: "ScanDesign") -> Path:
    from stemgan_kernels.paths import fermat_spiral

    return fermat_spiral(
        design.shape,
        design.pitch or 1.0,
        rotation=design.rotation,
        centre=design.offset or (0.0, 0.0),
    )


def _jittered_grid(design: "ScanDesign") -> Path:
    from stemgan_kernels.paths import jittered_grid

    (amplitude,) = design.knobs or (1.0,)
    return jittered_grid(
        design.shape, design.pitch or 1.0, seed=design.seed, amplitude=amplitude
    )


def _line_hop(design: "ScanDesign") -> Path:
    from stemgan_kernels.paths import line_hop

    return line_hop(
        design.shape, design.pitch or 1.0, seed=design.seed, first=_first_line(design)
    )


def _serpentine(design: "ScanDesign") -> Path:
    from stemgan_kernels.paths import serpentine

    return serpentine(design.shape, design.pitch or 1.0, first=_first_line(design))


def _interleaved(design: "ScanDesign") -> Path:
    from stemgan_kernels.paths import interleaved

    first = design.knobs[0] if design.knobs else _first_line(design)
    field = None if first is None else int(first)
    return interleaved(design.shape, round(design.pitch or 1.0), field=field)


def _first_line(design: "ScanDesign") -> float | None:
    return None if design.offset is None else design.offset[0]


def _lissajous(design: "ScanDesign") -> Path:
    from stemgan_kernels.paths import lissajous

    down, across = design.knobs
    return lissajous(design.shape, int(down), int(across))


def _hilbert(design: "ScanDesign") -> Path:
    from stemgan_kernels.paths import hilbert

    (order,) = design.knobs
    return hilbert(design.shape, int(order))


def _dots(design: "ScanDesign") -> Path:
    from stemgan_kernels.paths import dot_grid

    return dot_grid(
        design.shape, design.pitch or 1.0, offset=design.offset, rotation=design.rotation
    )


def _random(design: "ScanDesign") -> Path:
    from stemgan_kernels.paths import random_dots

    (count,) = design.knobs
    return random_dots(design.shape, int(count), seed=design.seed)


def _poisson_disk(design: "ScanDesign") -> Path:
    from stemgan_kernels.paths import poisson_disk

    most = int(design.knobs[0]) if design.knobs else None
    return poisson_disk(design.shape, design.pitch or 1.0, seed=design.seed, most=most)


def _raster(design: "ScanDesign") -> Path:
    from stemgan_kernels.paths import raster

    return raster(design.shape)


def _custom(design: "ScanDesign") -> Path:
    assert design.custom is not None  # a design without one is refused
    return design.custom.positions * np.array(design.shape, np.float64) - 0.5


_LINES = "whole lines"

REGISTRY: dict[str, Family] = {
    "spiral": Family(_spiral),
    "spiral-clv": Family(_spiral),
    "fermat": Family(_fermat, joined=False),
    "jittered-grid": Family(_jittered_grid, seeded=True),
    "line-hop": Family(_line_hop, seeded=True, steps=_LINES),
    "serpentine": Family(_serpentine, steps=_LINES),
    "interleaved": Family(_interleaved, joined=False, one_way=True, steps="whole fields"),
    "lissajous": Family(_lissajous, pitched=False, steps="whole frequencies"),
    "hilbert": Family(_hilbert, pitched=False, steps="whole orders"),
    "dots": Family(_dots, joined=False, steps="whole rows of dots"),
    "random": Family(_random, joined=False, pitched=False, seeded=True),
    "poisson-disk": Family(_poisson_disk, joined=False, seeded=True),
    "raster": Family(_raster, joined=False, pitched=False, one_way=True),
    "custom": Family(_custom, pitched=False),
}
"""Every family by its name; a custom path says by itself whether it is joined."""

FAMILIES = tuple(name for name in REGISTRY if name != "custom")
"""The families that are drawn, in the order of the integer codes that batches carry."""

SPARSE_FAMILIES = tuple(name for name in FAMILIES if name != "raster")
"""The families that leave something out, and take a coverage."""


def unknown_family(name: str) -> str:
    """Return the sentence that says that there is no family of that name."""
    near = get_close_matches(name, FAMILIES, n=1)
    hint = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(FAMILIES)}"
    return f"there is no scan family {name!r}: {hint}"
