"""Images as 16-bit codes, each on its own linear scale."""

import numpy as np

TOP = 65535


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
    values = np.asarray(image, dtype=np.float64)
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError("an image with values that are not finite cannot be stored")
    # Counts stay exact with a step of one; a constant image needs some step too.
    if low == high or (high - low <= TOP and np.array_equal(values, np.rint(values))):
        high = low + TOP
    step = (high - low) / TOP
    codes = np.rint((values - low) / step) if step > 0 else np.zeros(values.shape)
    return codes.astype(np.uint16), low, high


def restore(codes: np.ndarray, low: float, high: float) -> np.ndarray:
    """Turn 16-bit codes back into float32 values in the image's own unit."""
    return (low + codes * ((high - low) / TOP)).astype(np.float32)
