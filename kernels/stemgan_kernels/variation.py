"""The local half of total variation: how easily gradients spread, and their spreading."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


def conductance(
    image: NDArray[np.float32], softness: float, out: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return one over the size of the gradient, or over `softness` where that is larger.

    Parameters
    ----------
    image : (H, W) float32. Gradients are differences to the next pixel, none at the edges.
    softness : least size that is told from none, above 0, in units of the gradient.
    out : (H, W) float32; written and returned.

    Raises
    ------
    ValueError : the shapes differ.

    Examples
    --------
    >>> image = np.float32([[0, 4, 4]])
    >>> conductance(image, 0.5, np.empty_like(image)).tolist()
    [[0.25, 2.0, 2.0]]
    """
    if image.shape != out.shape:
        raise ValueError(f"image {image.shape} and output {out.shape} differ")
    _conductance(image, np.float32(softness), out)
    return out


def spread(
    image: NDArray[np.float32], conduct: NDArray[np.float32], out: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return ∇ᵀ(g ∇image): with g = 1, minus the five-point Laplacian, reflecting.

    Parameters
    ----------
    image : (H, W) float32.
    conduct : g, that of a pixel's differences to the next ones, (H, W) float32.
    out : (H, W) float32; written and returned.

    Raises
    ------
    ValueError : the shapes differ.

    Examples
    --------
    >>> image = np.float32([[0, 4, 4]])
    >>> spread(image, np.ones_like(image), np.empty_like(image)).tolist()
    [[-4.0, 4.0, 0.0]]
    """
    if not image.shape == conduct.shape == out.shape:
        raise ValueError(f"shapes {image.shape}, {conduct.shape} and {out.shape} differ")
    _spread(image, conduct, out)
    return out


@njit(cache=True, nogil=True)
def _conductance(image, softness, out):  # noqa: ANN001, ANN202
    height, width = image.shape
    for y in range(height):
        for x in range(width):
            down = image[y + 1, x] - image[y, x] if y + 1 < height else np.float32(0)
            along = image[y, x + 1] - image[y, x] if x + 1 < width else np.float32(0)
            out[y, x] = 1 / max(math.sqrt(down * down + along * along), softness)


@njit(cache=True, nogil=True)
def _spread(image, conduct, out):  # noqa: ANN001, ANN202
    height, width = image.shape
    for y in range(height):
        for x in range(width):
            here, total = image[y, x], np.float32(0)
            if y + 1 < height:
                total += conduct[y, x] * (here - image[y + 1, x])
            if x + 1 < width:
                total += conduct[y, x] * (here - image[y, x + 1])
            if y > 0:
                total += conduct[y - 1, x] * (here - image[y - 1, x])
            if x > 0:
                total += conduct[y, x - 1] * (here - image[y, x - 1])
            out[y, x] = total
