"""Where a lattice is looked for, and what a spectrum becomes that knows of one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.aliases import find_dot_grid
from stemgan.baselines.lattices.search import Found
from stemgan.baselines.waves import Waves, spectrum_of_waves

# Tuned on training images, as the rest of the Gaussian process.
WIDTH = 1.0
"""Width of a lattice's peaks [Fourier pixels]: what is known to be a wave may be narrow."""
SMALLEST, LARGEST = 64, 1200
"""Sides of an image that a lattice is looked for in [px]: beyond, no lattice is even enough,
and so much is measured that each wave is seen by itself."""
_LEAST = 1e-4  # of the variance, below which a wave is left out


def is_sought(mask: NDArray[np.bool_]) -> bool:
    """Tell whether a lattice is looked for: not under regular dots, whose aliases are alike."""
    fits = min(mask.shape) >= SMALLEST and max(mask.shape) <= LARGEST
    return fits and find_dot_grid(mask) is None


def seeded(
    found: Found, smooth: NDArray[Any], peaks: NDArray[Any], shape: Sequence[int]
) -> NDArray[np.float32]:
    """Return the peaks of a spectrum that holds the lattice, (H', W' // 2 + 1).

    Parameters
    ----------
    found : the lattice.
    smooth : spectrum without peaks, (H', W' // 2 + 1).
    peaks : factors that it already has, alike; a certain lattice has no others yet.
    shape : of the grid, (H', W').
    """
    variance = found.waves.variance
    enough = variance > _LEAST * variance.sum()
    waves = Waves(found.waves.frequency[enough], variance[enough])
    height, width = shape
    more = spectrum_of_waves(waves, (height, width), WIDTH) / np.maximum(smooth, 1e-12)
    return np.maximum(peaks ** (1 - found.certainty), 1 + more).astype(np.float32)
