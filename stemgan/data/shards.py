"""The only definition of the shard format: uint16 images in a sharded Zarr v3 array.

A dataset is a folder, a Zarr v3 group that holds one array, ``images``, (n, size, size): one
image a chunk (so that any image is read by itself), some hundreds of chunks a shard file (so
that a dataset is few files), zstd and crc32c on every chunk. What belongs to each image
(key, group, split, intensity scale, ...) stands in the group's attributes, one list a column.

An image x is stored as codes q in 0...65535 with x = low + q (high - low) / 65535 and its own
low and high: integers whose range fits come back exactly, anything else within
range / 131070. ``docs/shard_format.md`` is the specification for other tools.
"""

import json
import shutil
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stemgan.data.codes import quantise, restore
from stemgan.errors import InputError

if TYPE_CHECKING:
    import zarr

FORMAT = "stemgan-images"
VERSION = 1
SPLITS = ("train", "val", "test")
_SHARD_PIXELS = 2**26


@dataclass(frozen=True)
class Label:
    """What is kept of an image beside its pixels.

    Parameters
    ----------
    key : the image's name, unique in its dataset; it seeds the image's validation scan.
    group : images of one group (specimen, session) are in the same split.
    source : the file, or the simulation, that the image comes from.
    split : train, val or test.
    pixel_size : side of a pixel [unit], if known.
    unit : unit of the pixel size, if known.
    noise_fraction : share of the variance that is noise, 0 for a clean image, if known.
    saturation : share of pixels at the detector's ends, if known.
    constant : share of pixels in regions without any variation, if known.
    sharpness : a figure that falls as an image is blurred, if known.
    detector : the detector's name, if known.
    category : the class that the image belongs to, if any.
    """

    key: str
    group: str
    source: str
    split: str
    pixel_size: float | None = None
    unit: str | None = None
    noise_fraction: float | None = None
    saturation: float | None = None
    constant: float | None = None
    sharpness: float | None = None
    detector: str | None = None
    category: str | None = None


COLUMNS = (*(field.name for field in fields(Label)), "low", "high")


class ShardWriter:
    """Write a dataset shard by shard beside its final name, and rename it there when whole.

    An interrupted run leaves ``.NAME.partial``; a writer of the same `request` continues it:
    `len(writer)` says how many images are already safe, and the caller goes on from there.
    Used as a context manager; the dataset appears when the block ends without an error, with
    whatever else was put in `folder`.

    Parameters
    ----------
    path : the dataset's folder; it must not exist yet, its parent must.
    size : side of the square images [px].
    request : what the dataset is made from (settings, seed): JSON values, kept as attribute.
    per_shard : images a shard file; by default 256, fewer where images are large.

    Raises
    ------
    InputError : `path` exists, or its parent folder does not, or cannot be written to.
    """

    def __init__(
        self, path: Path, size: int, request: dict[str, Any], *, per_shard: int | None = None
    ) -> None:
        if path.exists():
            raise InputError(f"{path} exists: choose another -o, or remove it")
        if not path.absolute().parent.is_dir():
            raise InputError(
                f"the folder of {path} does not exist: make it, or choose another -o"
            )
        self.path = path
        self.size = size
        self.per_shard = per_shard or int(np.clip(_SHARD_PIXELS // size**2, 1, 256))
        self._request = json.loads(json.dumps(request))
        self.folder = path.with_name(f".{path.name}.partial")
        self._columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
        self._codes: list[np.ndarray] = []
        self._open()

    def __len__(self) -> int:
        return len(self._columns["key"])

    def append(self, image: np.ndarray, label: Label) -> None:
        """Add one image (size, size); it is safe on disk once its shard is full.

        Raises
        ------
        ValueError : the image has another shape, or a value that is not finite.
        """
        if image.shape != (self.size, self.size):
            raise ValueError(f"image {image.shape} and dataset size {self.size} differ")
        codes, low, high = quantise(image)
        self._codes.append(codes)
        for name, value in {**asdict(label), "low": low, "high": high}.items():
            self._columns[name].append(value)
        if len(self._codes) == self.per_shard:
            self._flush(complete=False)

    def __enter__(self) -> "ShardWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._flush(complete=True)
            self.folder.rename(self.path)
        elif issubclass(kind, InputError):  # nothing that another run could continue
            shutil.rmtree(self.folder)

    def _open(self) -> None:
        import zarr
        from zarr.codecs import Crc32cCodec, ZstdCodec

        if self.folder.is_dir():
            try:
                self._resume(zarr.open_group(self.folder, mode="r+"))
                return
            except (OSError, KeyError, ValueError):
                shutil.rmtree(self.folder)
        try:
            self._root = zarr.create_group(self.folder)
        except OSError as error:
            raise InputError(f"{self.path} could not be written: {error.strerror}") from error
        self._images: Any = self._root.create_array(
            "images",
            shape=(0, self.size, self.size),
            chunks=(1, self.size, self.size),
            shards=(self.per_shard, self.size, self.size),
            dtype="uint16",
            compressors=[ZstdCodec(level=3), Crc32cCodec()],
            config={"write_empty_chunks": True},  # so that a missing chunk is damage
        )
        self._flush(complete=False)

    def _resume(self, root: "zarr.Group") -> None:
        attributes: dict[str, Any] = root.attrs.asdict()
        images: Any = root["images"]
        same = attributes["request"] == self._request and attributes["version"] == VERSION
        if not same or images.shape[1:] != (self.size, self.size):
            raise ValueError("the partial dataset is of another request")
        safe = attributes["count"] // self.per_shard * self.per_shard
        self._columns = {name: attributes["columns"][name][:safe] for name in COLUMNS}
        self._root, self._images = root, images

    def _flush(self, *, complete: bool) -> None:
        count = len(self)
        if self._codes:
            self._images.resize((count, self.size, self.size))
            self._images[count - len(self._codes) :] = np.stack(self._codes)
            self._codes.clear()
        # The attributes come last: what they count is on disk.
        self._root.attrs.update(
            {
                "format": FORMAT,
                "version": VERSION,
                "complete": complete,
                "count": count,
                "size": self.size,
                "per_shard": self.per_shard,
                "request": self._request,
                "columns": self._columns,
            }
        )


class ShardedImages:
    """Read a dataset: `images[i]` is a float32 image (size, size) in its own unit.

    Opened lazily and once in each process, so that it can be sent to data-loading workers.

    Parameters
    ----------
    path : the dataset's folder.

    Raises
    ------
    InputError : there is no complete dataset at `path`, or it is of a newer version.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        attributes = _attributes(self.path)
        self.size: int = attributes["size"]
        self.request: dict[str, Any] = attributes["request"]
        count = len(attributes["columns"]["key"])
        self.columns: dict[str, list[Any]] = {
            name: attributes["columns"].get(name, [None] * count) for name in COLUMNS
        }
        self._array: Any = None
        # Shards are named by numbers; file managers leave files of their own.
        files = (self.path / "images" / "c").rglob("*")
        shards = sum(file.name.isdecimal() and file.is_file() for file in files)
        if shards != -(-len(self) // attributes["per_shard"]):
            raise InputError(f"{path} lacks some of its shards: make the dataset again")

    def __len__(self) -> int:
        return len(self.columns["key"])

    def __getitem__(self, index: int) -> np.ndarray:
        if not -len(self) <= index < len(self):
            raise IndexError(f"image {index} of {len(self)}")
        index %= len(self)
        if self._array is None:
            import zarr

            self._array = zarr.open_array(self.path / "images", mode="r")
        try:
            codes = self._array[index]
        except (OSError, ValueError, RuntimeError) as error:
            raise InputError(
                f"image {index} of {self.path} is damaged: make the dataset again"
            ) from error
        return restore(codes, self.columns["low"][index], self.columns["high"][index])

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_array": None}

    def split(self, name: str) -> np.ndarray:
        """List the indices (n,) int64 of the images of split `name`: train, val or test."""
        if name not in SPLITS:
            raise InputError(f"there is no split {name!r}: choose one of {', '.join(SPLITS)}")
        return np.flatnonzero(np.array(self.columns["split"]) == name)


def is_finished(path: Path, request: dict[str, Any]) -> bool:
    """Tell whether the dataset of `request` is already at `path`.

    Raises
    ------
    InputError : something else is at `path`.
    """
    if not path.exists():
        return False
    if ShardedImages(path).request != json.loads(json.dumps(request)):
        raise InputError(
            f"{path} was made with other settings: choose another -o, or remove it"
        )
    return True


def _attributes(path: Path) -> dict[str, Any]:
    try:
        text = (path / "zarr.json").read_text(encoding="utf-8")
        attributes = json.loads(text)["attributes"]
        version, complete = attributes["version"], attributes["complete"]
        named = attributes["format"] == FORMAT
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is not a dataset: make one with stemgan prepare or stemgan synthesize"
        ) from error
    if not (named and complete):
        raise InputError(f"{path} is not a complete dataset: make it again")
    if version > VERSION:
        raise InputError(
            f"{path} has format version {version}, newer than {VERSION}: update stemgan"
        )
    return attributes
