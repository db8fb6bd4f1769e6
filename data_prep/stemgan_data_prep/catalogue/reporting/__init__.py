"""How good a classifier is, as files: tables, pictures and a page that holds all it shows."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stemgan.files import whole_file
from stemgan_data_prep.catalogue.predicting import RANKS, Predictions, columns, rows
from stemgan_data_prep.catalogue.reporting.judging import Judged, judge
from stemgan_data_prep.catalogue.tables import write_rows

__all__ = ["FILES", "Judged", "judge", "write_report"]

FILES = (
    "figures.json",
    "per_class.csv",
    "confusion.csv",
    "classes.csv",
    "mistakes.csv",
    "confusion.png",
    "reliability.png",
    "mistakes.png",
    "report.html",
)
"""What a report consists of; mistakes.png only if there are mistakes."""


def write_report(
    folder: Path,
    predictions: Predictions,
    *,
    title: str = "Classifier of micrographs",
    facts: Mapping[str, Any] | None = None,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Write how good a classifier is on labelled pictures.

    Parameters
    ----------
    folder : where to; it is made, and files of these names in it are replaced.
    predictions : what the classifier says; pictures without a label that is one of the classes
        are not judged, and the report says how many these are.
    title : of the page.
    facts : what is told of the classifier and the pictures, by name.
    notes : sentences that a reader must know, such as that pictures trained the classifier.

    Returns
    -------
    What figures.json holds: the figures of `measures.figures`, per_class, confusion,
    reliability, title, facts, notes.

    Raises
    ------
    InputError : no picture's label is one of the classes, or a file cannot be written.
    """
    from stemgan_data_prep.catalogue.reporting import page, pictures

    judged = judge(predictions)
    folder.mkdir(exist_ok=True)
    found = {
        **judged.figures,
        "mistakes": len(judged.mistakes),
        "per_class": judged.per_class,
        "confusion": {"classes": judged.classes, "counts": judged.confusion.tolist()},
        "reliability": judged.reliability,
        "title": title,
        "facts": dict(facts or {}),
        "notes": [*notes, *judged.notes],
    }
    _tables(folder, judged)
    shown = pictures.read_mistakes(judged)
    pictures.draw_confusion(folder / "confusion.png", judged)
    pictures.draw_reliability(folder / "reliability.png", judged)
    pictures.draw_mistakes(folder / "mistakes.png", judged, shown)
    text = page.build(judged, found, shown, folder / "reliability.png")
    with whole_file(folder / "report.html") as temporary:
        temporary.write_text(text, encoding="utf-8")
    with whole_file(folder / "figures.json") as temporary:
        temporary.write_text(json.dumps(found, indent=1, allow_nan=False), encoding="utf-8")
    return found


def _tables(folder: Path, judged: Judged) -> None:
    names = judged.classes
    write_rows(folder / "per_class.csv", judged.per_class, list(judged.per_class[0]))
    counts = [
        {"true class": name, **dict(zip(names, map(int, line), strict=True))}
        for name, line in zip(names, judged.confusion, strict=True)
    ]
    write_rows(folder / "confusion.csv", counts, ["true class", *names])
    top = min(3, len(names), len(RANKS))
    answers = rows(judged.predictions, folder, top)
    for row, truth in zip(answers, judged.labels, strict=True):
        row["label"] = names[truth]
    first, *rest = columns(top, len(names))
    heads = [first, "label", *rest]
    write_rows(folder / "classes.csv", answers, heads)
    wrong = [answers[i] for i in judged.mistakes]
    write_rows(folder / "mistakes.csv", wrong, heads)
