"""Scans of separate dots: grids, random pixels and Poisson disks."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stemgan_kernels.paths.frame import check, inside


def dot_grid(
    shape: tuple[int, int],
    pitch: float,
    *,
    offset: tuple[float, float] | None = None,
    rotation: float = 0.0,
) -> NDArray[np.float64]:
    """Square grid of single pixels, visited line by line in alternating direction.

    Parameters
    ----------
    shape : height and width of the frame [px].
    pitch : distance between neighbouring dots [px], at least 1; need not be whole.
    offset : a dot, (y, x) [px]; by default (side mod pitch) // 2, as in DLSS-STEM
        (arXiv 1910.10467), and of a turned grid the frame's centre.
    rotation : angle by which the grid is turned about that dot, from x towards y [rad].

    Returns
    -------
    Positions inside the frame, (n, 2); on whole pixels where the grid is not turned.

    Raises
    ------
    ValueError : an empty shape, or a pitch below 1.

    Examples
    --------
    >>> len(dot_grid((512, 512), 5))
    10609
    """
    check(shape, pitch)
    if rotation != 0:
        return _turned_grid(shape, pitch, offset, rotation)
    start = [(n % pitch) // 2 for n in shape] if offset is None else offset
    rows, columns = (
        np.floor(np.arange(s % pitch, n, pitch)) for n, s in zip(shape, start, strict=True)
    )
    y, x = np.meshgrid(rows, columns, indexing="ij")
    x[1::2] = x[1::2, ::-1]
    return np.stack([y.ravel(), x.ravel()], axis=1)


def _turned_grid(
    shape: tuple[int, int], pitch: float, offset: tuple[float, float] | None, rotation: float
) -> NDArray[np.float64]:
    middle = np.array([(side - 1) / 2 for side in shape])
    pivot = middle if offset is None else np.array(offset, np.float64)
    cosine, sine = math.cos(rotation), math.sin(rotation)
    # Rows run along (sine, cosine) in (y, x); the frame's centre may be far from the pivot.
    near = np.array([[cosine, -sine], [sine, cosine]]) @ (middle - pivot) / pitch
    reach = math.ceil(math.hypot(*shape) / 2 / pitch) + 1
    span = np.arange(-reach, reach + 1)
    v, u = np.meshgrid(np.round(near[0]) + span, np.round(near[1]) + span, indexing="ij")
    u[1::2] = u[1::2, ::-1]
    y = pivot[0] + pitch * (v * cosine + u * sine)
    x = pivot[1] + pitch * (u * cosine - v * sine)
    dots = np.stack([y.ravel(), x.ravel()], axis=1)
    return dots[inside(dots, shape)]


def random_dots(shape: tuple[int, int], count: int, *, seed: int) -> NDArray[np.float64]:
    """Draw distinct pixels, all equally likely, in the order in which they are drawn.

    Parameters
    ----------
    shape : height and width of the frame [px].
    count : number of dots, 1 to H W.
    seed : seed of the draw.

    Returns
    -------
    Whole-pixel positions, (count, 2).

    Raises
    ------
    ValueError : an empty shape, or a count outside 1 to H W.
    """
    check(shape)
    if not 1 <= count <= math.prod(shape):
        raise ValueError(f"{count} dots are not 1 to {math.prod(shape)}")
    rng = np.random.default_rng(seed)
    chosen = rng.choice(math.prod(shape), count, replace=False)
    return np.stack(np.divmod(chosen, shape[1]), axis=1).astype(np.float64)


def poisson_disk(
    shape: tuple[int, int], pitch: float, *, seed: int, most: int | None = None
) -> NDArray[np.float64]:
    """Random pixels of which no two are nearer than the pitch, visited in serpentine bands.

    Pixels are tried in random order, and each is taken unless one nearer than the pitch was
    taken before: dart throwing (Cook, ACM Transactions on Graphics 5, 51, 1986) over the finite
    set of pixels, where it ends, and leaves no room for another dot. Where it is to stop before
    that, the next larger distance is filled first, so that the dots lie evenly all the same
    (McCool & Fiume, Graphics Interface, 94, 1992).

    Parameters
    ----------
    shape : height and width of the frame [px].
    pitch : smallest distance between dots [px], at least 1.
    seed : seed of the order.
    most : number of dots at which to stop; by default where no room is left.

    Returns
    -------
    Whole-pixel positions, (n, 2).

    Raises
    ------
    ValueError : an empty shape, a pitch below 1, or a limit below 1.
    """
    check(shape, pitch)
    limit = math.prod(shape) if most is None else most
    if limit < 1:
        raise ValueError(f"at most {limit} dots are none")
    order = np.random.default_rng(seed).permutation(math.prod(shape))
    pitch = min(pitch, math.hypot(*shape))  # no two pixels are farther apart
    squares = _squares(pitch)[: 1 if most is None else 2]
    taken = _throw(order, shape[0], shape[1], squares[::-1].copy(), limit)
    dots = np.stack(np.divmod(taken, shape[1]), axis=1).astype(np.float64)
    return dots[_banded(dots, pitch)]


def _squares(pitch: float) -> NDArray[np.int64]:
    """Return the squares of the two smallest distances between pixels from the pitch on."""
    # A pitch that was a square root must find itself again.
    least = pitch * pitch * (1 - 1e-12)
    down = np.arange(math.ceil(pitch) + 3)
    across = np.ceil(np.sqrt(np.maximum(least - down**2, 0))).astype(np.int64)
    # Beside the first that is far enough: one for rounding, and the second.
    near = np.maximum(across[:, None] + np.arange(-1, 3), 0)
    sums = np.unique(down[:, None] ** 2 + near**2)
    return sums[sums >= least][:2]


@njit(cache=True, nogil=True)
def _throw(order, height, width, squares, limit):  # noqa: ANN001, ANN202
    blocked = np.zeros((height, width), dtype=np.bool_)
    taken = np.empty(min(limit, len(order)), dtype=np.int64)
    count = 0
    for square in squares:
        half = _half_widths(square)
        blocked[:] = False
        for dot in taken[:count]:
            _block(blocked, dot // width, dot % width, half)
        for pixel in order:
            y, x = pixel // width, pixel % width
            if blocked[y, x]:
                continue
            if count == len(taken):
                return taken
            taken[count] = pixel
            count += 1
            _block(blocked, y, x, half)
    return taken[:count]


@njit(cache=True, nogil=True)
def _half_widths(square):  # noqa: ANN001, ANN202
    """By row of a disk, how far it reaches left and right at distances below the square's."""
    reach = int(np.sqrt(square))
    half = np.full(2 * reach + 1, -1, dtype=np.int64)
    for row in range(2 * reach + 1):
        dy = row - reach
        while dy * dy + (half[row] + 1) ** 2 < square:
            half[row] += 1
    return half


@njit(cache=True, nogil=True)
def _block(blocked, y, x, half):  # noqa: ANN001, ANN202
    height, width = blocked.shape
    reach = len(half) // 2
    for dy in range(max(-reach, -y), min(reach, height - 1 - y) + 1):
        across = half[dy + reach]
        for near in range(max(x - across, 0), min(x + across, width - 1) + 1):
            blocked[y + dy, near] = True


def _banded(dots: NDArray[np.float64], pitch: float) -> NDArray[np.intp]:
    """Order dots along bands of the pitch's height, in alternating direction."""
    band = (dots[:, 0] // (1.5 * pitch)).astype(np.int64)
    along = np.where(band % 2 == 1, -dots[:, 1], dots[:, 1])
    return np.lexsort((along, band))
