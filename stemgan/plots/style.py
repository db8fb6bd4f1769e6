"""What all figures share: their style, and how they are saved."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.files import whole_file
from stemgan.plots.lettering import font_families

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE = {
    "font.size": 10,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "savefig.dpi": 140,
}


COLOURS = (
    "#0060a8",
    "#c44601",
    "#00795a",
    "#a8327e",
    "#7a5c00",
    "#5b4bc4",
    "#1c1c1c",
    "#8a3324",
    "#2f7ea6",
    "#586b00",
)
"""Colours of lines: all have a contrast of 4.5 or more to white, and differ in brightness for
those who see few colours; marks differ too."""

MARKS = "osD^vPX*"
"""Marks of lines and dots."""


def pyplot(names: Iterable[str] = ()) -> Any:  # noqa: ANN401 (a module)
    """Import matplotlib's pyplot, drawing into files, in our style.

    Parameters
    ----------
    names : what will be written that is not ours, such as names of classes, which may need
        other fonts.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    plt.style.use({**_STYLE, "font.family": font_families(names)})
    return plt


def folded(name: str, longest: int = 16) -> str:
    """Break a long name at a hyphen, once; of a weights file, leave folder and ending out."""
    file, ending, what = name.rpartition(".safetensors")
    if ending and what in ("", ":raw"):  # a model's name goes on so where no file is meant
        name = Path(file).name + what
    if len(name) <= longest or "-" not in name or "\n" in name:
        return name
    breaks = [i + 1 for i, sign in enumerate(name) if sign == "-"]
    at = min(breaks, key=lambda i: abs(i - len(name) / 2))
    return f"{name[:at]}\n{name[at:]}"


def unique(items: Iterable[Any]) -> list[Any]:
    """Return each item once, in the order of their first appearance."""
    return list(dict.fromkeys(items))


def look_of(name: str, names: Sequence[str]) -> tuple[str, int]:
    """Return a line's colour and its mark's place in `MARKS`: the same wherever it appears."""
    i = list(names).index(name)
    return COLOURS[i % len(COLOURS)], (i + i // len(COLOURS)) % len(MARKS)


def colours(count: int) -> list[str]:
    """Return a colour for each of many groups: ours first, then hues a golden angle apart.

    Examples
    --------
    >>> len(set(colours(30)))
    30
    """
    from colorsys import hls_to_rgb

    more = []
    for i in range(max(0, count - len(COLOURS))):
        parts = hls_to_rgb((0.07 + i * 0.381966) % 1, (0.36, 0.5)[i % 2], 0.7)
        more.append("#" + "".join(f"{round(255 * part):02x}" for part in parts))
    return [*COLOURS[:count], *more]


def save(figure: "Figure", path: Path) -> None:
    """Write a figure, whole or not at all, and close it."""
    import matplotlib.pyplot as plt

    figure.set_layout_engine("constrained")
    with whole_file(path) as temporary:
        figure.savefig(temporary)
    plt.close(figure)
