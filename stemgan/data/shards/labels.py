"""What is kept of an image beside its pixels, and how it is written: one line an image."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

SPLITS = ("train", "val", "test")


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


COLUMNS = (*(field.name for field in fields(Label)), "low", "high", "mean", "std", "peak")
"""Columns of a dataset: those of a label, and the intensities that the writer adds."""

FIGURES = ("noise_fraction", "saturation", "constant", "sharpness", "mean", "std", "peak")
"""Columns of numbers that an image can be chosen by."""


def line_of(label: Label, intensities: Mapping[str, float]) -> str:
    """Write a label and its image's intensities as one line of JSON, without what is unknown.

    Examples
    --------
    >>> line_of(Label("a", "g", "a.tif", "val"), {"low": 0.0, "high": 1.0})
    '{"key":"a","group":"g","source":"a.tif","split":"val","low":0.0,"high":1.0}'
    """
    row = {
        name: value
        for name, value in {**asdict(label), **intensities}.items()
        if value is not None and not (isinstance(value, float) and not math.isfinite(value))
    }
    return json.dumps(row, separators=(",", ":"), allow_nan=False)


def columns_of(lines: Iterable[str]) -> dict[str, list[Any]]:
    """Turn lines into one list a column; what a line does not say is None.

    Raises
    ------
    ValueError : a line is not a JSON object.
    """
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    known: dict[str, str] = {}
    for line in lines:
        row = json.loads(line)
        if not isinstance(row, dict):
            raise ValueError("a line of labels is not an object")
        for name, column in columns.items():
            value = row.get(name)
            # Groups, sources and splits repeat: one copy of each text is kept.
            column.append(known.setdefault(value, value) if type(value) is str else value)
    return columns


def straddling(
    groups: Iterable[str], splits: Iterable[str], side: dict[str, str]
) -> tuple[str, str, str] | None:
    """Find a group that is in two splits.

    Parameters
    ----------
    groups, splits : of each image.
    side : the split of each group so far; it grows, so that datasets are checked together.

    Returns
    -------
    The group and its two splits, or None.

    Examples
    --------
    >>> straddling(["a", "b", "a"], ["train", "val", "test"], {})
    ('a', 'train', 'test')
    """
    for group, split in zip(groups, splits, strict=True):
        if side.setdefault(group, split) != split:
            return group, side[group], split
    return None
