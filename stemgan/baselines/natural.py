"""Natural-neighbour completion: discrete Sibson interpolation of denoised values."""

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.smoothing import along_path, in_own_unit, smooth, weights
from stemgan.baselines.widths import held_out_width
from stemgan.measurement import PartialScan
from stemgan_kernels.distance import distance_transform
from stemgan_kernels.sibson import discrete_sibson

Image = NDArray[np.float32]

# Widths over the held-out width, tuned on training images (benchmarks/tune_baselines.py).
BEFORE, AFTER = 0.3, 0.5


def natural_neighbour(scan: PartialScan, before: float = BEFORE, after: float = AFTER) -> Image:
    """Interpolate by discrete Sibson weights (Park et al. 2006), with noise taken out.

    Parameters
    ----------
    scan : the partial scan.
    before, after : σ of the Gaussians over measured neighbours before, and over the whole
        image after, both over the held-out width; 0 and 0 interpolate.

    Returns
    -------
    (H, W) float32, within the range of the measured values.
    """
    width = held_out_width(scan)
    weight = weights(scan)
    distance, index = distance_transform(scan.mask)

    def interpolate(values: Image, _: Image) -> Image:
        quiet = along_path(values, weight, before * width)
        return smooth(discrete_sibson(distance, quiet.ravel()[index]), after * width)

    return in_own_unit(scan, interpolate)
