"""What an exploration writes: tables, figures, and the page."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.files import whole_file
from stemgan_data_prep.catalogue.explore.drawing import draw_all
from stemgan_data_prep.catalogue.explore.page.build import Colouring, Map, build
from stemgan_data_prep.catalogue.explore.steps import Structure
from stemgan_data_prep.catalogue.explore.summary import sentences, summary_of
from stemgan_data_prep.catalogue.explore.tables import write_tables
from stemgan_data_prep.catalogue.labels import Picture

FIGURES = "figures"
PAGE = "explore.html"
FILES = (PAGE, "explore.json", "clusters.csv", "curves.csv", "dimension.csv", "decision.csv")
"""What it writes besides the folder of figures; curves.csv only if labels are known."""

Row = dict[str, Any]


def write(
    folder: Path,
    title: str,
    pictures: Sequence[Picture],
    images: NDArray[np.uint8],
    labels: Sequence[str] | None,
    structure: Structure,
    more: Sequence[Colouring] = (),
) -> Row:
    """Write all tables, figures and the page; return the figures of the command.

    Parameters
    ----------
    folder : where to.
    title : of the page.
    pictures, images : (N,) and (N, S, S).
    labels : (N,) what clusters are compared with; None where nothing is known.
    structure : what was found.
    more : other colourings of the map.
    """
    summary = summary_of(structure)
    write_tables(folder, pictures, labels, structure)
    drawn = draw_all(folder / FIGURES, labels, structure)
    shown = Map(
        [picture.key for picture in pictures],
        structure.places,
        structure.alike,
        _colourings(labels, structure, more),
        images,
    )
    page = build(title, sentences(summary), shown, drawn)
    with whole_file(folder / PAGE) as temporary:
        temporary.write_text(page, encoding="utf-8")
    with whole_file(folder / "explore.json") as temporary:
        temporary.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    return summary


def _colourings(
    labels: Sequence[str] | None, structure: Structure, more: Sequence[Colouring]
) -> list[Colouring]:
    at = structure.counts.index(structure.count)
    names = [str(i + 1) for i in range(structure.count)]
    found = [Colouring("cluster", structure.clusters, names)]
    if labels is not None:
        words, values = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
        found.append(Colouring("label", values, [str(word) or "none" for word in words]))
    others = [m for m in structure.found if m != structure.method]
    by_method = [Colouring(m, structure.found[m][at], names, True) for m in others]
    return [*found, *more, *by_method]
