"""Examples and maps as pictures inside the page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stemgan.plots.page import data_uri, png
from stemgan.study.report.costs import setting

Array = NDArray[Any]
_SIDE = 256
"""Side of what is shown of an example [px]: its middle, so that no pixel is lost."""
_UNMEASURED = (24, 32, 64)


class Picture(NamedTuple):
    """A picture with its caption and what it shows in words."""

    data: str
    caption: str
    alt: str
    size: tuple[int, int]


def grey(image: Array, low: float, high: float) -> bytes:
    """Draw an image in grey; what is NaN is dark blue."""
    known = np.isfinite(image)
    span = high - low if high > low else 1.0
    levels = np.zeros(image.shape, np.uint8)
    levels[known] = np.clip((image[known] - low) / span * 255, 0, 255).astype(np.uint8)
    if known.all():
        return png(Image.fromarray(levels))
    rgb = np.repeat(levels[..., None], 3, 2)
    rgb[~known] = _UNMEASURED
    return png(Image.fromarray(rgb).quantize(128))


def heat(image: Array, high: float) -> bytes:
    """Draw a map from 0 (dark) to `high` (bright)."""
    from matplotlib import colormaps

    levels = np.clip(image / (high or 1.0), 0, 1)
    rgb = (colormaps["inferno"](levels)[..., :3] * 255).astype(np.uint8)
    return png(Image.fromarray(rgb).quantize(128))


def middle(image: Array, side: int = _SIDE) -> Array:
    """Cut the middle out of an image."""
    cut = [slice(max(0, (n - side) // 2), (n + side) // 2) for n in image.shape[-2:]]
    return image[(..., *cut)]


def example(arrays: Mapping[str, Array], title: str) -> list[Picture]:
    """Draw truth, scan, completion and deviation of one example at one grey scale."""
    truth = middle(np.asarray(arrays["truth"], np.float64))
    low, high = np.percentile(truth, (0.5, 99.5))
    whole = "partial" in arrays and bool(np.isfinite(arrays["partial"]).all())
    found = []
    for name, caption in (
        ("truth", "truth"),
        ("partial", "full scan" if whole else "partial scan"),
        ("completion", "completion"),
    ):
        if name in arrays:
            image = middle(np.asarray(arrays[name], np.float64))
            found.append(
                _picture(grey(image, low, high), caption, f"{caption} of {title}", image)
            )
    if "std" in arrays:
        deviation = middle(np.asarray(arrays["std"], np.float64))
        top = float(np.percentile(deviation, 99.5))
        share = 100 * top / (high - low) if high > low else 0.0
        caption = f"deviation, 0 to {share:.2g} % of the range"
        found.append(_picture(heat(deviation, top), caption, f"{caption}, {title}", deviation))
    return found


def _picture(packed: bytes, caption: str, alt: str, image: Array) -> Picture:
    return Picture(data_uri(packed), caption, alt, (image.shape[1], image.shape[0]))


def map_pictures(maps: Sequence[tuple[str, Array]]) -> list[Picture]:
    """Draw maps of the root mean square error at each pixel, at one scale."""
    if not maps:
        return []
    high = float(np.percentile(np.concatenate([image.ravel() for _, image in maps]), 99))
    return [
        _picture(
            heat(image, high),
            f"{title}: 0 (dark) to {high:.2g} % (bright)",
            f"root mean square error at each pixel, {title}: mean {image.mean():.2g} %",
            image,
        )
        for title, image in maps
    ]


def read_maps(folder: Path) -> list[tuple[str, Array]]:
    """Read a study's maps of systematic errors, and what each is of."""
    from stemgan.evaluate.maps import FOLDER, read_map
    from stemgan.images import read_stack

    found = []
    for path in sorted((folder / FOLDER).glob("*.tif")):
        record = read_stack(path)[0].metadata
        named = {"scan", "coverage", "method"} <= set(record)
        title = f"{record['scan']} at {setting(record)}, {record['method']}" if named else ""
        found.append((title or path.stem, read_map(path, 128)))
    return found
