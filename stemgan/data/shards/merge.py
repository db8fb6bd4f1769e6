"""Several datasets to one."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from stemgan.data.shards.chunks import encode_codes
from stemgan.data.shards.labels import COLUMNS, Label
from stemgan.data.shards.metadata import digest
from stemgan.data.shards.reader import ShardedImages
from stemgan.data.shards.sides import check_sides
from stemgan.data.shards.writer import ShardWriter, is_finished
from stemgan.errors import InputError

_NAMES = [field.name for field in fields(Label)]


def merge(
    paths: Sequence[str | Path],
    output: str | Path,
    *,
    compression: str = "zstd",
    watch: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> bool:
    """Write the images of several datasets, with their labels and splits, as one.

    Images keep their codes, so that nothing is lost. What an interrupted run has left is
    continued.

    Parameters
    ----------
    paths : the datasets, of images of one size.
    output : the dataset to be made.
    compression : zstd or lz4.
    watch : wraps the images' numbers, to show progress.

    Returns
    -------
    False if the merged dataset was there already and nothing was done.

    Raises
    ------
    InputError : sizes differ, two images have one key, a group or an image would be in two
        splits, or `output` holds something else.
    """
    datasets = [ShardedImages(path) for path in paths]
    _check(datasets)
    request = {
        "kind": "merge",
        "of": [images.request for images in datasets],
        "labels": [digest(repr(images.columns).encode()) for images in datasets],
        "compression": compression,
    }
    if is_finished(output, request):
        return False
    where = [(images, i) for images in datasets for i in range(len(images))]
    with ShardWriter(output, datasets[0].size, request, compression=compression) as writer:
        for number in watch(range(len(writer), len(where))):
            images, i = where[number]
            row = {name: images.columns[name][i] for name in COLUMNS}
            encoded = encode_codes(images.codes(i), row["low"], row["high"], compression)
            writer.append_encoded(encoded, Label(**{name: row[name] for name in _NAMES}))
    return True


def _check(datasets: Sequence[ShardedImages]) -> None:
    first = datasets[0]
    owner: dict[str, Any] = {}
    for images in datasets:
        if images.size != first.size:
            raise InputError(
                f"{first.path} has images of {first.size} px and {images.path} of "
                f"{images.size}: prepare them with one --size"
            )
        for key in images.columns["key"]:
            if owner.setdefault(key, images.path) is not images.path:
                raise InputError(
                    f"{owner[key]} and {images.path} both have an image {key}: "
                    "leave one of them out"
                )
    check_sides(datasets)
