"""A file's own metadata as plain JSON of bounded length."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_LONGEST_TEXT = 500
_LONGEST_LIST = 32
_MOST_ENTRIES = 400


def plain(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Turn metadata into what JSON can hold; long texts are cut, arrays told by their shape.

    At most so many entries are kept as make some ten kilobytes; ``"..."`` says where the
    rest was left out.

    Examples
    --------
    >>> plain({"gain": np.float32(2), "x": float("nan"), "raw": np.zeros((90, 90))})
    {'gain': 2.0, 'x': None, 'raw': 'array (90, 90) float64'}
    """
    return _mapping(metadata, [_MOST_ENTRIES])


def _mapping(values: Mapping[Any, Any], left: list[int]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in values.items():
        if left[0] <= 0:
            kept["..."] = "..."
            break
        left[0] -= 1
        kept[str(name)] = _value(value, left)
    return kept


def _value(value: Any, left: list[int]) -> Any:  # noqa: ANN401
    if isinstance(value, Mapping):
        return _mapping(value, left)
    if isinstance(value, np.ndarray) and (value.size > _LONGEST_LIST or value.ndim > 1):
        return f"array {value.shape} {value.dtype}"
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        if len(value) > _LONGEST_LIST:
            return f"{len(value)} values"
        return [_value(one, left) for one in value]
    text = value if isinstance(value, str) else f"{value}"
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}..."
