"""Is a dataset whole? Every byte of it is compared with a checksum; damage is named."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from stemgan.amounts import amount
from stemgan.data.shards.chunks import decode_chunk, index_length, unpack_index
from stemgan.data.shards.labels import straddling
from stemgan.data.shards.reader import ShardedImages
from stemgan.errors import InputError


class Damage(NamedTuple):
    """What is wrong, and where: the file, and the chunk and image where there is one."""

    file: str
    chunk: int | None
    key: str | None
    reason: str

    def __str__(self) -> str:
        where = self.file if self.chunk is None else f"chunk {self.chunk} of {self.file}"
        return f"{where}{'' if self.key is None else f' (image {self.key})'}: {self.reason}"


def verify(
    path: str | Path,
    *,
    threads: int = 1,
    watch: Callable[[Iterable[list[Damage]], int], Iterable[list[Damage]]] | None = None,
) -> list[Damage]:
    """Read a dataset whole and list what is damaged; an empty list is good news.

    Parameters
    ----------
    path : the dataset's folder or URL.
    threads : shards read at once.
    watch : wraps the shards' results, whose number it is told, to show progress.

    Raises
    ------
    InputError : there is no complete dataset at `path`, or what describes it is damaged.
    """
    images = ShardedImages(path)
    found = [*_attached(images), *_labels(images)]
    with ThreadPoolExecutor(threads) as pool:
        results: Iterable[list[Damage]] = pool.map(
            lambda shard: list(_shard(images, shard)), range(images.shards)
        )
        for damages in watch(results, images.shards) if watch else results:
            found += damages
    return found


def _attached(images: ShardedImages) -> Iterator[Damage]:
    for name in images.files:
        try:
            images.read_sealed(name)
        except InputError:
            yield Damage(name, None, None, "it is missing, or its digest differs")


def _labels(images: ShardedImages) -> Iterator[Damage]:
    keys = images.columns["key"]
    if len(set(keys)) != len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        yield Damage("labels", None, None, f"two images have the key {twice}")
    torn = straddling(images.columns["group"], images.columns["split"], {})
    if torn:
        group, one, other = torn
        yield Damage("labels", None, None, f"group {group} is in {one} and in {other}")


def _shard(images: ShardedImages, shard: int) -> Iterator[Damage]:
    file, first = images.shard_file(shard), shard * images.per_shard
    count = min(images.per_shard, len(images) - first)
    try:
        data = images.place.read(file)
        end = len(data) - index_length(images.per_shard)
        index = unpack_index(data[max(0, end) :], images.per_shard)
    except (OSError, ValueError) as error:
        yield Damage(file, None, None, f"the shard's index: {error}")
        return
    if len(index) != count:
        yield Damage(file, None, None, f"{amount(len(index), 'image')} in place of {count}")
        return
    stops = [0, *sorted(stop for _, stop in index)]
    if stops[-1] != end or sorted(start for start, _ in index) != stops[:-1]:
        yield Damage(file, None, None, "there are bytes that belong to no image")
    for chunk, (start, stop) in enumerate(index):
        try:
            decode_chunk(data[start:stop], images.codec, images.size)
        except ValueError as error:
            yield Damage(file, chunk, images.columns["key"][first + chunk], str(error))
