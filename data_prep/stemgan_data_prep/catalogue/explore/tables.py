"""The tables of an exploration; clusters.csv is one that other commands take."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stemgan_data_prep.catalogue.explore.density_peaks import decision_rows
from stemgan_data_prep.catalogue.explore.steps import Structure
from stemgan_data_prep.catalogue.explore.summary import number
from stemgan_data_prep.catalogue.labels import Picture
from stemgan_data_prep.catalogue.tables import name_in, write_rows

TABLE = "clusters.csv"

Row = dict[str, Any]


def write_tables(
    folder: Path,
    pictures: Sequence[Picture],
    labels: Sequence[str] | None,
    structure: Structure,
) -> None:
    """Write clusters.csv, curves.csv, dimension.csv and decision.csv.

    Parameters
    ----------
    folder : where to; clusters.csv names pictures by their paths from there.
    pictures, labels : (N,); labels None: there are none.
    structure : what was found.
    """
    at = structure.counts.index(structure.count)
    rows: list[Row] = []
    for i, picture in enumerate(pictures):
        row: Row = {"file": name_in(folder, picture), "cluster": int(structure.clusters[i]) + 1}
        row |= {"x": round(float(structure.places[i, 0]), 4)}
        row |= {"y": round(float(structure.places[i, 1]), 4)}
        row |= {"label": labels[i]} if labels is not None else {}
        for method, found in structure.found.items():
            row[f"cluster_{method.replace('-', '_')}"] = int(found[at, i]) + 1
        rows.append(row)
    write_rows(folder / TABLE, rows, list(rows[0]))
    scores = _scores(structure)
    write_rows(folder / "curves.csv", scores, ["method", "clusters", "nmi", "silhouette"])
    blocks = [asdict(block) for block in structure.blocks]
    write_rows(folder / "dimension.csv", blocks, list(blocks[0]))
    decision = [
        {"file": rows[int(row["index"])]["file"], **row}
        for row in decision_rows(structure.peaks)
    ]
    write_rows(folder / "decision.csv", decision, list(decision[0]))


def _scores(structure: Structure) -> list[Row]:
    curves = structure.curves
    every: dict[str, Any] = dict.fromkeys(structure.found)
    if curves is not None:
        every = {**curves.methods, "good": curves.good, "uniform": curves.uniform}
    return [
        {
            "method": name,
            "clusters": count,
            "nmi": "" if values is None else round(float(values[i]), 6),
            "silhouette": number(structure.silhouettes[name][i])
            if name in structure.silhouettes
            else None,
        }
        for name, values in every.items()
        for i, count in enumerate(structure.counts)
    ]
