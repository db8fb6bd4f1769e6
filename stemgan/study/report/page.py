"""The page: one file that asks for nothing else."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files

from stemgan.study.report import hypertext
from stemgan.study.report.charts import Chart
from stemgan.study.report.interactive import chart_json
from stemgan.study.report.loading import Study
from stemgan.study.report.sections import Static, about, embedded_rows, sections

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; form-action 'none'; base-uri 'none'"
)
"""What the browser lets the page do: nothing that leaves it, even if a library wanted to."""


def build(study: Study, charts: Sequence[Chart], static: Static) -> str:
    """Write the whole page.

    Parameters
    ----------
    study : what is reported.
    charts : those with views.
    static : a picture of each chart by name, shown where there are no scripts.
    """
    parts = [part for part in sections(study, charts, static) if part[2]]
    links = "".join(f'<li><a href="#{a}">{escape(h)}</a></li>' for a, h, _ in parts)
    body = "".join(
        f'<section id="{a}" aria-labelledby="{a}-h"><h2 id="{a}-h">{escape(h)}</h2>{content}'
        "</section>"
        for a, h, content in parts
    )
    title = f"Scan-path study: {study.folder.absolute().name}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title>'
        f"<style>{_part('page.css')}</style></head><body>"
        f"<header><h1>{escape(title)}</h1>{about(study)}"
        f'<nav aria-label="Contents"><ul>{links}</ul></nav></header><main>{body}</main>'
        "<footer>Written by stemgan. Errors are root mean square errors in per cent of the "
        "truth's own range; blurred truth: 5×5 px Gaussian, σ = 2.5 px.</footer>"
        + hypertext.embedded("charts-data", {c.name: chart_json(c) for c in charts})
        + embedded_rows(study)
        + f"<script>{_plotly()}</script><script>{_part('page.js')}</script></body></html>\n"
    )


def _part(name: str) -> str:
    return files("stemgan.study.report").joinpath(name).read_text("utf-8")


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return get_plotlyjs()
