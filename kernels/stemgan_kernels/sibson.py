"""Natural-neighbour interpolation on pixels: the discrete Sibson coordinates.

Sibson's weight of a sample at a place is the share of its Voronoi cell that the place would
take over were it a sample too. On pixels (Park, Linsen, Kreylos, Owens & Hamann, IEEE TVCG 12,
243, 2006): a pixel at distance d from its nearest sample is taken over by every place nearer
than d, so it gives its sample's value to the disc of radius d around itself, and each place
takes the mean of what it was given. There is no triangulation and no degenerate case.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


def discrete_sibson(
    distance: NDArray[np.float32], values: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Spread the values of the nearest samples over the discs that they would lose.

    Discs are added as runs of rows whose ends alone are written, so the cost grows with their
    radii, not their areas.

    Parameters
    ----------
    distance : Euclidean distance to the nearest sample [px], zero on samples, (H, W).
    values : that sample's value, any unit, (H, W).

    Returns
    -------
    The interpolant, (H, W) float32; samples keep their values.

    Raises
    ------
    ValueError : the shapes differ.

    Examples
    --------
    >>> discrete_sibson(np.float32([[0, 1, 1, 0]]), np.float32([[0, 0, 6, 6]])).tolist()
    [[0.0, 0.0, 6.0, 6.0]]
    """
    if distance.ndim != 2 or distance.shape != values.shape:
        raise ValueError(f"distance {distance.shape} and values {values.shape} differ")
    height, width = distance.shape
    total = np.zeros((height, width + 1))
    count = np.zeros((height, width + 1), np.int64)
    image = np.empty((height, width), np.float32)
    _spread(np.ascontiguousarray(distance), np.ascontiguousarray(values), total, count)
    _mean(total, count, image)
    return image


@njit(cache=True, nogil=True)
def _spread(distance, values, total, count):  # noqa: ANN001, ANN202
    height, width = distance.shape
    for y in range(height):
        for x in range(width):
            value = values[y, x]
            square = round(float(distance[y, x]) ** 2)
            # A place as far away as the sample itself takes nothing over: strictly nearer.
            reach = max(0, math.ceil(math.sqrt(square)) - 1)
            for row in range(max(0, y - reach), min(height, y + reach + 1)):
                left = square - (row - y) ** 2
                half = max(0, math.ceil(math.sqrt(left)) - 1)
                start, end = max(0, x - half), min(width, x + half + 1)
                total[row, start] += value
                total[row, end] -= value
                count[row, start] += 1
                count[row, end] -= 1


@njit(cache=True, nogil=True)
def _mean(total, count, image):  # noqa: ANN001, ANN202
    height, width = image.shape
    for y in range(height):
        running, number = 0.0, 0
        for x in range(width):
            running += total[y, x]
            number += count[y, x]
            image[y, x] = running / number
