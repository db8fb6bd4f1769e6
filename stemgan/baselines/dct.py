"""Completion by a sparse cosine spectrum of the whole image.

Cosines continue an image by its reflection: smooth images have fewer coefficients than in a
Fourier series, lattices more. Overlapping blocks of 32 or 64 px took longer and left more
error.
"""

from functools import partial

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from stemgan.baselines.sparse import Shrinkage, Transform, complete_sparsely
from stemgan.measurement import PartialScan

Image = NDArray[np.float32]

# Tuned on training images (benchmarks/tune_baselines.py; docs/classical_methods.md).
SHARE, FLOOR, TILT = 1.4, 0.03, 0.8
"""Of `sparse.Shrinkage`."""
ITERATIONS = 60


def dct_sparse(
    scan: PartialScan,
    share: float = SHARE,
    floor: float = FLOOR,
    tilt: float = TILT,
    iterations: int = ITERATIONS,
    workers: int = 1,
) -> Image:
    """Complete by a sparse cosine spectrum of what a smoothed nearest infill misses.

    Parameters
    ----------
    scan : the partial scan.
    share, floor, tilt : of `sparse.Shrinkage`.
    iterations : number of turns, at least 2.
    workers : threads of the transforms.

    Returns
    -------
    (H, W) float32, within the range of the measured values.
    """
    rows, columns = (np.arange(n) / (2 * n) for n in scan.shape)
    transform = Transform(
        scan.shape,
        partial(_cosines, workers=workers),
        partial(_image, workers=workers),
        np.hypot(rows[:, None], columns),
    )
    return complete_sparsely(scan, transform, Shrinkage(share, floor, tilt, iterations))


def _cosines(image: Image, workers: int) -> Image:
    return np.asarray(scipy.fft.dctn(image, norm="ortho", workers=workers))


def _image(spectrum: Image, workers: int) -> Image:
    return np.asarray(scipy.fft.idctn(spectrum, norm="ortho", workers=workers))
