"""Figures of an evaluation: error against coverage and distance, and examples side by side."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stemgan.files import whole_file
from stemgan.scan import parse_coverage

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = Mapping[str, Any]
Image = NDArray[np.floating]
Example = tuple[str, Image, Image, Mapping[str, Image]]

_STYLE = {
    "font.size": 10,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "savefig.dpi": 140,
}
_ERROR = "RMSE against the blurred truth\n[% of the truth's range]"
_LARGEST_CROP = 384  # [px]


def error_against_coverage(path: Path, summary: Sequence[Row]) -> None:
    """Draw mean error against coverage: a panel a scan family and dose, a line a method."""
    panels = _unique((row["scan"], row["electrons"]) for row in summary)
    figure, axes = _panels(len(panels))
    for axis, (scan, electrons) in zip(axes, panels, strict=True):
        members = [r for r in summary if (r["scan"], r["electrons"]) == (scan, electrons)]
        for method, colour, mark in _looks(summary):
            line = sorted(
                (parse_coverage(r["coverage"]), r["rmse_blurred"])
                for r in members
                if r["method"] == method
            )
            axis.plot(*zip(*line, strict=True), mark, color=colour, label=method)
        _coverage_ticks(axis, [row["coverage"] for row in members])
        axis.set(title=_title(scan, electrons), xlabel="coverage")
    _finish(figure, axes, path)


def error_against_distance(path: Path, rings: Sequence[Row]) -> None:
    """Draw error against distance: a panel a scan, coverage and dose, a line a method."""
    panels = _unique((row["scan"], row["coverage"], row["electrons"]) for row in rings)
    figure, axes = _panels(len(panels))
    for axis, panel in zip(axes, panels, strict=True):
        members = [r for r in rings if (r["scan"], r["coverage"], r["electrons"]) == panel]
        for method, colour, mark in _looks(rings):
            line = [(_middle(r), r["rmse"]) for r in members if r["method"] == method]
            axis.plot(*zip(*line, strict=True), mark, color=colour, label=method)
        _distance_ticks(axis, max(_middle(row) for row in members))
        axis.set(
            title=_title(f"{panel[0]} {panel[1]}", panel[2]),
            xlabel="distance to the nearest measured pixel [px]",
            xlim=(-0.1, None),
        )
    _finish(figure, axes, path)


def example_sheet(path: Path, title: str, rows: Sequence[Example]) -> None:
    """Draw one image's partial scans and completions: a row a scan, a column a method.

    Parameters
    ----------
    path : PNG to write.
    title : the image's name.
    rows : label, truth, partial scan (NaN where unmeasured) and completions by method of each
        scan. The middle of each image is shown, at the truth's intensity limits.
    """
    plt = _pyplot()
    columns = ["partial scan", *rows[0][3], "truth"]
    size = (2.3 * len(columns), 2.5 * len(rows) + 0.4)
    figure, axes = plt.subplots(len(rows), len(columns), figsize=size, squeeze=False)
    for axis, name in zip(axes[0], columns, strict=True):
        axis.set_title(name, fontsize=9)
    for line, (label, truth, partial, images) in zip(axes, rows, strict=True):
        limits = dict(zip(("vmin", "vmax"), np.percentile(truth, (0.5, 99.5)), strict=True))
        for axis, image in zip(line, [partial, *images.values(), truth], strict=True):
            axis.imshow(_middle_of(image), cmap="gray", interpolation="nearest", **limits)
            axis.set(xticks=[], yticks=[], facecolor="#182040")
            axis.grid(visible=False)
        line[0].set_ylabel(label)
    figure.suptitle(title)
    _save(figure, path)


def _pyplot() -> Any:  # noqa: ANN401 (a module)
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    plt.style.use(_STYLE)
    return plt


def _panels(count: int) -> "tuple[Figure, list[Axes]]":
    columns = min(max(count, 1), 3)
    lines = math.ceil(max(count, 1) / 3)
    plt = _pyplot()
    size = (4.2 * columns + 0.6, 3.4 * lines + 0.8)
    figure, axes = plt.subplots(lines, columns, figsize=size, squeeze=False, sharey=True)
    for axis in axes.flat[count:]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel(_ERROR)
    return figure, list(axes.flat[:count])


def _looks(rows: Iterable[Row]) -> Iterable[tuple[str, Any, str]]:
    """Give each method its colour and mark, the same in every panel."""
    marks = ("-o", "--s", "-^", "--v", "-D", "--P", "-X", "--*")
    for i, method in enumerate(_unique(row["method"] for row in rows)):
        yield method, f"C{i % 10}", marks[i % len(marks)]


def _coverage_ticks(axis: "Axes", coverages: Iterable[str]) -> None:
    texts = sorted(_unique(coverages), key=parse_coverage)
    axis.set_xscale("log")
    axis.set_xticks([parse_coverage(text) for text in texts], texts)
    axis.set_xticks([], minor=True)
    axis.invert_xaxis()


def _distance_ticks(axis: "Axes", largest: float) -> None:
    marks = [d for d in (0, 1, 2, 5, 10, 20, 50, 100, 200) if d <= max(largest, 1)]
    axis.set_xscale("symlog", linthresh=1)
    axis.set_xticks(marks, [str(mark) for mark in marks])
    axis.set_xticks([], minor=True)


def _title(scan: str, electrons: float | None) -> str:
    return scan if electrons is None else f"{scan}, {electrons:g} electrons/px"


def _middle(ring: Row) -> float:
    low, high = ring["distance_from"], ring["distance_to"]
    if low == 0:
        return 0.0
    return math.sqrt(low * high) if math.isfinite(high) else 1.2 * low


def _middle_of(image: Image) -> Image:
    cut = [
        slice(max(0, (n - _LARGEST_CROP) // 2), (n + _LARGEST_CROP) // 2) for n in image.shape
    ]
    return image[tuple(cut)]


def _unique(items: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(items))


def _finish(figure: "Figure", axes: "Sequence[Axes]", path: Path) -> None:
    if axes:
        handles, labels = axes[0].get_legend_handles_labels()
        for axis in axes:
            axis.set_ylim(bottom=0)
        figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 4))
    _save(figure, path)


def _save(figure: "Figure", path: Path) -> None:
    import matplotlib.pyplot as plt

    figure.set_layout_engine("constrained")
    with whole_file(path) as temporary:
        figure.savefig(temporary)
    plt.close(figure)
