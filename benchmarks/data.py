"""Time the writing and reading of shards beside a memory-mapped NPY of the same images.

    python benchmarks/data.py [-n 500] [--size 512] [--folder FOLDER]

The images are simulated micrographs as counted by a detector, uint16. Drawing is not timed.
Each measurement runs in processes of its own, whose peak memory is theirs alone. Reading is in
random order, one image at a time, as in training: first with the files dropped from the
system's cache ("cold"; where the system can), then again ("warm"). Every image that is read is
compared with what was written, outside of the time that is taken, or the script stops. The
processor's time for an image is given beside the clock's: other work on the machine spoils the
latter alone.
"""

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.data.shards import (
    COMPRESSIONS,
    Encoded,
    Label,
    ShardedImages,
    ShardWriter,
    encode_image,
)
from stemgan.synthetic import micrograph

Row = dict[str, Any]
Images = NDArray[np.uint16]
DISTINCT = 32
"""Images that are drawn; the others are these, turned and brightened."""
_MINE: dict[str, Any] = {}


def main() -> None:
    parser = argparse.ArgumentParser(description="Time shards beside a memory-mapped NPY.")
    parser.add_argument("-n", "--number", type=int, default=500, help="images (500)")
    parser.add_argument("--size", type=int, default=512, help="side of the images [px] (512)")
    parser.add_argument("--folder", help="where to write (the system's temporary folder)")
    parser.add_argument("--json", action="store_true", help="print each row as JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        drawn = Path(folder) / "drawn.npy"
        np.save(drawn, draw(arguments.size))
        for row in measured(Path(folder), drawn, arguments.number):
            print(json.dumps(row) if arguments.json else described(row), flush=True)


def draw(size: int) -> Images:
    """Draw the distinct images: from 20 to 20,000 electrons a pixel at the brightest."""
    images = np.empty((DISTINCT, size, size), dtype=np.uint16)
    for index, electrons in enumerate(np.geomspace(20, 20_000, DISTINCT)):
        rng = np.random.default_rng((0, index))
        image = micrograph((size, size), rng).astype(np.float64)
        share = (image - image.min()) / max(float(np.ptp(image)), 1e-12)
        images[index] = rng.poisson(share * electrons)
    return images


def image_of(drawn: Images, index: int) -> Images:
    """Return image `index` of the dataset."""
    turn = index // DISTINCT
    return np.rot90(drawn[index % DISTINCT], turn % 4) + np.uint16(turn)


class Stopwatch:
    """Adds up the time spent in its blocks [s], of the clock and of this process."""

    def __init__(self) -> None:
        self.seconds = self.processor = 0.0

    def __enter__(self) -> None:
        self._start = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._start[0]
        self.processor += time.process_time() - self._start[1]


def measured(folder: Path, drawn: Path, number: int) -> Iterator[Row]:
    npy = folder / "images.npy"
    yield alone(write_npy, npy, drawn, number)
    yield from reading(npy, drawn, number)
    for compression in COMPRESSIONS:
        path = folder / compression
        yield alone(write_shards, path, drawn, number, compression)
        shutil.rmtree(path)
        yield alone(write_shards_from_two, path, drawn, number, compression)
        yield from reading(path, drawn, number)


def reading(path: Path, drawn: Path, number: int) -> Iterator[Row]:
    for readers in (1, 2):
        for state in ("cold", "warm"):
            if state == "warm" or drop_from_cache(path):
                yield read_by(readers, state, path, drawn, number)


def alone(task: Callable[..., Row], *arguments: object) -> Row:
    """Run a task in a process of its own."""
    with processes(1) as pool:
        return pool.submit(task, *arguments).result()


def processes(count: int, *start: Any) -> ProcessPoolExecutor:  # noqa: ANN401 (a call's)
    """Start processes, each of which begins with a call, if one is given."""
    function, *arguments = start or (None,)
    return ProcessPoolExecutor(
        count, get_context("spawn"), initializer=function, initargs=tuple(arguments)
    )


def write_npy(path: Path, drawn: Path, number: int) -> Row:
    source, watch = np.load(drawn), Stopwatch()
    shape = (number, *source.shape[1:])
    images = np.lib.format.open_memmap(path, "w+", "uint16", shape)
    for index in range(number):
        image = image_of(source, index)
        with watch:
            images[index] = image
    with watch:
        images.flush()
    return written(path, 1, number, watch)


def write_shards(path: Path, drawn: Path, number: int, compression: str) -> Row:
    """Encode and write in this process."""
    source, watch = np.load(drawn), Stopwatch()
    encode_image(source[0], compression)  # libraries are loaded
    with ExitStack() as stack:
        size = source.shape[1]
        writer = stack.enter_context(ShardWriter(path, size, {}, compression=compression))
        for index in range(number):
            image = image_of(source, index)
            with watch:
                writer.append(image, label(index))
        with watch:
            stack.close()  # the last shard, and the labels
    return written(path, 1, number, watch)


def write_shards_from_two(path: Path, drawn: Path, number: int, compression: str) -> Row:
    """Encode in two further processes, as preparing and synthesizing do, and write here."""
    size, watch = np.load(drawn, mmap_mode="r").shape[1], Stopwatch()
    with processes(2, load, drawn, compression) as pool:
        list(pool.map(encoded, range(64), chunksize=8))  # libraries are loaded
        with watch, ShardWriter(path, size, {}, compression=compression) as writer:
            for index, item in enumerate(pool.map(encoded, range(number), chunksize=16)):
                writer.append_encoded(item, label(index))
    return written(path, 2, number, watch)


def load(drawn: Path, compression: str) -> None:
    _MINE.update(drawn=np.load(drawn), compression=compression)


def encoded(index: int) -> Encoded:
    return encode_image(image_of(_MINE["drawn"], index), _MINE["compression"])


def label(index: int) -> Label:
    return Label(f"image-{index}", f"group-{index // 10}", "benchmark", "train")


def written(path: Path, workers: int, number: int, watch: Stopwatch) -> Row:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return {
        "what": f"write {path.name}",
        "processes": workers,
        "images_per_second": number / watch.seconds,
        "processor_ms": watch.processor / number * 1e3 if workers == 1 else None,
        "bytes_per_image": sum(file.stat().st_size for file in files) / number,
        "peak_mib": peak_memory(),
    }


def drop_from_cache(path: Path) -> bool:
    """Ask the system to forget the files' contents; tell whether it can be asked."""
    if not hasattr(os, "posix_fadvise"):
        return False
    for file in [path] if path.is_file() else path.rglob("*"):
        if file.is_file():
            descriptor = os.open(file, os.O_RDONLY)
            os.fsync(descriptor)  # what is not on disk cannot be forgotten
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)
    return True


def read_by(readers: int, state: str, path: Path, drawn: Path, number: int) -> Row:
    """Read all images, shared out to some processes that run at once."""
    order = np.random.default_rng(0).permutation(number)
    with processes(readers) as pool:
        shares = [order[reader::readers] for reader in range(readers)]
        tasks = [pool.submit(read, path, drawn, share) for share in shares]
        rates, loads, peaks = zip(*(task.result() for task in tasks), strict=True)
    return {
        "what": f"read {path.name}, {state}",
        "processes": readers,
        "images_per_second": float(np.mean(rates)),  # of one process
        "processor_ms": float(np.mean(loads)),
        "bytes_per_image": None,
        "peak_mib": max(peaks),
    }


def read(path: Path, drawn: Path, indices: NDArray[np.int64]) -> tuple[float, ...]:
    """Read as float32; return images a second, processor time [ms], peak memory [MiB]."""
    source = np.load(drawn, mmap_mode="r")
    images = np.load(path, mmap_mode="r") if path.is_file() else ShardedImages(path)
    watch, number = Stopwatch(), len(indices)
    np.asarray(images[0], dtype=np.float32)  # libraries are loaded
    for index in indices.tolist():
        with watch:
            image = np.asarray(images[index], dtype=np.float32)
        if not np.array_equal(image, image_of(source, index)):
            raise RuntimeError(f"image {index} of {path.name} is not what was written")
    return number / watch.seconds, watch.processor / number * 1e3, peak_memory()


def peak_memory() -> float:
    """Return the largest memory that this process has had [MiB]; known on Linux alone."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    lines = status.read_text(encoding="ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) / 2**10 for line in lines if line.startswith("VmHWM"))


def described(row: Row) -> str:
    size, load = row["bytes_per_image"], row["processor_ms"]
    return (
        f"{row['what']:<22} {row['processes']} x "
        f"{row['images_per_second']:8.0f} images/s  "
        f"{'' if load is None else f'{load:5.2f} ms of processor':<22}"
        f"{'' if size is None else f'{size:8.0f} bytes/image':<22}"
        f"peak {row['peak_mib']:.0f} MiB"
    )


if __name__ == "__main__":
    main()
