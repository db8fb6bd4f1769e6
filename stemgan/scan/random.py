"""Random designs for training: every family, at coverages that need no solving."""

import math
from collections.abc import Sequence

import numpy as np

from stemgan.scan.design import ScanDesign
from stemgan.scan.families import SPARSE_FAMILIES


def random_design(
    shape: tuple[int, int],
    rng: np.random.Generator,
    families: Sequence[str] = SPARSE_FAMILIES,
    coverage: tuple[float, float] = (0.01, 0.1),
) -> ScanDesign:
    """Draw a design for training: a family, and a coverage that is log-uniform in its range.

    The centre, rotation and offset are drawn too, so that no place in the frame is special.
    """
    family = families[int(rng.integers(len(families)))]
    share = float(np.exp(rng.uniform(*np.log(coverage))))
    # Pixels a line and pitch: jittered lines come in two sets, and waver.
    nominal = (3.1 if family == "jittered-grid" else 0.93) / share
    pitch = max(1.0, share**-0.5 if family == "dots" else nominal)
    span = (pitch, pitch) if family == "dots" else (shape[0] / 3, shape[1] / 3)
    low = (0.0, 0.0) if family == "dots" else (-span[0], -span[1])
    return ScanDesign(
        family,
        shape,
        pitch=pitch,
        seed=int(rng.integers(2**31)),
        rotation=float(rng.uniform(0, 2 * math.pi)),
        offset=(float(rng.uniform(low[0], span[0])), float(rng.uniform(low[1], span[1]))),
    )
