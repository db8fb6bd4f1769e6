"""Kernels and what they are raced against: twins in NumPy and SciPy, and other libraries.

Each contest holds calls that do the same work on the same input, made ready beforehand in the
form that each likes best. The results are compared before anything is timed.
"""

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import distance_transform_edt
from scipy.spatial import KDTree
from skimage.draw import line as skimage_line

from stemgan_kernels import paths
from stemgan_kernels.distance import distance_transform, path_distance
from stemgan_kernels.masks import path_mask, visit
from stemgan_kernels.profiles import LEVELS, add_error, error_profile, error_statistics

Array = NDArray[Any]
Shape = tuple[int, int]
PITCH = 20.0
"""The published "1/20" spiral's [px]."""
EDGES = np.array([0, 0.5, 1.5, 2.5, 3.5, 5, 7, 10, 14, 20, 28, 40, 56, 80, 113, np.inf])


class Rival(NamedTuple):
    """Another way to the same result.

    tolerance : how far its result may be from the kernel's; None where it differs on purpose.
    largest : side of the largest frame that it is asked for [px].
    array : makes an array of what the call returns; not timed.
    """

    name: str
    call: Callable[[], Any]
    tolerance: float | None = 0.0
    largest: int = 1 << 20
    array: Callable[[Any], Array] = np.asarray


class Contest(NamedTuple):
    """A kernel, given the number of threads, and its rivals.

    threaded : whether the kernel takes more than one thread.
    """

    name: str
    kernel: Callable[[int], Array]
    rivals: tuple[Rival, ...]
    threaded: bool = True


def contests(shape: Shape) -> Iterator[Contest]:
    """Yield every contest on a frame of this shape."""
    spiral = paths.archimedean_spiral(shape, PITCH)
    yield from _lines(shape, spiral)
    yield from _dots(shape)
    mask = path_mask(spiral, shape, joined=True)
    yield from _distances(shape, spiral, mask)
    yield from _profiles(shape, distance_transform(mask).distance)


def _lines(shape: Shape, path: Array) -> Iterator[Contest]:
    whole = np.floor(path[:, ::-1] + 0.5).astype(np.int32)
    pairs = [(int(x), int(y)) for x, y in whole]
    yield Contest(
        "spiral, mask alone",
        lambda _: path_mask(path, shape, joined=True),
        (
            Rival("Pillow, floats", partial(_by_pillow, whole.ravel().astype("f4"), shape)),
            Rival("Pillow, tuples", partial(_by_pillow, pairs, shape)),
            # Its lines differ by a pixel here and there.
            Rival("OpenCV polylines", partial(_by_opencv, whole, shape), None),
            Rival("skimage.draw.line", partial(_by_skimage, whole, shape), None, 2048),
        ),
        threaded=False,
    )
    yield Contest(
        "spiral, in order",
        lambda _: visit(path, shape, joined=True).pixels,
        (
            Rival("NumPy", partial(lines_by_numpy, path, shape)),
            Rival(
                "Pillow, mask alone",
                partial(_by_pillow, whole.ravel().astype("f4"), shape),
                None,
            ),
        ),
        threaded=False,
    )


def _dots(shape: Shape) -> Iterator[Contest]:
    count = shape[0] * shape[1] // 20
    drawn = {
        "dots": paths.dot_grid(shape, PITCH**0.5),
        "raster": paths.raster(shape),
        "random": paths.random_dots(shape, count, seed=0),
    }
    for name, path in drawn.items():
        yield Contest(
            f"{name}, in order",
            lambda _, path=path: visit(path, shape, joined=False).pixels,
            (Rival("NumPy", partial(dots_by_numpy, path, shape)),),
            threaded=False,
        )
        yield Contest(
            f"{name}, mask alone",
            lambda _, path=path: path_mask(path, shape, joined=False),
            (Rival("NumPy", partial(_mask_by_numpy, path, shape)),),
            threaded=False,
        )


def _distances(shape: Shape, path: Array, mask: Array) -> Iterator[Contest]:
    inverse = (~mask).astype(np.uint8)
    yield Contest(
        "distance, nearest pixel",
        lambda threads: distance_transform(mask, threads).distance,
        (
            Rival("SciPy", partial(_by_scipy, mask), 1e-4),
            Rival(
                "OpenCV, no nearest",
                lambda: cv2.distanceTransform(inverse, cv2.DIST_L2, cv2.DIST_MASK_PRECISE),
                1e-3,
            ),
        ),
    )
    centres = np.indices(shape).reshape(2, -1).T
    yield Contest(
        "distance to positions",
        lambda threads: path_distance(path, shape, False, threads),
        (
            Rival(
                "SciPy k-d tree",
                lambda: KDTree(path).query(centres)[0].reshape(shape),
                1e-4,
                2048,
            ),
        ),
    )
    few = path[:: max(1, len(path) // 200)]
    yield Contest(
        "distance to 200 lines",
        lambda threads: path_distance(few, shape, True, threads),
        (Rival("NumPy", partial(path_distance_by_numpy, few, shape), 1e-3, 2048),),
    )
    yield Contest(
        "distance to a spiral",
        lambda threads: path_distance(path, shape, True, threads),
        (),
    )


def _profiles(shape: Shape, distance: Array) -> Iterator[Contest]:
    error = np.random.default_rng(0).normal(0, 5, shape).astype(np.float32)
    yield Contest(
        "error by distance",
        lambda threads: np.stack(error_statistics(error, distance, EDGES, threads)),
        (
            Rival("np.bincount", partial(sums_by_bincount, error, distance), 1e-6),
            Rival("np.histogram", partial(_sums_by_histogram, error, distance), 1e-6),
        ),
    )
    yield Contest(
        "with quantiles",
        lambda threads: error_profile(error, distance, EDGES, threads).histogram,
        (Rival("np.bincount", partial(levels_by_bincount, error, distance)),),
    )
    sums, twin = np.zeros((3, *shape)), np.zeros((3, *shape))

    def add(threads: int) -> Array:
        add_error(error, sums, threads)
        return sums[:0]

    def add_by_numpy() -> Array:
        twin[0] += error
        twin[1] += np.abs(error)
        twin[2] += error * error
        return twin[:0]

    yield Contest("error by pixel", add, (Rival("NumPy", add_by_numpy),))


def _by_pillow(points: Any, shape: Shape) -> Image.Image:  # noqa: ANN401 (tuples, or floats)
    canvas = Image.new("L", (shape[1], shape[0]))
    ImageDraw.Draw(canvas).line(points, fill=1, width=1)
    return canvas


def _by_opencv(whole: Array, shape: Shape) -> Array:
    canvas = np.zeros(shape, np.uint8)
    cv2.polylines(canvas, [whole], False, (1,))
    return canvas.view(bool)


def _by_skimage(whole: Array, shape: Shape) -> Array:
    mask = np.zeros(shape, bool)
    points = whole.tolist()
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        y, x = skimage_line(y0, x0, y1, x1)
        inside = (y >= 0) & (y < shape[0]) & (x >= 0) & (x < shape[1])
        mask[y[inside], x[inside]] = True
    return mask


def lines_by_numpy(path: Array, shape: Shape) -> Array:
    """Find the pixels of lines in the order of their first visit: all steps of all lines."""
    whole = np.floor(path + 0.5).astype(np.int64)
    way = np.diff(whole, axis=0)
    length = np.abs(way).max(1)
    line = np.repeat(np.arange(len(way)), length)
    first = np.concatenate([[0], np.cumsum(length)[:-1]])
    step = np.arange(len(line)) - first[line]
    long = length[line]
    moved = (2 * np.abs(way[line]) * step[:, None] + long[:, None]) // (2 * long[:, None])
    steps = whole[line] + np.sign(way[line]) * moved
    return _first_visits(np.concatenate([steps, whole[-1:]]), shape)


def dots_by_numpy(path: Array, shape: Shape) -> Array:
    """Find the pixels of positions in the order of their first visit."""
    return _first_visits(np.floor(path + 0.5).astype(np.int64), shape)


def _first_visits(pixels: Array, shape: Shape) -> Array:
    inside = ((pixels >= 0) & (pixels < shape)).all(1)
    flat = pixels[inside] @ np.array([shape[1], 1])
    return flat[np.sort(np.unique(flat, return_index=True)[1])]


def _mask_by_numpy(path: Array, shape: Shape) -> Array:
    mask = np.zeros(shape, bool)
    y, x = np.floor(path + 0.5).astype(np.int64).T
    inside = (y >= 0) & (y < shape[0]) & (x >= 0) & (x < shape[1])
    mask[y[inside], x[inside]] = True
    return mask


def _by_scipy(mask: Array) -> Array:
    distance = np.empty(mask.shape)
    nearest = np.empty((2, *mask.shape), dtype=np.int32)
    distance_transform_edt(~mask, return_indices=True, distances=distance, indices=nearest)
    return distance


def path_distance_by_numpy(path: Array, shape: Shape) -> Array:
    """Measure the distance to a path: every pixel against every line."""
    y, x = np.indices(shape, dtype=np.float64)
    least = np.full(shape, np.inf)
    for (ay, ax), (by, bx) in itertools.pairwise(path):
        dy, dx = by - ay, bx - ax
        along = np.clip(((y - ay) * dy + (x - ax) * dx) / (dy * dy + dx * dx), 0, 1)
        np.minimum(least, (y - ay - along * dy) ** 2 + (x - ax - along * dx) ** 2, out=least)
    return np.sqrt(least)


def sums_by_bincount(error: Array, distance: Array) -> Array:
    """Count, sum and sum of squares by distance."""
    ring = np.digitize(distance.ravel(), EDGES) - 1
    flat = error.ravel().astype(np.float64)
    bins = len(EDGES) - 1
    weights = (None, flat, flat * flat)
    return np.stack([np.bincount(ring, weight, bins) for weight in weights])


def _sums_by_histogram(error: Array, distance: Array) -> Array:
    weights = (None, error.astype(np.float64), error.astype(np.float64) ** 2)
    return np.stack([np.histogram(distance, EDGES, weights=w)[0] for w in weights])


def levels_by_bincount(error: Array, distance: Array) -> Array:
    """Count by distance and by error, beside count, sum and sum of squares."""
    sums_by_bincount(error, distance)
    side, levels = len(LEVELS) // 2, len(LEVELS) - 1
    ring = np.digitize(distance.ravel(), EDGES) - 1
    flat = error.ravel()
    size = np.digitize(np.minimum(np.abs(flat), 255.9), LEVELS[side:]) - 1
    level = np.where(flat < 0, side - 1 - size, side + size)
    bins = len(EDGES) - 1
    return np.bincount(ring * levels + level, minlength=bins * levels).reshape(bins, levels)
