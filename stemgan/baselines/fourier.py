"""Completion by a sparse Fourier spectrum.

A lattice is a few coefficients, whatever its period, so that this completes lattices that are
finer than the gaps, where every local average fails.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.sparse import Shrinkage, Transform, complete_sparsely
from stemgan.baselines.spectra import frequencies, image_of, spectrum_of, widened
from stemgan.measurement import PartialScan

# Tuned on training images (benchmarks/tune_baselines.py; docs/classical_methods.md).
SHARE, FLOOR, TILT = 1.4, 0.03, 0.9
"""Of `sparse.Shrinkage`."""
ITERATIONS = 80
"""40 are too few for wide gaps; more than 120 complete the noise."""


def fourier_pocs(
    scan: PartialScan,
    share: float = SHARE,
    floor: float = FLOOR,
    tilt: float = TILT,
    iterations: int = ITERATIONS,
    workers: int = 1,
) -> NDArray[np.float32]:
    """Complete by a sparse Fourier spectrum of what a smoothed nearest infill misses.

    Parameters
    ----------
    scan : the partial scan.
    share, floor, tilt : of `sparse.Shrinkage`.
    iterations : number of turns, at least 2.
    workers : threads of the Fourier transforms.

    Returns
    -------
    (H, W) float32, within the range of the measured values.
    """
    shape = widened(scan.shape)
    transform = Transform(
        shape,
        partial(spectrum_of, shape=shape, workers=workers),
        partial(image_of, shape=shape, workers=workers),
        frequencies(shape),
    )
    return complete_sparsely(scan, transform, Shrinkage(share, floor, tilt, iterations))
