"""The page: one file that asks for nothing else."""

import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from typing import Any

from stemgan.study.report import hypertext
from stemgan.study.report.charts import Chart
from stemgan.study.report.interactive import chart_json
from stemgan.study.report.loading import Study
from stemgan.study.report.pictures import (
    example,
    map_pictures,
    read_examples,
    read_maps,
)
from stemgan.study.report.words import answer

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; form-action 'none'; base-uri 'none'"
)
"""What the browser lets the page do: nothing that leaves it, even if a library wanted to."""
_MOST_CELLS = 150_000
"""Cells of the full table in the page; of more rows the first are there, and the page says so."""
_MOST_PICTURES = 12

Static = dict[str, bytes | None]
Section = tuple[str, str, str]
"""Anchor, heading and content."""


def build(study: Study, charts: Sequence[Chart], static: Static) -> str:
    """Write the whole page.

    Parameters
    ----------
    study : what is reported.
    charts : those with views.
    static : a picture of each chart by name, shown where there are no scripts.
    """
    sections = [s for s in _sections(study, charts, static) if s[2]]
    links = "".join(f'<li><a href="#{a}">{escape(h)}</a></li>' for a, h, _ in sections)
    body = "".join(
        f'<section id="{a}" aria-labelledby="{a}-h"><h2 id="{a}-h">{escape(h)}</h2>{content}'
        "</section>"
        for a, h, content in sections
    )
    title = f"Scan-path study: {study.folder.absolute().name}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title>'
        f"<style>{_part('page.css')}</style></head><body>"
        f"<header><h1>{escape(title)}</h1>{_about(study)}"
        f'<nav aria-label="Contents"><ul>{links}</ul></nav></header><main>{body}</main>'
        "<footer>Written by stemgan. Errors are root mean square errors in per cent of the "
        "truth's own range; blurred truth: 5×5 px Gaussian, σ = 2.5 px.</footer>"
        + hypertext.embedded("charts-data", {c.name: chart_json(c) for c in charts})
        + _rows(study)
        + f"<script>{_plotly()}</script><script>{_part('page.js')}</script></body></html>\n"
    )


def _part(name: str) -> str:
    return files("stemgan.study.report").joinpath(name).read_text("utf-8")


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return get_plotlyjs()


def _about(study: Study) -> str:
    rows = study.paths or study.detection
    images = len({row["image"] for row in rows})
    groups = len({row.get("group") or row["image"] for row in rows})
    scans = list(dict.fromkeys(row["scan"] for row in rows))
    methods = list(dict.fromkeys(row["method"] for row in rows))
    return (
        f'<p class="soft">{_count(images, "image")} in {_count(groups, "group")}; scans: '
        f"{escape(', '.join(scans))}; completed by {escape(', '.join(methods))}.</p>"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _sections(study: Study, charts: Sequence[Chart], static: Static) -> list[Section]:
    drawn = "".join(hypertext.chart(c, static.get(c.name)) for c in charts)
    return [
        ("answer", "Which path to use", _answer(study)),
        ("compared", "Paths compared", _table(study, "paired")),
        ("controls", "Full scans of the same dose", _table(study, "controls")),
        ("charts", "Charts", drawn),
        ("misses", "What is missed", _table(study, "detection_summary")),
        ("examples", "Best, median and worst", _examples(study)),
        ("maps", "Systematic errors", _maps(study)),
        ("summary", "Summary table", _table(study, "summary")),
        ("table", "Full table", _full(study)),
        ("config", "Configuration and versions", _config(study)),
    ]


def _answer(study: Study) -> str:
    said = answer(study)
    return f'<div class="answer">{hypertext.paragraphs(said)}</div>' if said else ""


def _table(study: Study, name: str) -> str:
    rows = study.table(name)
    return hypertext.table(rows, name.replace("_", " "), f"{name}.csv") if rows else ""


def _examples(study: Study) -> str:
    shown = []
    for record, arrays in read_examples(study.folder)[:_MOST_PICTURES]:
        title = _title(record)
        figures = "".join(hypertext.picture(p) for p in example(arrays, title))
        shown.append(f'<h3>{escape(title)}</h3><div class="example">{figures}</div>')
    return "".join(shown)


def _title(record: dict[str, Any]) -> str:
    rank = record.get("rank") or record.get("which") or ""
    names = [record.get(key) for key in ("image", "method", "scan", "coverage")]
    said = ", ".join(str(name) for name in names if name)
    error = record.get("rmse_blurred")
    end = f": {error:.3g} %" if isinstance(error, int | float) else ""
    return f"{rank} {said}{end}".strip().capitalize() if said else str(record["file"])


def _maps(study: Study) -> str:
    pictures = map_pictures(read_maps(study.folder)[:_MOST_PICTURES])
    if not pictures:
        return ""
    return (
        "<p>Root mean square error at each pixel over all images under the same mask: what a path "
        'never sees shows.</p><div class="sheets">'
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
        "<noscript><p>The table needs scripts; open results.csv beside this page.</p></noscript>"
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


def _rows(study: Study) -> str:
    """Embed the rows of the full table, to five digits."""
    if not study.results:
        return ""
    columns = _columns(study)
    rows = [[_short(row.get(c)) for c in columns] for row in _shown(study)]
    return hypertext.embedded("rows-data", {"columns": columns, "rows": rows})


def _short(value: Any) -> Any:  # noqa: ANN401 (a cell)
    if isinstance(value, float):
        return float(f"{value:.5g}") if abs(value) != float("inf") else None
    return value


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
            f'<details><summary>Versions and machine (provenance.json)</summary><pre tabindex="0">'
            f"{escape(text)}</pre></details>"
        )
    return "".join(parts)
