"""Large frames in overlapping tiles that are blended smoothly."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]

_LARGEST_WHOLE = 1536
_TILE = 1024
_OVERLAP = 256


def in_tiles(run: Callable[[Image], Image], inputs: Image) -> Image:
    """Run on the whole frame, or on overlapping tiles of it that are blended smoothly.

    Memory is then that of one tile and of the frame itself, whatever the frame's size. Distance
    and infill come from the whole frame, so that tiles see what lies beyond their edges.

    Parameters
    ----------
    run : makes (K, h, w) of (N, h, w).
    inputs : (N, H, W).

    Returns
    -------
    (K, H, W).
    """
    shape = inputs.shape[1:]
    if max(shape) <= _LARGEST_WHOLE:
        return run(inputs)
    total: Image | None = None
    weight = np.zeros(shape, dtype=np.float32)
    for rows, row_ramp in spans(shape[0]):
        for columns, column_ramp in spans(shape[1]):
            ramp = row_ramp[:, None] * column_ramp
            results = run(inputs[:, rows, columns])
            if total is None:
                total = np.zeros((len(results), *shape), dtype=np.float32)
            total[:, rows, columns] += ramp * results
            weight[rows, columns] += ramp
    assert total is not None
    total /= weight
    return total


def spans(length: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Yield the tiles of one axis with their blending weights (raised cosines, never zero)."""
    size = min(length, _TILE)
    count = 1 + max(0, -(-(length - size) // (size - _OVERLAP)))
    for start in np.linspace(0, length - size, count).round().astype(int):
        x = np.minimum(np.arange(size) + 0.5, _OVERLAP) / _OVERLAP
        rise = np.sin(0.5 * np.pi * x) ** 2
        left = rise if start > 0 else np.ones(size)
        right = rise[::-1] if start + size < length else np.ones(size)
        yield slice(start, start + size), np.maximum(left * right, 1e-6).astype(np.float32)
