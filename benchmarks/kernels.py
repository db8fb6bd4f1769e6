"""Time the kernels side by side with their NumPy, SciPy and Pillow twins.

    python benchmarks/kernels.py [--repeats 20]

Each row: the best of several runs of both on the same input, after one run that compiles, and
how many times faster the kernel is. Both must agree, or the script stops.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import distance_transform_edt

from stemgan_kernels.distance import distance_transform
from stemgan_kernels.masks import mask_of, visit
from stemgan_kernels.paths import archimedean_spiral
from stemgan_kernels.profiles import error_statistics

SHAPES = ((512, 512), (1024, 768), (2048, 2048))
PITCH = 20.0
"""The published "1/20" spiral's [px]."""

Array = NDArray[Any]


class Contest(NamedTuple):
    """A kernel and its twin on the same input: two calls, each returning an array."""

    name: str
    twin_name: str
    kernel: Callable[[], Array]
    twin: Callable[[], Array]
    tolerance: float


def spiral_by_pillow(path: Array, shape: tuple[int, int]) -> Array:
    """Draw a path as the 2020 code did: one-pixel lines between whole pixels, by Pillow."""
    canvas = Image.new("1", (shape[1], shape[0]))
    points = np.floor(path[:, ::-1] + 0.5).astype(int)
    ImageDraw.Draw(canvas).line([(int(x), int(y)) for x, y in points], fill=1)
    return np.asarray(canvas)


def distance_by_scipy(mask: Array) -> Array:
    """Return the distance [px]; the nearest pixel is found too, as by the kernel."""
    distance = np.empty(mask.shape)
    nearest = np.empty((2, *mask.shape), dtype=np.int32)
    distance_transform_edt(~mask, return_indices=True, distances=distance, indices=nearest)
    return distance


def statistics_by_numpy(error: Array, distance: Array, edges: Array) -> Array:
    """Count, sum and sum of squares by distance, with one histogram each."""
    rows = [np.histogram(distance, edges)[0].astype(float)]
    rows += [np.histogram(distance, edges, weights=error**power)[0] for power in (1, 2)]
    return np.stack(rows)


def contests(shape: tuple[int, int]) -> Iterator[Contest]:
    """Pair every kernel with its twin on a spiral scan of a frame of this shape."""
    path = archimedean_spiral(shape, PITCH)
    mask = mask_of(visit(path, shape, joined=True), shape)
    yield Contest(
        "spiral mask",
        "Pillow",
        lambda: mask_of(visit(path, shape, joined=True), shape),
        lambda: spiral_by_pillow(path, shape),
        0.0,
    )
    yield Contest(
        "distance and nearest pixel",
        "SciPy",
        lambda: distance_transform(mask).distance,
        lambda: distance_by_scipy(mask),
        1e-4,
    )
    distance = distance_transform(mask).distance
    error = np.random.default_rng(0).random(shape)
    edges = np.arange(41.0)
    yield Contest(
        "error by distance",
        "NumPy",
        lambda: np.stack(error_statistics(error, distance, edges)),
        lambda: statistics_by_numpy(error, distance, edges),
        1e-6,
    )


def best_seconds(call: Callable[[], Array], repeats: int) -> float:
    """Return the shortest of several runs [s]."""
    spans = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        spans.append(time.perf_counter() - start)
    return min(spans)


def main() -> None:
    """Run every contest at every shape and print the table."""
    parser = argparse.ArgumentParser(description="Time the kernels beside their twins.")
    parser.add_argument("--repeats", type=int, default=20)
    repeats = parser.parse_args().repeats
    print(
        f"{'kernel':<27}{'shape':>12}{'kernel ms':>11}{'twin ms':>10}  {'twin':<7}{'ratio':>6}"
    )
    for shape in SHAPES:
        for contest in contests(shape):
            np.testing.assert_allclose(contest.kernel(), contest.twin(), rtol=contest.tolerance)
            kernel, twin = (best_seconds(c, repeats) for c in (contest.kernel, contest.twin))
            print(
                f"{contest.name:<27}{shape[0]:>7}x{shape[1]:<4}{1e3 * kernel:>11.2f}"
                f"{1e3 * twin:>10.2f}  {contest.twin_name:<7}{twin / kernel:>6.1f}"
            )


if __name__ == "__main__":
    main()
