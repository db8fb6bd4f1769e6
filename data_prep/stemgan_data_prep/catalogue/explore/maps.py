"""Figures of all pictures together: distances between them, and their map."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stemgan.plots.lettering import drawable, font_families
from stemgan.plots.style import colours
from stemgan_data_prep.catalogue.explore.panel import one_panel

_MOST_NAMES = 14
"""Groups named in a legend; of more, colours alone stand for them."""
_LETTERS = 18
"""Of a group's name beside an axis."""
_PIXELS = 1_000
"""Pictures on a side of a heat map; of more, as many are shown, spread over all."""


def distances_figure(
    path: Path,
    points: np.ndarray,
    order: np.ndarray,
    sizes: Sequence[int],
    names: Sequence[str] = (),
) -> None:
    """Draw distances between all pictures, in an order.

    Parameters
    ----------
    path : PNG to write.
    points : (N, F).
    order : (N,) indices.
    sizes : of the groups that follow each other in that order; lines part them.
    names : of these groups, to stand beside them if they are few; pictures are counted if not.
    """
    kept = np.unique(np.linspace(0, len(order) - 1, min(_PIXELS, len(order))).astype(int))
    shown = points[order[kept]].astype(np.float64)
    squares = (shown**2).sum(axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares - 2 * shown @ shown.T, 0))
    limit = float(np.percentile(apart, 99)) or 1.0

    def draw(axis: Any) -> None:  # noqa: ANN401
        total = len(order)
        look = {"cmap": "viridis", "vmin": 0, "vmax": limit, "interpolation": "antialiased"}
        image = axis.imshow(apart, extent=(0, total, total, 0), **look)
        for end in np.cumsum(sizes)[:-1] if len(sizes) <= 60 else ():
            axis.axhline(end, color="w", lw=0.6)
            axis.axvline(end, color="w", lw=0.6)
        axis.grid(visible=False)
        axis.set(xlabel="picture", ylabel="picture")
        if 0 < len(names) <= _MOST_NAMES:
            middles = np.cumsum(sizes) - np.asarray(sizes) / 2
            words = [_short(name) for name in drawable(names)]
            look = {"parse_math": False, "family": font_families(names), "fontsize": 9}
            axis.set_yticks(middles, words, **look)
            axis.set_ylabel("")
        axis.figure.colorbar(image, ax=axis, label="distance", pad=0.02)

    one_panel(path, draw)


def _short(name: str) -> str:
    """Bring a name onto one line of few letters."""
    line = " ".join(name.split())
    return line if len(line) <= _LETTERS else f"{line[: _LETTERS - 1]}…"


def map_figure(
    path: Path, places: np.ndarray, values: np.ndarray, names: Sequence[str]
) -> None:
    """Draw the map of pictures as dots in the colours of their groups."""

    def draw(axis: Any) -> None:  # noqa: ANN401
        shades = colours(len(names))
        size = 10 if len(places) < 2000 else 4
        for i, name in enumerate(names):
            x, y = places[values == i].T
            axis.scatter(x, y, size, color=shades[i], label=name, linewidths=0)
        axis.set(xticks=[], yticks=[], aspect="equal")

    one_panel(path, draw, legend=len(names) <= _MOST_NAMES)
