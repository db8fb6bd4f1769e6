"""The JSON files of a dataset: the group's, the array's, and how they are told to be whole."""

import json
from hashlib import sha256
from typing import Any

from stemgan.data.shards.chunks import COMPRESSIONS
from stemgan.data.shards.places import Folder, Remote
from stemgan.errors import InputError

FORMAT = "stemgan-images"
VERSION = 2
LABELS = "labels.jsonl"
ARRAY = "images/zarr.json"
GROUP = "zarr.json"
_BYTES = {"name": "bytes", "configuration": {"endian": "little"}}
_CRC = {"name": "crc32c"}


def shard_name(shard: int) -> str:
    """Name the file of a shard, in the folder ``images``."""
    return f"c.{shard}.0.0"


def array_metadata(count: int, size: int, per_shard: int, compression: str) -> bytes:
    """Describe the array as Zarr v3 does."""
    name, level = COMPRESSIONS[compression]
    blosc = {"cname": name, "clevel": level, "shuffle": "shuffle", "typesize": 2}
    sharding = {
        "chunk_shape": [1, size, size],
        "codecs": [_BYTES, {"name": "blosc", "configuration": {**blosc, "blocksize": 0}}, _CRC],
        "index_codecs": [_BYTES, _CRC],
        "index_location": "end",
    }
    return _written(
        {
            "zarr_format": 3,
            "node_type": "array",
            "shape": [count, size, size],
            "data_type": "uint16",
            "chunk_grid": {
                "name": "regular",
                "configuration": {"chunk_shape": [per_shard, size, size]},
            },
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
            "fill_value": 0,
            "codecs": [{"name": "sharding_indexed", "configuration": sharding}],
            "dimension_names": ["image", "y", "x"],
            "attributes": {},
        }
    )


def chunk_codec(text: bytes) -> str:
    """Name the codec that compresses the array's chunks: blosc or zstd.

    Raises
    ------
    ValueError : the codecs are others than this project writes, or the text is damaged.
    """
    try:
        (sharding,) = json.loads(text)["codecs"]
        names = [codec["name"] for codec in sharding["configuration"]["codecs"]]
    except (KeyError, TypeError) as error:
        raise ValueError("the array's metadata is damaged") from error
    if names not in (["bytes", "blosc", "crc32c"], ["bytes", "zstd", "crc32c"]):
        raise ValueError(f"the codecs {names} are unknown")
    return names[1]


def digest(data: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return sha256(data).hexdigest()


def group_metadata(attributes: dict[str, Any]) -> bytes:
    """Describe the group as Zarr v3 does; its attributes are sealed with their own digest."""
    sealed = {**attributes, "digest": _seal(attributes)}
    return _written({"zarr_format": 3, "node_type": "group", "attributes": sealed})


def read_attributes(place: Folder | Remote) -> dict[str, Any]:
    """Read the group's attributes, complete or not.

    Raises
    ------
    InputError : there is no dataset, it is damaged, or of a newer version.
    """
    try:
        document = json.loads(place.read(GROUP))
        attributes: dict[str, Any] = document["attributes"]
        named, version = attributes["format"] == FORMAT, attributes["version"]
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{place} is not a dataset: make one with stemgan prepare or stemgan synthesize"
        ) from error
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{place} could not be read: {reason}") from error
    if not named:
        raise InputError(f"{place} is a dataset of another kind: make one with stemgan prepare")
    if not isinstance(version, int) or version > VERSION:
        raise InputError(
            f"{place} has format version {version}, newer than {VERSION}: update stemgan"
        )
    seal = attributes.pop("digest", None)
    kept = (document.get("zarr_format"), document.get("node_type")) == (3, "group")
    if version >= 2 and not (kept and seal == _seal(attributes)):
        raise InputError(f"{GROUP} of {place} is damaged: make the dataset again")
    return attributes


def _seal(attributes: dict[str, Any]) -> str:
    return digest(json.dumps(attributes, sort_keys=True).encode())


def _written(document: dict[str, Any]) -> bytes:
    return json.dumps(document, indent=1).encode()
