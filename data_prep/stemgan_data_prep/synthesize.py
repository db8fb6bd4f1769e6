"""Simulated micrographs to a sharded dataset: image i is drawn from (seed, i) alone."""

from collections.abc import Callable, Iterable, Iterator
from multiprocessing import get_context
from pathlib import Path

import numpy as np

import stemgan
from stemgan.data.shards import Label, ShardWriter, is_finished
from stemgan.synthetic import micrograph
from stemgan_data_prep.splits import assign


def synthesize(
    count: int,
    output: Path,
    *,
    size: int = 512,
    shares: tuple[float, float, float] = (0.9, 0.1, 0.0),
    seed: int = 0,
    workers: int = 0,
    watch: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> bool:
    """Draw clean micrographs and write them as a dataset; continue where one stopped.

    Parameters
    ----------
    count : number of images.
    output : the dataset's folder.
    size : side of the images [px].
    shares : shares of images for train, val and test.
    seed : another seed, other images.
    workers : processes that draw; 0 draws in this one.
    watch : wraps the images' numbers, to show progress.

    Returns
    -------
    False if the dataset was there already and nothing was done.

    Raises
    ------
    InputError : `output` holds another dataset, or its parent folder does not exist.
    """
    request = {
        "kind": "synthetic",
        "count": count,
        "size": size,
        "shares": shares,
        "seed": seed,
        "stemgan": stemgan.__version__,
    }
    if is_finished(output, request):
        return False
    keys = [f"synthetic-{seed}-{index}" for index in range(count)]
    splits = assign(keys, shares, seed)
    with ShardWriter(output, size, request) as writer:
        todo = [(seed, index, size) for index in range(len(writer), count)]
        images = _drawn(todo, workers)
        for index in watch(range(len(writer), count)):
            key = keys[index]
            label = Label(key, key, "synthetic", splits[key], noise_fraction=0.0)
            writer.append(next(images), label)
    return True


def _drawn(todo: list[tuple[int, int, int]], workers: int) -> Iterator[np.ndarray]:
    if workers == 0:
        yield from map(_draw, todo)
        return
    # Spawned, as on Windows and macOS: the same everywhere.
    with get_context("spawn").Pool(workers) as pool:
        yield from pool.imap(_draw, todo, chunksize=8)


def _draw(task: tuple[int, int, int]) -> np.ndarray:
    seed, index, size = task
    return micrograph((size, size), np.random.default_rng((seed, index)))
