"""The local half of a step of total variation: shrink gradients, and take their divergence."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


def shrink_gradients(
    image: NDArray[np.float32],
    dual: NDArray[np.float32],
    threshold: float,
    smooth: float,
    divergence: NDArray[np.float32],
) -> None:
    """Do the gradients' part of a split Bregman step, in place.

    With t = ∇image + dual, the shrunk gradients d minimise
    ``threshold φ(d) + |d - t|² / 2``, where φ is Huber's function: |d|² / (2 smooth) below
    `smooth`, |d| - smooth / 2 above (Goldstein & Osher, SIAM J. Imaging Sci. 2, 323, 2009).
    `dual` becomes t - d, and `divergence` ∇ᵀ(d - dual).

    Parameters
    ----------
    image : (H, W) float32.
    dual : (2, H, W) float32, down the rows and along them; changed.
    threshold : above 0, in units of the gradient.
    smooth : 0 or more, in units of the gradient.
    divergence : (H, W) float32; written. ∇ are differences to the next pixel, none at the
        edges, so that ∇ᵀ∇ is the five-point Laplacian with reflection.

    Raises
    ------
    ValueError : the shapes do not fit.
    """
    if dual.shape != (2, *image.shape) or divergence.shape != image.shape:
        raise ValueError(f"{image.shape}, {dual.shape} and {divergence.shape} do not fit")
    _shrink(image, dual, np.float32(threshold), np.float32(smooth), divergence)


@njit(cache=True, nogil=True)
def _shrink(image, dual, threshold, smooth, divergence):  # noqa: ANN001, ANN202
    height, width = image.shape
    divergence[:] = 0
    edge = smooth + threshold
    inner = smooth / edge
    for y in range(height):
        for x in range(width):
            ty = dual[0, y, x]
            tx = dual[1, y, x]
            if y + 1 < height:
                ty += image[y + 1, x] - image[y, x]
            if x + 1 < width:
                tx += image[y, x + 1] - image[y, x]
            size = math.sqrt(ty * ty + tx * tx)
            keep = inner if size <= edge else np.float32(1 - threshold / size)
            dy, dx = keep * ty, keep * tx
            dual[0, y, x], dual[1, y, x] = ty - dy, tx - dx
            gy, gx = 2 * dy - ty, 2 * dx - tx
            if y + 1 < height:
                divergence[y, x] -= gy
                divergence[y + 1, x] += gy
            if x + 1 < width:
                divergence[y, x] -= gx
                divergence[y, x + 1] += gx
