"""Which parts of a path lie in the frame, where the beam is not blanked."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def inside(positions: Array, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Tell which positions lie in the frame [-0.5, H - 0.5) x [-0.5, W - 0.5), (n,) bool."""
    from stemgan_kernels.paths.frame import inside as on_pixels

    return on_pixels(positions, shape)


def shares_inside(path: Array, shape: tuple[int, int]) -> Array:
    """Return the share of each move that lies in the frame, (n - 1,): Liang-Barsky clipping."""
    begin, move = path[:-1], np.diff(path, axis=0)
    low, high = -0.5, np.asarray(shape) - 0.5
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        first, second = (low - begin) / move, (high - begin) / move
    still = move == 0
    within = (begin >= low) & (begin < high)
    enters = np.where(still, np.where(within, 0, 1), np.minimum(first, second)).max(axis=1)
    leaves = np.where(still, np.where(within, 1, 0), np.maximum(first, second)).min(axis=1)
    return np.clip(np.minimum(leaves, 1) - np.maximum(enters, 0), 0, 1)
