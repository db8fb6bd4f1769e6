"""A dataset at a glance: what is in it, by number and as a sheet of thumbnails."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stemgan.data.shards import ShardedImages
from stemgan.data.shards.labels import FIGURES

if TYPE_CHECKING:
    from PIL.Image import Image

_LARGEST = 5
_SIDE, _CAPTION, _EDGE = 128, 14, 3
_COLOURS = {"train": (90, 90, 90), "val": (230, 159, 0), "test": (86, 180, 233)}


def overview(images: ShardedImages) -> dict[str, Any]:
    """Count a dataset's images by split, group, source and category, and sum up its figures.

    Returns
    -------
    JSON values. `groups` counts groups by split, `largest_groups` images of the largest;
    `figures` gives (least, median, greatest) of each figure that is known, and of how many
    images it is known.
    """
    columns = images.columns
    by_group = Counter(columns["group"])
    pairs = set(zip(columns["split"], columns["group"], strict=True))
    return {
        "path": str(images.path),
        "images": len(images),
        "size": images.size,
        "version": images.version,
        "shards": images.shards,
        "splits": dict(Counter(columns["split"])),
        "groups": dict(Counter(split for split, _ in pairs)),
        "largest_groups": dict(by_group.most_common(_LARGEST)),
        "sources": len(set(columns["source"])),
        "categories": _counted(columns["category"]),
        "detectors": _counted(columns["detector"]),
        "units": _counted(columns["unit"]),
        "figures": {**_pixel_sizes(columns), **_figures(columns)},
        "made_from": images.request,
    }


def _counted(names: list[str | None]) -> dict[str, int]:
    return dict(Counter(name for name in names if name is not None))


def _figures(columns: dict[str, list[Any]]) -> dict[str, dict[str, float]]:
    known = {name: [v for v in columns[name] if v is not None] for name in FIGURES}
    return {name: _summed_up(values) for name, values in known.items() if values}


def _pixel_sizes(columns: dict[str, list[Any]]) -> dict[str, dict[str, float]]:
    by_unit: dict[str, list[float]] = {}
    for size, unit in zip(columns["pixel_size"], columns["unit"], strict=True):
        if size is not None:
            by_unit.setdefault(unit or "of no unit", []).append(size)
    return {f"pixel [{unit}]": _summed_up(sizes) for unit, sizes in by_unit.items()}


def _summed_up(known: list[float]) -> dict[str, float]:
    least, median, greatest = np.percentile(known, (0, 50, 100)).tolist()
    return {"least": least, "median": median, "greatest": greatest, "known": len(known)}


def chosen(images: ShardedImages, count: int) -> list[int]:
    """Choose `count` images: of as many groups as possible, in turn, in the dataset's order."""
    turn: Counter[str] = Counter()
    ranked: list[tuple[int, int]] = []
    for index, group in enumerate(images.columns["group"]):
        ranked.append((turn[group], index))
        turn[group] += 1
    ranked.sort()
    # Spread over the groups where there are more of them than places.
    first = [index for rank, index in ranked if rank == 0]
    if len(first) > count:
        return [first[i * len(first) // count] for i in range(count)]
    return sorted(index for _, index in ranked[:count])


def contact_sheet(images: ShardedImages, count: int = 48, across: int = 8) -> "Image":
    """Draw thumbnails of some images, each stretched over its own intensities.

    The frame's colour says the split: grey train, orange val, blue test; the caption the group.
    """
    from PIL import Image, ImageDraw

    indices = chosen(images, count)
    across = min(across, len(indices))
    rows = -(-len(indices) // across)
    cell = _SIDE + 2 * _EDGE
    sheet = Image.new("RGB", (across * cell, rows * (cell + _CAPTION)), "white")
    draw = ImageDraw.Draw(sheet)
    for place, index in enumerate(indices):
        row, column = divmod(place, across)
        left, top = column * cell, row * (cell + _CAPTION)
        colour = _COLOURS[images.columns["split"][index]]
        draw.rectangle((left, top, left + cell - 1, top + cell - 1), fill=colour)
        sheet.paste(Image.fromarray(_thumbnail(images[index])), (left + _EDGE, top + _EDGE))
        text = str(images.columns["group"][index])
        while draw.textlength(text) > cell - 4:
            text = text[:-1]
        draw.text((left + 2, top + cell + 1), text, fill="black")
    return sheet


def _thumbnail(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    from PIL import Image

    small = Image.fromarray(image).resize((_SIDE, _SIDE), Image.Resampling.BOX)
    values = np.asarray(small, dtype=np.float64)
    low, high = np.percentile(values, (0.5, 99.5))
    scaled = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return (np.clip(scaled, 0, 1) * 255).round().astype(np.uint8)
