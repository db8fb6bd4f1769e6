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
_DISTANCE = {
    "distance": "distance to the nearest measured pixel [px]",
    "pitch": "distance to the nearest measured pixel [pitch]",
}
_TICKS = {
    "distance": (1, (0, 1, 2, 5, 10, 20, 50, 100, 200)),
    "pitch": (0.1, (0, 0.05, 0.1, 0.2, 0.5, 1, 2)),
}
_LARGEST_CROP = 384  # [px]


def error_against_coverage(path: Path, summary: Sequence[Row]) -> None:
    """Draw mean error against coverage: a panel a scan family and dose, a line a method."""
    panels = _unique((row["scan"], row["electrons"]) for row in summary)
    figure, axes = _panels(len(panels))
    for axis, (scan, electrons) in zip(axes, panels, strict=True):
        members = [r for r in summary if (r["scan"], r["electrons"]) == (scan, electrons)]
        for method, look in _looks(summary):
            line = sorted(
                (parse_coverage(r["coverage"]), r["rmse_blurred"])
                for r in members
                if r["method"] == method
            )
            axis.plot(*zip(*line, strict=True), **look, label=method)
        _coverage_ticks(axis, [row["coverage"] for row in members])
        axis.set(title=_title(scan, electrons), xlabel="coverage")
    _finish(figure, axes, path)


def error_against_distance(path: Path, rings: Sequence[Row], unit: str = "distance") -> None:
    """Draw error against distance: a panel a scan, coverage and dose, a line a method.

    Rings with fewer pixels than 1 in 2,000 are left out: they are the far corners of a few
    images, and their means are chance.

    Parameters
    ----------
    path : PNG to write.
    rings : rows of an error by distance.
    unit : what the rings' edges count: "distance" [px], or "pitch".
    """
    panels = _unique((row["scan"], row["coverage"], row["electrons"]) for row in rings)
    figure, axes = _panels(len(panels))
    for axis, panel in zip(axes, panels, strict=True):
        members = [r for r in rings if (r["scan"], r["coverage"], r["electrons"]) == panel]
        methods = _unique(row["method"] for row in members)
        fewest = sum(row["pixels"] for row in members) / len(methods) / 2000
        members = [row for row in members if row["pixels"] >= fewest]
        for method, look in _looks(rings):
            line = [(_middle(r), r["rmse"]) for r in members if r["method"] == method]
            if line:
                axis.plot(*zip(*line, strict=True), **look, label=method)
        _distance_ticks(axis, max(_middle(row) for row in members), unit)
        axis.set(title=_title(f"{panel[0]} {panel[1]}", panel[2]), xlabel=_DISTANCE[unit])
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
    columns = ["partial scan", *rows[0][3], "truth"]
    height, width = _middle_of(rows[0][1]).shape
    figure, axes = _sheet([row[0] for row in rows], columns, height / width)
    for line, (_, truth, partial, images) in zip(axes, rows, strict=True):
        limits = dict(zip(("vmin", "vmax"), np.percentile(truth, (0.5, 99.5)), strict=True))
        for axis, image in zip(line, [partial, *images.values(), truth], strict=True):
            axis.imshow(_middle_of(image), cmap="gray", interpolation="nearest", **limits)
            axis.set_facecolor("#182040")
    figure.suptitle(title, fontsize=10)
    _save(figure, path)


def map_sheet(path: Path, maps: Sequence[tuple[str, str, Image]]) -> None:
    """Draw maps of systematic errors: a row a scan, a column a method, a scale a row.

    Parameters
    ----------
    path : PNG to write.
    maps : label of the scan, method, and root mean square error at each pixel [%].
    """
    rows = _unique(label for label, _, _ in maps)
    columns = _unique(method for _, method, _ in maps)
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
    _save(figure, path)


def _sheet(rows: Sequence[str], columns: Sequence[str], aspect: float) -> "tuple[Figure, Any]":
    """Make a sheet of pictures with named rows and columns, smaller ones if there are many.

    aspect : height of a picture over its width.
    """
    plt = _pyplot()
    side = 2.3 if len(columns) <= 8 else 1.5
    size = (side * len(columns) + 0.5, (side * aspect + 0.2) * len(rows) + 0.6)
    figure, axes = plt.subplots(len(rows), len(columns), figsize=size, squeeze=False)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.grid(visible=False)
    small = 9 if side > 2 else 7
    for axis, name in zip(axes[0], columns, strict=True):
        axis.set_title(_folded(name), fontsize=small)
    for axis, label in zip(axes[:, 0], rows, strict=True):
        axis.set_ylabel(_folded(label.replace(" 1/", "\n1/")), fontsize=small)
    return figure, axes


def _folded(name: str, longest: int = 16) -> str:
    """Break a long name at a hyphen, once."""
    name = Path(name).stem if name.endswith(".safetensors") else name
    if len(name) <= longest or "-" not in name or "\n" in name:
        return name
    breaks = [i + 1 for i, sign in enumerate(name) if sign == "-"]
    at = min(breaks, key=lambda i: abs(i - len(name) / 2))
    return f"{name[:at]}\n{name[at:]}"


def _pyplot() -> Any:  # noqa: ANN401 (a module)
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    plt.style.use(_STYLE)
    return plt


def _columns(panels: int) -> int:
    return min(max(panels, 1), 3 if panels <= 9 else 5)


def _panels(count: int) -> "tuple[Figure, list[Axes]]":
    columns = _columns(count)
    lines = math.ceil(max(count, 1) / columns)
    plt = _pyplot()
    size = (4.2 * columns + 0.6, 3.4 * lines + 0.8)
    figure, axes = plt.subplots(lines, columns, figsize=size, squeeze=False, sharey=True)
    for axis in axes.flat[count:]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel(_ERROR)
    return figure, list(axes.flat[:count])


def _looks(rows: Iterable[Row]) -> Iterable[tuple[str, dict[str, Any]]]:
    """Give each method its colour, line and mark, the same in every panel.

    Ten colours, then the same in other lines, so that no two of thirty methods look alike.
    """
    methods = _unique(row["method"] for row in rows)
    size = 5 if len(methods) <= 8 else 3.5
    for i, method in enumerate(methods):
        yield (
            method,
            {
                "color": f"C{i % 10}",
                "linestyle": ("-", "--", ":")[i // 10 % 3],
                "marker": "osD^vPX*<>"[(i + i // 10) % 10],
                "markersize": size,
                "linewidth": 1.5 if len(methods) <= 8 else 1.1,
            },
        )


def _coverage_ticks(axis: "Axes", coverages: Iterable[str]) -> None:
    texts = sorted(_unique(coverages), key=parse_coverage)
    axis.set_xscale("log")
    axis.set_xticks([parse_coverage(text) for text in texts], texts)
    axis.set_xticks([], minor=True)
    axis.invert_xaxis()


def _distance_ticks(axis: "Axes", largest: float, unit: str) -> None:
    least, marks = _TICKS[unit]
    marks = [d for d in marks if d <= max(largest, least)]
    axis.set_xscale("symlog", linthresh=least)
    axis.set_xticks(marks, [f"{mark:g}" for mark in marks])
    axis.set_xticks([], minor=True)
    axis.set_xlim(-0.1 * least, None)


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
        names = [_folded(label, 99) for label in labels]
        columns = min(len(names), 2 * _columns(len(axes)))
        figure.legend(handles, names, loc="outside lower center", ncols=columns)
    _save(figure, path)


def _save(figure: "Figure", path: Path) -> None:
    import matplotlib.pyplot as plt

    figure.set_layout_engine("constrained")
    with whole_file(path) as temporary:
        figure.savefig(temporary)
    plt.close(figure)
