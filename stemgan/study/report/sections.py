"""The page's sections: the answer, charts, tables, pictures, and how the study was made."""

import json
from collections.abc import Sequence
from html import escape
from itertools import islice
from typing import Any

from stemgan.amounts import amount
from stemgan.study.examples import read_examples
from stemgan.study.report import hypertext, tabled
from stemgan.study.report.charts import Chart
from stemgan.study.report.costs import setting
from stemgan.study.report.labels import figure
from stemgan.study.report.loading import Study
from stemgan.study.report.pictures import example, map_pictures, read_maps
from stemgan.study.report.words import answer, too_few_images

_MOST_CELLS = 150_000
"""Cells of the full table in the page; of more rows the first are there, and it says so."""
_MOST_PICTURES = 12

Static = dict[str, bytes | None]
Section = tuple[str, str, str]
"""Anchor, heading and content."""


def about(study: Study) -> str:
    """Say in a line of what the study is."""
    rows = study.paths or study.detection
    images = len({row["image"] for row in study.results})
    groups = len({row.get("group") or row["image"] for row in study.results})
    scans = list(dict.fromkeys(row["scan"] for row in rows))
    methods = list(dict.fromkeys(row["method"] for row in rows))
    of = f"{amount(images, 'image')} in {amount(groups, 'group')}. " if images else ""
    return (
        f'<p class="soft">{of}Scans: {escape(", ".join(scans))}. Completed by '
        f"{escape(', '.join(methods))}.</p>"
    )


def sections(study: Study, charts: Sequence[Chart], static: Static) -> list[Section]:
    """Return all sections in their order; what the study does not have is empty."""
    drawn = "".join(hypertext.chart(c, static.get(c.name)) for c in charts)
    return [
        ("answer", "Which path to use", _answer(study)),
        ("charts", "Charts", drawn),
        ("compared", "Paths compared", _table(tabled.paired(study.paired), "paired")),
        (
            "controls",
            "Full scans of the same dose",
            _table(tabled.controls(study.controls), "controls"),
        ),
        (
            "misses",
            "What is missed",
            _few(study) + _table(tabled.detection(study.detection), "detection_summary"),
        ),
        ("published", "Beside published errors", _published(study)),
        ("examples", "Best, median and worst", _examples(study)),
        ("maps", "Systematic errors", _maps(study)),
        ("summary", "Every setting", _table(tabled.summary(study.summary), "summary")),
        ("table", "Full table", _full(study)),
        ("config", "Configuration and versions", _config(study)),
    ]


def _answer(study: Study) -> str:
    said = answer(study)
    return f'<div class="answer">{hypertext.paragraphs(said)}</div>' if said else ""


def _few(study: Study) -> str:
    said = too_few_images(study.detection, study.false_alarms)
    return hypertext.paragraphs(said) if said else ""


def _table(rows: Sequence[dict[str, Any]], name: str) -> str:
    if not rows:
        return ""
    hint = _HINTS.get(name, "")
    shown = hypertext.table(rows, name.replace("_", " "), f"{name}.csv")
    return f'{hint}{shown}<p class="soft">More columns are in {name}.csv.</p>'


_HINTS = {
    "paired": "<p>Errors of two paths on the same images: below 1, a is better. In brackets: "
    "95 % intervals. A winner is named where a sign-flip test over groups, adjusted for the "
    "number of tests, is below 0.05.</p>",
    "controls": "<p>Below 1, the partial scan is better than the full scan that spends the "
    "same dose.</p>",
    "summary": "<p>Means over images, each group counting the same; in brackets 95 % "
    "intervals. A click on a heading sorts.</p>",
}


def _published(study: Study) -> str:
    rows = tabled.published(study.published)
    if not rows:
        return ""
    return (
        "<p>Ede &amp; Beanland, Sci Rep 10, 8332 (2020) and Ede, arXiv 1910.10467 (2019): "
        "other images, and a network for each scan, so that only how errors change with "
        "coverage compares. Which root the authors took is not known; both readings are "
        "shown.</p>" + _table(rows, "published")
    )


def _examples(study: Study) -> str:
    shown = []
    for record, arrays in islice(read_examples(study.folder), _MOST_PICTURES):
        title = _title(record)
        figures = "".join(hypertext.picture(p) for p in example(arrays, title))
        shown.append(f'<h3>{escape(title)}</h3><div class="example">{figures}</div>')
    return "".join(shown)


def _title(record: dict[str, Any]) -> str:
    where = f"{record['scan']} at {setting(record)}"
    error = figure(record["rmse_blurred"])
    return (
        f"{where}, {record['rank']}: {record['image']} by {record['method']}, error {error} %"
    )


def _maps(study: Study) -> str:
    pictures = map_pictures(read_maps(study.folder)[:_MOST_PICTURES])
    if not pictures:
        return ""
    return (
        "<p>Root mean square error at each pixel over all images under the same mask: it shows "
        'what a path never sees.</p><div class="sheets">'
        + "".join(hypertext.picture(p) for p in pictures)
        + "</div>"
    )


def _full(study: Study) -> str:
    if not study.results:
        return ""
    shown, total = len(_shown(study)), len(study.results)
    cut = f" The first {shown} of {total} rows are here." if shown < total else ""
    return (
        f"<p>One row per image, method and setting; the same as results.csv.{cut}</p>"
        "<noscript><p>It needs scripts; open results.csv beside this page.</p></noscript>"
        '<div id="full-table" hidden><div class="pages"><label>Filter: <input type="search" '
        'placeholder="spiral 1/50 …"></label><button type="button">Previous</button>'
        '<button type="button">Next</button><output></output></div>'
        '<div class="scroll" tabindex="0" role="region" aria-label="full table"><table><thead>'
        "<tr></tr></thead><tbody></tbody></table></div></div>"
    )


def _columns(study: Study) -> list[str]:
    first = study.results[0]
    return [c for c in first if any(row.get(c) not in (None, "") for row in study.results)]


def _shown(study: Study) -> list[dict[str, Any]]:
    return study.results[: max(1, _MOST_CELLS // len(_columns(study)))]


def _config(study: Study) -> str:
    parts = []
    if study.config:
        parts.append(
            f'<details open><summary>Configuration (study.yaml)</summary><pre tabindex="0">'
            f"{escape(study.config)}</pre></details>"
        )
    if study.provenance:
        text = json.dumps(study.provenance, indent=1, ensure_ascii=False)
        parts.append(
            "<details><summary>Versions and machine (provenance.json)</summary>"
            f'<pre tabindex="0">{escape(text)}</pre></details>'
        )
    return "".join(parts)


def rows_data(study: Study) -> dict[str, Any]:
    """Return the rows of the full table, to five digits, for the page's script."""
    if not study.results:
        return {}
    columns = _columns(study)
    rows = [[_short(row.get(c)) for c in columns] for row in _shown(study)]
    return {"rows-data": {"columns": columns, "rows": rows}}


def _short(value: Any) -> Any:  # noqa: ANN401 (a cell)
    if isinstance(value, float):
        return float(f"{value:.5g}") if abs(value) != float("inf") else None
    return value
