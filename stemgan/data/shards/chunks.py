"""An image to the bytes of a chunk and back; chunks and their index to a shard file.

Written out, after the Zarr v3 specification and its `sharding_indexed`, `blosc`, `zstd` and
`crc32c` codecs, because a chunk at a time this is several times faster than a general reader,
images can be encoded wherever they are made, and damage can be named.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgan.data.codes import TOP, quantise

Codes = NDArray[np.uint16]
COMPRESSIONS: dict[str, tuple[str, int]] = {"zstd": ("zstd", 1), "lz4": ("lz4", 5)}
"""Name: Blosc's compressor and level. With bytes shuffled both beat plain zstd."""
_MISSING = 2**64 - 1


class Encoded(NamedTuple):
    """An image ready to be stored: its chunk, and its intensities in their own unit."""

    chunk: bytes
    intensities: dict[str, float]


def encode_image(image: np.ndarray, compression: str = "zstd") -> Encoded:
    """Encode an image; in any process, as it is pure and what it returns can be sent.

    Parameters
    ----------
    image : finite values in any unit, (size, size).
    compression : zstd (smaller) or lz4 (read faster).

    Raises
    ------
    ValueError : a value is not finite.
    """
    return encode_codes(*quantise(image), compression)


def encode_codes(codes: Codes, low: float, high: float, compression: str) -> Encoded:
    """Encode an image that is codes already."""
    step = (high - low) / TOP
    # Sums of integers are the same on every machine.
    mean = int(codes.sum(dtype=np.uint64)) / codes.size
    square = int(np.einsum("yx,yx->", codes, codes, dtype=np.uint64)) / codes.size
    intensities = {
        "low": low,
        "high": high,
        "mean": low + step * mean,
        "std": step * max(0.0, square - mean**2) ** 0.5,
        "peak": low + step * int(codes.max()),
    }
    packed: bytes = _blosc(compression).encode(np.ascontiguousarray(codes, dtype="<u2"))
    return Encoded(packed + _checksum(packed), intensities)


def decode_chunk(chunk: bytes, codec: str, size: int) -> Codes:
    """Turn a chunk back into codes, (size, size).

    Parameters
    ----------
    chunk : the stored bytes.
    codec : blosc or zstd, which version 1 has.
    size : side of the image [px].

    Raises
    ------
    ValueError : the chunk is damaged.
    """
    import numcodecs

    body = _checked(chunk)
    try:
        plain: Any = numcodecs.get_codec({"id": codec}).decode(body)
        return np.frombuffer(plain, "<u2").reshape(size, size).astype(np.uint16, copy=False)
    except RuntimeError as error:
        raise ValueError(str(error)) from error


def pack_shard(chunks: list[bytes], per_shard: int) -> list[bytes]:
    """Lay chunks end to end with their index last: the parts of a shard file."""
    index = np.full((per_shard, 2), _MISSING, dtype="<u8")
    lengths = np.array([len(chunk) for chunk in chunks], dtype=np.uint64)
    index[: len(chunks), 0] = np.cumsum(lengths) - lengths
    index[: len(chunks), 1] = lengths
    packed = index.tobytes()
    return [*chunks, packed, _checksum(packed)]


def index_length(per_shard: int) -> int:
    """Say how long a shard's index is, with its checksum [bytes]."""
    return 16 * per_shard + 4


def unpack_index(packed: bytes, per_shard: int) -> list[tuple[int, int]]:
    """Read a shard's index: (start, stop) of each chunk in the file [bytes].

    Raises
    ------
    ValueError : the index is damaged.
    """
    if len(packed) != index_length(per_shard):
        raise ValueError("the index is cut short")
    pairs: Any = np.frombuffer(_checked(packed), "<u8").reshape(-1, 2).tolist()
    return [(start, start + length) for start, length in pairs if start != _MISSING]


def _blosc(compression: str) -> Any:  # noqa: ANN401 (numcodecs has no types)
    import numcodecs

    blosc: Any = numcodecs.blosc  # pyright: ignore[reportAttributeAccessIssue]
    # Blosc's own threads would lay its blocks in the order in which they finish.
    blosc.use_threads = False
    name, level = COMPRESSIONS[compression]
    return blosc.Blosc(cname=name, clevel=level, shuffle=blosc.Blosc.SHUFFLE)


def _checksum(data: bytes) -> bytes:
    import google_crc32c

    return google_crc32c.value(data).to_bytes(4, "little")


def _checked(data: bytes) -> bytes:
    body = data[:-4]
    if _checksum(body) != data[-4:]:
        raise ValueError("its checksum differs")
    return body
