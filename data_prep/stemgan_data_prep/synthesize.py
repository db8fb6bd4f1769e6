"""Simulated micrographs to a sharded dataset: image i is drawn from (seed, i) alone."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np

import stemgan
from stemgan.data.shards import Encoded, Label, ShardWriter, encode_image, is_finished
from stemgan.errors import InputError
from stemgan.noise_estimate import noise_fraction
from stemgan.processes import begin_worker, check_workers
from stemgan.synthetic import Scene, recorded, scene
from stemgan_data_prep.splits import assign

_TORCH_BATCH = 32
_LEAST_NOISE = 1e-6  # 0 says that an image is clean


@dataclass(frozen=True)
class Drawing:
    """How images are drawn: their side [px], whether recorded with noise, and a seed."""

    size: int
    noisy: bool
    seed: int


class Drawn(NamedTuple):
    """An image ready to be written, and what is known of it."""

    encoded: Encoded
    kind: str
    pixel_size: float
    noise_fraction: float


def synthesize(
    count: int,
    output: Path,
    *,
    size: int = 512,
    noisy: bool = False,
    shares: tuple[float, float, float] = (0.9, 0.1, 0.0),
    seed: int = 0,
    workers: int = 0,
    device: str | None = None,
    watch: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> bool:
    """Draw micrographs and write them as a dataset; continue where one stopped.

    Parameters
    ----------
    count : number of images.
    output : the dataset's folder.
    size : side of the images [px].
    noisy : whether they are recorded with the faults of microscopes, or clean.
    shares : shares of images for train, val and test.
    seed : another seed, other images.
    workers : processes that draw; 0 draws in this one. The images are the same.
    device : a device on which torch draws, instead of NumPy in the workers; the images are the
        same to rounding only, so that a dataset is drawn by one of them from start to end.
    watch : wraps the images' numbers, to show progress.

    Returns
    -------
    False if the dataset was there already and nothing was done.

    Raises
    ------
    InputError : `output` holds another dataset, its parent folder does not exist, torch does
        not have the device, or more workers than the system allows.
    """
    check_workers(workers, 0)
    drawing = Drawing(size, noisy, seed)
    request = {
        "kind": "synthetic",
        "count": count,
        "size": size,
        "noisy": noisy,
        "shares": shares,
        "seed": seed,
        "drawn_by": "numpy" if device is None else "torch",
        "stemgan": stemgan.__version__,
    }
    if is_finished(output, request):
        return False
    if device is not None:
        _check_device(device)
    keys = [f"synthetic-{seed}-{index}" for index in range(count)]
    splits = assign(keys, shares, seed)
    with ShardWriter(output, size, request) as writer:
        todo = range(len(writer), count)
        drawn = _by_torch(todo, drawing, device) if device else _drawn(todo, drawing, workers)
        for index in watch(todo):
            image = next(drawn)
            label = Label(
                keys[index],
                keys[index],
                "synthetic",
                splits[keys[index]],
                pixel_size=float(f"{image.pixel_size:.4g}"),
                unit="nm",
                noise_fraction=image.noise_fraction,
                category=image.kind,
            )
            writer.append_encoded(image.encoded, label)
    return True


def _drawn(todo: Iterable[int], drawing: Drawing, workers: int) -> Iterator[Drawn]:
    """Draw in order; a few images ahead where other processes draw."""
    if workers == 0:
        yield from (_draw(index, drawing) for index in todo)
        return
    # Spawned, as on Windows and macOS: the same everywhere.
    with get_context("spawn").Pool(workers, begin_worker) as pool:
        numbers = iter(todo)
        waiting = deque(
            pool.apply_async(_draw, (index, drawing)) for index in islice(numbers, 4 * workers)
        )
        while waiting:
            yield waiting.popleft().get()
            for index in islice(numbers, 1):
                waiting.append(pool.apply_async(_draw, (index, drawing)))


def _draw(index: int, drawing: Drawing) -> Drawn:
    rng = np.random.default_rng((drawing.seed, index))
    what = scene((drawing.size, drawing.size), rng)
    return _finished(what.render(), what, drawing, rng)


def _by_torch(todo: Iterable[int], drawing: Drawing, device: str) -> Iterator[Drawn]:
    """Draw batches of images with torch; what is random in them is drawn here."""
    from stemgan.synthetic.batched import render

    numbers = iter(todo)
    while indices := list(islice(numbers, _TORCH_BATCH)):
        rngs = [np.random.default_rng((drawing.seed, index)) for index in indices]
        scenes = [scene((drawing.size, drawing.size), rng) for rng in rngs]
        images = render(scenes, device).cpu().numpy()
        for image, what, rng in zip(images, scenes, rngs, strict=True):
            yield _finished(image, what, drawing, rng)


def _finished(
    image: np.ndarray, what: Scene, drawing: Drawing, rng: np.random.Generator
) -> Drawn:
    """Record an image if it is to be noisy, and encode it."""
    noise = 0.0
    if drawing.noisy:
        image = recorded(image, rng, what.pixel_size)
        noise = float(f"{max(noise_fraction(image), _LEAST_NOISE):.3g}")
    return Drawn(encode_image(image), what.kind, what.pixel_size, noise)


def _check_device(device: str) -> None:
    import torch

    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"torch cannot use the device {device!r} here: leave --device out, or use cpu"
        ) from error
