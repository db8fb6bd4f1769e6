"""Which pixels were measured, in a processing record: a mask as a short text."""

import base64
import binascii
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError


def pack_mask(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """Write a mask as JSON can hold it.

    Parameters
    ----------
    mask : True = measured, (H, W).

    Returns
    -------
    `shape`, [H, W], and `bits`: a bit a pixel, row by row, the first in the highest bit of the
    first byte, compressed by zlib and written in base64.

    Examples
    --------
    >>> packed = pack_mask(np.eye(3, dtype=bool))
    >>> packed["shape"], bool((unpack_mask(packed) == np.eye(3)).all())
    ([3, 3], True)
    """
    # Level 1: higher ones take ten times as long on random dots and save little.
    bits = base64.b64encode(zlib.compress(np.packbits(mask).tobytes(), 1))
    return {"shape": list(mask.shape), "bits": bits.decode("ascii")}


def unpack_mask(packed: dict[str, Any]) -> NDArray[np.bool_]:
    """Read a mask that `pack_mask` wrote.

    Returns
    -------
    Mask, True = measured, (H, W).

    Raises
    ------
    InputError : it is damaged.
    """
    try:
        height, width = packed["shape"]
        raw = zlib.decompress(base64.b64decode(packed["bits"], validate=True))
        bits = np.unpackbits(np.frombuffer(raw, np.uint8))
        if len(raw) != -(-height * width // 8):
            raise ValueError(f"{len(raw)} bytes for {height}x{width}")
        return bits[: height * width].reshape(height, width).astype(np.bool_)
    except (KeyError, TypeError, ValueError, binascii.Error, zlib.error) as error:
        raise InputError(
            "the record of the measured pixels is damaged: complete the scan again"
        ) from error
