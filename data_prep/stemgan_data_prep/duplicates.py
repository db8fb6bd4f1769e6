"""Crops that show the same: found by a perceptual hash, told apart by correlation."""

import os
from dataclasses import dataclass
from errno import ENOSPC
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.fft import dctn

_SIDE = 32
_LOW = 8
_DIFFERENT_BITS = 12
_THUMBNAIL = 128
_SHADING = 6.0
"""What varies more slowly [px of the thumbnail] is not compared: on 85 different real
micrographs shading alone correlates by up to 0.98, the detail by up to 0.27. On 95 % of them
the detail of a copy of 8 bits or of another contrast correlates by more than 0.96, of one with
noise of half its standard deviation by more than 0.72, of one moved by a pixel by 0.85."""

_DEVIATIONS = 4.0


@dataclass(frozen=True)
class Signature:
    """What crops are compared by.

    Attributes
    ----------
    digest : of the values, 16 bytes: the same for the same values alone.
    bits : perceptual hash, 64 bit: nearly the same for images that look alike.
    thumbnail : averaged over blocks, without its shading, on a scale of its own, (n, n) uint8.
    """

    digest: bytes
    bits: int
    thumbnail: NDArray[np.uint8]


def signature(crop: NDArray[np.float32]) -> Signature:
    """Sign a crop, (size, size) with size at least 32 px.

    The hash is that of the signs of the lowest frequencies of a 32x32 image against their
    median (C. Zauner, Implementation and benchmarking of perceptual image hash functions,
    2010).
    """
    frequencies = np.asarray(dctn(_averaged(crop, _SIDE), norm="ortho"))
    low = frequencies[:_LOW, :_LOW].ravel()
    signs = low > np.median(low[1:])
    bits = int.from_bytes(np.packbits(signs).tobytes(), "big")
    small = _averaged(crop, min(_THUMBNAIL, crop.shape[0]))
    small -= ndimage.gaussian_filter(small, _SHADING, mode="nearest")
    scale = small.std() * _DEVIATIONS or 1.0
    levels = np.clip((small - small.mean()) / scale, -1, 1) * 127 + 128
    return Signature(digest(crop), bits, levels.astype(np.uint8))


def digest(image: NDArray[np.float32]) -> bytes:
    """Digest the values of an image: 16 bytes, the same for the same values alone."""
    return blake2b(image.astype("<f4").tobytes(), digest_size=16).digest()


def _averaged(crop: NDArray[np.float32], side: int) -> NDArray[np.float64]:
    """Average over equal blocks; what is left over at the right and below is not used."""
    block = crop.shape[0] // side
    used = crop[: side * block, : side * block].astype(np.float64)
    return used.reshape(side, block, side, block).mean(axis=(1, 3))


def correlation(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Correlate two thumbnails, from -1 to 1."""
    a, b = one.astype(np.float64).ravel(), other.astype(np.float64).ravel()
    a, b = a - a.mean(), b - b.mean()
    norm = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / norm) if norm > 0 else 0.0


class Seen:
    """The crops that were kept so far; thumbnails lie in a file, hashes in memory.

    Parameters
    ----------
    path : file that keeps the signatures, so that an interrupted run can go on; None keeps
        them in memory.
    size : side of the crops [px].
    threshold : correlation from which two crops are the same; above 1 only equal values are.
    """

    def __init__(self, path: Path | None, size: int, threshold: float) -> None:
        side = min(_THUMBNAIL, size)
        self._record = np.dtype(
            [("digest", "V16"), ("bits", "<u8"), ("thumbnail", "u1", (side, side))]
        )
        self.threshold = threshold
        self._file = None if path is None else path.open("a+b", buffering=0)
        self._memory: list[NDArray[np.uint8]] = []
        self._digests: dict[bytes, int] = {}
        self._bits = np.zeros(1024, dtype=np.uint64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def restore(self, count: int) -> None:
        """Read back the first `count` signatures and forget the rest.

        Raises
        ------
        ValueError : the file holds fewer.
        """
        if self._file is None:
            return
        if self._file.seek(0, 2) < count * self._record.itemsize:
            raise ValueError("signatures are missing")
        self._file.truncate(count * self._record.itemsize)
        self._file.seek(0)
        self._count = 0
        self._digests.clear()
        for _ in range(count):
            raw = self._file.read(self._record.itemsize)
            record = np.frombuffer(raw, self._record)[0]
            self._note(record["digest"].tobytes(), int(record["bits"]))

    def find(self, new: Signature) -> tuple[int, float] | None:
        """Find the first crop that shows the same: its number, and their correlation."""
        same = self._digests.get(new.digest)
        if same is not None:
            return same, 1.0
        if self.threshold > 1:
            return None
        apart = np.bitwise_count(self._bits[: self._count] ^ np.uint64(new.bits))
        for index in np.flatnonzero(apart <= _DIFFERENT_BITS).tolist():
            alike = correlation(self._thumbnail(index), new.thumbnail)
            if alike >= self.threshold:
                return index, alike
        return None

    def add(self, new: Signature) -> None:
        """Keep a crop's signature.

        Raises
        ------
        OSError : it cannot be written.
        """
        if self._file is None:
            self._memory.append(new.thumbnail)
        else:
            row = np.zeros(1, self._record)
            row["digest"] = np.void(new.digest)
            row["bits"], row["thumbnail"] = new.bits, new.thumbnail
            if self._file.write(row.tobytes()) != row.nbytes:
                raise OSError(ENOSPC, os.strerror(ENOSPC))
        self._note(new.digest, new.bits)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _note(self, digest: bytes, bits: int) -> None:
        if self._count == len(self._bits):
            self._bits = np.concatenate([self._bits, np.zeros_like(self._bits)])
        self._bits[self._count] = bits
        self._digests.setdefault(digest, self._count)
        self._count += 1

    def _thumbnail(self, index: int) -> NDArray[np.uint8]:
        if self._file is None:
            return self._memory[index]
        self._file.seek(index * self._record.itemsize)
        return np.frombuffer(self._file.read(self._record.itemsize), self._record)[0][
            "thumbnail"
        ]
