"""Error by a column, such as the class of an image: a panel a condition, a line a value."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stemgan.amounts import amount
from stemgan.plots.style import COLOURS, MARKS, folded, look_of, pyplot, save, unique

Row = Mapping[str, Any]
_ERROR = "RMSE against the blurred truth\n[% of its range, mean over groups]"
_MOST = 9


def error_by_label(
    path: Path, rows: Sequence[Row], by: str, titles: Mapping[tuple, str]
) -> None:
    """Draw the mean error of each label: a panel a condition, a mark a method.

    Labels stand in order of their mean error, the largest at the top, with the numbers of their
    images and of the groups that the mean is over.

    Parameters
    ----------
    path : PNG to write.
    rows : means by condition, method and label.
    by : the column that the labels are in.
    titles : of conditions, by (scan, coverage, electrons); the first nine are drawn.
    """
    keys = list(titles)[:_MOST]
    labels = _ordered(rows, by)
    across = min(len(keys), 3)
    down = math.ceil(len(keys) / across)
    size = (2.8 + 3.6 * across, down * (1.3 + 0.34 * len(labels)) + 0.6)
    figure, axes = pyplot(labels).subplots(
        down, across, figsize=size, squeeze=False, sharey=True
    )
    for axis in axes.flat[len(keys) :]:
        axis.set_visible(False)
    methods = unique(row["method"] for row in rows)
    for axis, key in zip(axes.flat, keys, strict=False):
        members = [r for r in rows if (r["scan"], r["coverage"], r["electrons"]) == key]
        for method in methods:
            colour, mark = look_of(method, methods)
            errors = {r[by]: r["rmse_blurred_groups"] for r in members if r["method"] == method}
            axis.plot(
                [errors.get(label, math.nan) for label in labels],
                range(len(labels)),
                color=colour,
                marker=MARKS[mark],
                fillstyle="full" if methods.index(method) < len(COLOURS) else "none",
                linestyle="none",
                label=folded(method, 99),
            )
        axis.set_yticks(range(len(labels)), map(literal, counted(rows, by, labels)))
        axis.set_ylim(-0.5, len(labels) - 0.5)
        axis.set_xlim(0, 1.05 * axis.get_xlim()[1])
        axis.set(title=titles[key], xlabel=_ERROR)
    handles, names = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=min(len(names), 2 * across))
    save(figure, path)


def _ordered(rows: Sequence[Row], by: str) -> list[str]:
    errors: dict[str, list[float]] = {}
    for row in rows:
        known = errors.setdefault(row[by], [])
        if not math.isnan(row["rmse_blurred_groups"]):
            known.append(row["rmse_blurred_groups"])
    return sorted(errors, key=lambda label: sum(errors[label]) / max(len(errors[label]), 1))


def counted(rows: Sequence[Row], by: str, labels: Iterable[str]) -> list[str]:
    """Say of each label how many images, of how many groups, its mean is over.

    Examples
    --------
    >>> counted([{"class": "tips", "images": 3, "groups": 1}], "class", ["tips"])
    ['tips (3 images, 1 group)']
    """
    said = []
    for label in labels:
        own = [row for row in rows if row[by] == label]
        images, groups = (max(int(row[name]) for row in own) for name in ("images", "groups"))
        of = "" if groups == images else f", {amount(groups, 'group')}"
        said.append(f"{label or '(none)'} ({amount(images, 'image')}{of})")
    return said


def literal(text: str) -> str:
    r"""Write a name that is anyone's so that no sign of it is read as a formula.

    Examples
    --------
    >>> print(literal("cubes, $5"))
    cubes, \$5
    """
    return " ".join(text.split()).replace("$", r"\$")
