"""The page of a classifier: one file that asks for nothing else."""

import io
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stemgan.amounts import amount
from stemgan.plots.lettering import drawable
from stemgan.plots.page import data_uri, part, small_picture, whole_page
from stemgan.study.report.hypertext import paragraphs, table
from stemgan.study.report.tabled import Cell
from stemgan_data_prep.catalogue.reporting.judging import Judged
from stemgan_data_prep.catalogue.reporting.pictures import Mistake
from stemgan_data_prep.catalogue.reporting.words import answer

_HERE = "stemgan_data_prep.catalogue.reporting"
_INK = (0, 85, 155)

Found = Mapping[str, Any]


def build(judged: Judged, found: Found, shown: Sequence[Mistake], curve: Path) -> str:
    """Write the whole page.

    Parameters
    ----------
    judged : the classifier's answers.
    found : what figures.json holds.
    shown : the worst mistakes.
    curve : the picture of confidence against what is right.
    """
    parts = [
        ("classes", "Classes", _classes(found["per_class"])),
        ("confusion", "What is taken for what", _confusion(judged)),
        ("mistakes", "Worst mistakes", _mistakes(judged, shown)),
        ("confidence", "Confidence", _confidence(found, curve)),
        ("how", "How this was made", _facts(found["facts"])),
    ]
    parts = [one for one in parts if one[2]]
    links = "".join(f'<li><a href="#{a}">{escape(h)}</a></li>' for a, h, _ in parts)
    body = "".join(
        f'<section id="{a}" aria-labelledby="{a}-h"><h2 id="{a}-h">{escape(h)}</h2>{content}'
        "</section>"
        for a, h, content in parts
    )
    notes = paragraphs(f"Note: {note}" for note in found["notes"]) if found["notes"] else ""
    return whole_page(
        found["title"],
        f"<header><h1>{escape(found['title'])}</h1>"
        f'<div class="answer">{paragraphs(answer(found))}</div>{notes}'
        f'<nav aria-label="Contents"><ul>{links}</ul></nav></header><main>{body}</main>'
        "<footer>Written by stemgan. In brackets: 95 % intervals, by groups of "
        "images.</footer>",
        styles=[part(_HERE, "page.css")],
        scripts=[part("stemgan.plots", "sorting.js")],
    )


def _classes(rows: Sequence[Found]) -> str:
    shown = [
        {
            "class": row["class"],
            "images": row["images"],
            "recall [%]": _cell(row, "recall"),
            "precision [%]": _cell(row, "precision"),
            "F1 [%]": _percent(row["f1"]),
            "confidence [%]": _percent(row["confidence"]),
            "taken for it": row["predicted"],
            "most often missed as": _other(row),
        }
        for row in rows
    ]
    return (
        '<p class="soft">Recall: of the images of a class, how many were found. Precision: of '
        "those taken for it, how many are of it. Confidence: the mean over its images.</p>"
        + table(shown, "figures of each class", "per_class.csv", _one_decimal)
    )


def _cell(row: Found, name: str) -> Cell:
    ends = (_percent(row[f"{name}_low"]), _percent(row[f"{name}_high"]))
    return Cell(_percent(row[name]), *ends)


def _percent(value: float | None) -> float | None:
    return None if value is None else 100 * value


def _one_decimal(value: float) -> str:
    return f"{value:.1f}"


def _other(row: Found) -> str:
    return f"{row['taken_for']} ({row['missed']})" if row["taken_for"] else ""


def _confusion(judged: Judged) -> str:
    head = "".join(
        f'<th scope="col"><span>{escape(name)}</span></th>' for name in judged.classes
    )
    lines = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{_cells(name, line, judged.classes)}</tr>'
        for name, line in zip(judged.classes, judged.confusion, strict=True)
    )
    return (
        '<p class="soft">Images by their true class (rows) and by the class found (columns); '
        "the darker, the larger the share of the true class. The diagonal is right."
        f"{_numbered(judged.classes)}</p>"
        '<div class="scroll" tabindex="0" role="region" aria-label="confusion matrix">'
        f'<table class="confusion"><thead><tr><td></td>{head}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def _numbered(names: Sequence[str]) -> str:
    """Say which names are numbers in the pictures beside the page, where no font has them."""
    pairs = zip(drawable(names), names, strict=True)
    said = [f"{drawn} is {escape(name)}" for drawn, name in pairs if drawn != name]
    return f" In the figures saved as PNG, {', '.join(said)}." if said else ""


def _cells(truth: str, line: NDArray[np.int64], names: Sequence[str]) -> str:
    cells = []
    for name, count in zip(names, line, strict=True):
        share = count / max(int(line.sum()), 1)
        mixed = [round(255 + share * (ink - 255)) for ink in _INK]
        ink = "#fff" if share > 0.55 else "#1c1c1c"
        says = f"{count} of {line.sum()} {truth} found to be {name} ({100 * share:.0f} %)"
        look = f"background:rgb({mixed[0]},{mixed[1]},{mixed[2]});color:{ink}"
        style = f' style="{look}"' if count else ""
        own = ' class="own"' if name == truth else ""
        cells.append(f'<td{own}{style} title="{escape(says)}">{count or ""}</td>')
    return "".join(cells)


def _mistakes(judged: Judged, shown: Sequence[Mistake]) -> str:
    if not shown:
        return "<p>There is no mistake.</p>"
    figures = "".join(_mistake(one) for one in shown)
    return (
        f'<p class="soft">{len(shown)} of {amount(len(judged.mistakes), "mistake")}, those '
        "first in which the truth was least likely; of one group the worst first. Where "
        "confidence is high, look whether the label is wrong. All are in mistakes.csv.</p>"
        f'<div class="mistakes">{figures}</div>'
    )


def _mistake(one: Mistake) -> str:
    says = f"{one.truth}, taken for {one.found}"
    shown = '<div class="gone">cannot be read</div>'
    if one.image is not None:
        side = one.image.shape[0]
        shown = (
            f'<img src="{data_uri(_jpeg(one.image), "jpeg")}" alt="{escape(says)}" '
            f'width="{side}" height="{side}">'
        )
    return (
        f"<figure>{shown}<figcaption><b>{escape(one.truth)}</b><br>taken for "
        f"<b>{escape(one.found)}</b><br>confidence {100 * one.confidence:.0f}\u00a0%, truth "
        f'{100 * one.likelihood:.2g}\u00a0%<br><span class="soft">{escape(one.key)}</span>'
        "</figcaption></figure>"
    )


def _jpeg(image: NDArray[np.uint8]) -> bytes:
    packed = io.BytesIO()
    Image.fromarray(image).save(packed, "JPEG", quality=80, optimize=True)
    return packed.getvalue()


def _confidence(found: Found, curve: Path) -> str:
    rows = [
        {
            "confidence": f"{row['low']:.2f} to {row['high']:.2f}",
            "images": row["images"],
            "mean confidence [%]": 100 * row["confidence"],
            "right [%]": Cell(*(100 * row[k] for k in ("right", "right_low", "right_high"))),
        }
        for row in found["reliability"]
    ]
    picture = data_uri(small_picture(curve, 0.9))
    return (
        '<p class="soft">Of images with a confidence of 80 %, 80 % should be right. Brier '
        f"score {found['brier']:.3f} (0 to 2), cross-entropy {found['log_loss']:.3f}.</p>"
        f'<figure class="curve"><img src="{picture}" alt="share that is right against '
        'confidence, as in the table below"></figure>'
        + table(rows, "share that is right by confidence", percents=_one_decimal)
    )


def _facts(facts: Found) -> str:
    lines = "".join(
        f"<dt>{escape(str(name))}</dt><dd>{escape(str(value))}</dd>"
        for name, value in facts.items()
    )
    return f"<dl>{lines}</dl>" if lines else ""
