"""Images as 16-bit codes, each on its own linear scale."""

from collections.abc import Iterator

import numpy as np

TOP = 65535
_BLOCK = 2**15
"""Pixels worked on at once: little enough for the processor's cache, and no large memory is
asked of the system anew for each image."""


def quantise(image: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Turn an image into 16-bit codes on its own linear scale.

    Parameters
    ----------
    image : finite values in any unit, (height, width).

    Returns
    -------
    codes, low, high : uint16 codes (height, width), and the values of codes 0 and 65535.

    Raises
    ------
    ValueError : a value is not finite.

    Examples
    --------
    >>> codes, low, high = quantise(np.array([[-3.0, 5.0]]))
    >>> codes.tolist(), low, high
    ([[0, 8]], -3.0, 65532.0)
    """
    low, high = float(image.min()), float(image.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError("an image with values that are not finite cannot be stored")
    # Counts stay exact with a step of one; a constant image needs some step too.
    if low == high or (high - low <= TOP and _whole(image)):
        high = low + TOP
    step = (high - low) / TOP
    codes = np.zeros(image.shape, dtype=np.uint16)
    for rows in _blocks(image.shape) if step > 0 else ():
        values = image[rows].astype(np.float64)
        values -= low
        values /= step
        codes[rows] = np.rint(values, out=values)
    return codes, low, high


def restore(codes: np.ndarray, low: float, high: float) -> np.ndarray:
    """Turn 16-bit codes back into float32 values in the image's own unit."""
    image = np.empty(codes.shape, dtype=np.float32)
    step = (high - low) / TOP
    for rows in _blocks(codes.shape):
        values = codes[rows] * step
        values += low
        image[rows] = values
    return image


def _whole(image: np.ndarray) -> bool:
    """Tell whether all values are whole numbers."""
    if np.issubdtype(image.dtype, np.integer):
        return True
    return all(np.array_equal(image[r], np.rint(image[r])) for r in _blocks(image.shape))


def _blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    rows = max(1, _BLOCK // max(1, shape[-1]))
    return (slice(start, start + rows) for start in range(0, shape[0], rows))
