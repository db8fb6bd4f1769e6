"""One panel in a file: what all figures of an exploration are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from stemgan.plots.style import pyplot, save

_SIZE = 5.0, 4.0
"""Width and height [in]: one panel, so that a phone shows its words as large as the text."""


def one_panel(path: Path, draw: Callable[[Any], None], *, legend: bool = False) -> None:
    """Draw one panel into a file, whole or not at all."""
    figure, axis = pyplot().subplots(figsize=_SIZE, layout="constrained")
    draw(axis)
    if legend:
        figure.legend(loc="outside lower center", ncols=3, fontsize=9)
    save(figure, path)
