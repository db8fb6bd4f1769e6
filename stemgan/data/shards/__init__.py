"""The only definition of the shard format: 16-bit images in a sharded Zarr v3 array.

A dataset is a folder, on disk or below any URL that fsspec knows: a Zarr v3 group that holds
one array, ``images``, (n, size, size): one image a chunk (so that any image is read by
itself), some hundreds of chunks a shard file (so that a dataset is few files), compression
and crc32c on every chunk. What belongs to each image (key, group, split, intensity scale,
...) is one line of ``labels.jsonl``.

An image x is stored as codes q in 0...65535 with x = low + q (high - low) / 65535 and its own
low and high: integers whose range fits come back exactly, anything else within
range / 131070. ``docs/shard_format.md`` is the specification for other tools.
"""

from stemgan.data.shards.chunks import COMPRESSIONS, Encoded, encode_image
from stemgan.data.shards.labels import COLUMNS, SPLITS, Label
from stemgan.data.shards.metadata import FORMAT, VERSION
from stemgan.data.shards.reader import ShardedImages
from stemgan.data.shards.writer import ShardWriter, is_finished

__all__ = [
    "COLUMNS",
    "COMPRESSIONS",
    "FORMAT",
    "SPLITS",
    "VERSION",
    "Encoded",
    "Label",
    "ShardWriter",
    "ShardedImages",
    "encode_image",
    "is_finished",
]
