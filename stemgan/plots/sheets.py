"""Sheets of pictures: examples side by side, and maps of systematic errors."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stemgan.plots.style import folded, pyplot, save, unique

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Image = NDArray[np.floating]
Example = tuple[str, Image, Image, Mapping[str, Image]]

_CROP = 256, 176
"""Sides of what is shown of an image [px], large and small: no pixel is lost on the sheet."""
_FEW = 8
"""More columns than these are small."""


def example_sheet(path: Path, title: str, rows: Sequence[Example]) -> None:
    """Draw one image's partial scans and completions: a row a scan, a column a method.

    Parameters
    ----------
    path : PNG to write.
    title : the image's name.
    rows : label, truth, partial scan (NaN where unmeasured) and completions by method of each
        scan. The middle of each image is shown, at the truth's intensity limits.
    """
    columns = ["partial scan", *rows[0][3], "truth"]
    crop = _CROP[len(columns) > _FEW]
    height, width = _middle_of(rows[0][1], crop).shape
    figure, axes = _sheet([row[0] for row in rows], columns, height / width)
    for line, (_, truth, partial, images) in zip(axes, rows, strict=True):
        limits = dict(zip(("vmin", "vmax"), np.percentile(truth, (0.5, 99.5)), strict=True))
        for axis, image in zip(line, [partial, *images.values(), truth], strict=True):
            axis.imshow(_middle_of(image, crop), cmap="gray", interpolation="nearest", **limits)
            axis.set_facecolor("#182040")
    figure.suptitle(title, fontsize=10)
    save(figure, path)


def map_sheet(path: Path, maps: Sequence[tuple[str, str, Image]]) -> None:
    """Draw maps of systematic errors: a row a scan, a column a method, a scale a row.

    Parameters
    ----------
    path : PNG to write.
    maps : label of the scan, method, and root mean square error at each pixel [%].
    """
    rows = unique(label for label, _, _ in maps)
    columns = unique(method for _, method, _ in maps)
    figure, axes = _sheet(rows, columns, maps[0][2].shape[0] / maps[0][2].shape[1])
    limits = {
        row: float(
            np.percentile(np.concatenate([m.ravel() for r, _, m in maps if r == row]), 99)
        )
        for row in rows
    }
    for axis in axes.flat:
        axis.set_visible(False)
    for row, method, image in maps:
        axis = axes[rows.index(row), columns.index(method)]
        axis.set_visible(True)
        axis.imshow(image, cmap="inferno", vmin=0, vmax=limits[row], interpolation="nearest")
        axis.set_xlabel(f"0 to {limits[row]:.2g} %", fontsize=6, labelpad=2)
    figure.suptitle("root mean square error at each pixel, mean over images", fontsize=10)
    save(figure, path)


def _sheet(rows: Sequence[str], columns: Sequence[str], aspect: float) -> "tuple[Figure, Any]":
    """Make a sheet of pictures with named rows and columns, smaller ones if there are many.

    aspect : height of a picture over its width.
    """
    plt = pyplot()
    side = 2.3 if len(columns) <= _FEW else 1.5
    size = (side * len(columns) + 0.5, (side * aspect + 0.2) * len(rows) + 0.6)
    figure, axes = plt.subplots(len(rows), len(columns), figsize=size, squeeze=False)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.grid(visible=False)
    small = 9 if side > 2 else 7
    for axis, name in zip(axes[0], columns, strict=True):
        axis.set_title(folded(name), fontsize=small)
    for axis, label in zip(axes[:, 0], rows, strict=True):
        axis.set_ylabel(folded(label.replace(" 1/", "\n1/")), fontsize=small)
    return figure, axes


def _middle_of(image: Image, most: int) -> Image:
    cut = [slice(max(0, (n - most) // 2), (n + most) // 2) for n in image.shape]
    return image[tuple(cut)]
