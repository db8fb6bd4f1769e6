"""Many pictures as squares, one after another: read here, or in processes."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import check_whole
from stemgan.processes import MOST_WORKERS, in_processes
from stemgan_data_prep.catalogue.labels import Picture, reason
from stemgan_data_prep.catalogue.reading import LOSSY, forget_file, read_image, square

Watch = Callable[[Iterable[Picture], int], Iterable[Picture]]
"""Wraps the pictures as they are done; it is told how many there are."""

_AT_ONCE = 16
_A_PROCESS = 128

Square = NDArray[np.uint8] | str
"""A picture as it is classified, or why it cannot be."""


def read_squares(
    pictures: Sequence[Picture],
    side: int,
    workers: int | None = None,
    watch: Watch | None = None,
) -> Iterator[Square]:
    """Read pictures in their order, each as a square (see `square`).

    Parameters
    ----------
    pictures : those to read.
    side : [px].
    workers : processes; None for as many as are worth their start.
    watch : see `Watch`.

    Raises
    ------
    InputError : there is no such number of processes.
    """
    count = _workers(workers, len(pictures))
    return _watched(pictures, side, count, watch)


def _watched(
    pictures: Sequence[Picture], side: int, workers: int, watch: Watch | None
) -> Iterator[Square]:
    read = _here(pictures, side) if workers < 2 else _elsewhere(pictures, side, workers)
    watched = iter(watch(pictures, len(pictures)) if watch else pictures)
    try:
        for _ in watched:
            yield next(read)
    finally:
        forget_file()


def _here(pictures: Iterable[Picture], side: int) -> Iterator[Square]:
    return (_read(picture, side) for picture in pictures)


def _elsewhere(pictures: Sequence[Picture], side: int, workers: int) -> Iterator[Square]:
    """Read in processes, some pictures at a time, and give what comes in order."""
    left = iter(pictures)
    lots = iter(lambda: list(islice(left, _AT_ONCE)), [])
    items = ((number, lot, side) for number, lot in enumerate(lots))
    early: dict[int, list[Square]] = {}
    wanted = 0
    for number, squares in in_processes(_read_all, items, workers, _start):
        early[number] = squares
        while wanted in early:
            yield from early.pop(wanted)
            wanted += 1


def _read_all(number: int, pictures: list[Picture], side: int) -> tuple[int, list[Square]]:
    return number, [_read(picture, side) for picture in pictures]


def _read(picture: Picture, side: int) -> Square:
    try:
        image = read_image(picture.file, picture.frame)
        lossy = picture.file.suffix.lower() in LOSSY
        return square(image, side, picture.key, lossy=lossy)
    except Exception as error:  # one odd file must not stop an archive
        return reason(error, picture.file, picture.key)


def _start(_: int) -> None:
    """Prepare nothing: a process reads."""


def _workers(workers: int | None, pictures: int) -> int:
    """Choose a number of processes: one takes as long to start as to read many pictures."""
    if workers is not None:
        check_whole("workers", workers, 0)
        return workers
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return min(cores or os.cpu_count() or 1, pictures // _A_PROCESS, MOST_WORKERS)
