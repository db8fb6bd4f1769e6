"""Random designs for training: every family, at coverages that need no solving."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from stemgan.scan.design import ScanDesign
from stemgan.scan.families import SPARSE_FAMILIES
from stemgan.scan.steps import frequencies, nearest_density

_LINES = {"spiral": 0.93, "spiral-clv": 0.93, "jittered-grid": 3.1}
"""Coverage times pitch, where it is not 1: jittered lines come in two sets, and waver."""

_DISKS = 0.6
"""Coverage times the square of the pitch, plus a pixel, where Poisson disks nearly fill it."""

Generator = np.random.Generator


def random_design(
    shape: tuple[int, int],
    rng: Generator,
    families: Sequence[str] = SPARSE_FAMILIES,
    coverage: tuple[float, float] = (0.01, 0.25),
) -> ScanDesign:
    """Draw a design for training: a family, and a coverage that is log-uniform in its range.

    The centre, rotation and offset are drawn too, so that no place in the frame is special.
    """
    family = families[int(rng.integers(len(families)))]
    share = float(np.exp(rng.uniform(*np.log(coverage))))
    seed = int(rng.integers(2**31))
    if family == "raster":
        return ScanDesign(family, shape)
    return ScanDesign(family, shape, seed=seed, **_drawn(family, shape, share, rng))


def _drawn(family: str, shape: tuple[int, int], share: float, rng: Generator) -> dict[str, Any]:
    if family in ("random", "poisson-disk", "hilbert", "lissajous"):
        return _stepped(family, shape, share, rng)
    if family in ("dots", "fermat"):
        pitch = max(1.0, share**-0.5)
    else:
        pitch = max(1.0, _LINES.get(family, 1.0) / share)
    if family == "interleaved":
        pitch = float(round(pitch))
    turned = {"rotation": float(rng.uniform(0, 2 * math.pi))}
    if family in ("spiral", "spiral-clv", "fermat"):
        centre = tuple(float(rng.uniform(-side / 3, side / 3)) for side in shape)
        return {"pitch": pitch, "offset": centre, **turned}
    first = (float(rng.uniform(0, pitch)), float(rng.uniform(0, pitch)))
    if family != "dots" or rng.random() < 0.5:  # half of the grids lie along the pixels
        turned = {}
    return {"pitch": pitch, "offset": first, **turned}


def _stepped(
    family: str, shape: tuple[int, int], share: float, rng: Generator
) -> dict[str, Any]:
    pixels = math.prod(shape)
    if family == "lissajous":
        pairs, density = frequencies(shape, share)
        near = nearest_density(density, shape, share) + int(rng.integers(-1, 2))
        chosen = pairs[min(max(near, 0), len(pairs) - 1)]
        return {"knobs": (float(chosen[0]), float(chosen[1]))}
    if family == "hilbert":
        # 4^order cells, joined in steps of their mean side.
        order = math.log2(max(share * pixels / ((shape[0] + shape[1]) / 2), 1))
        return {"knobs": (float(round(order)),)}
    dots = (float(min(max(round(share * pixels), 1), pixels)),)
    if family == "random":
        return {"knobs": dots}
    return {"pitch": math.sqrt(max(1.0, _DISKS / share - 1)), "knobs": dots}
