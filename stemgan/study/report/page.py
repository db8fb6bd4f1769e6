"""The page: one file that asks for nothing else."""

from collections.abc import Sequence
from html import escape

from stemgan.plots.page import part, whole_page
from stemgan.study.report.charts import Chart
from stemgan.study.report.interactive import chart_json
from stemgan.study.report.loading import Study
from stemgan.study.report.sections import Static, about, rows_data, sections

_HERE = "stemgan.study.report"


def build(study: Study, charts: Sequence[Chart], static: Static) -> str:
    """Write the whole page.

    Parameters
    ----------
    study : what is reported.
    charts : those with views.
    static : a picture of each chart by name, shown where there are no scripts.
    """
    parts = [one for one in sections(study, charts, static) if one[2]]
    links = "".join(f'<li><a href="#{a}">{escape(h)}</a></li>' for a, h, _ in parts)
    body = "".join(
        f'<section id="{a}" aria-labelledby="{a}-h"><h2 id="{a}-h">{escape(h)}</h2>{content}'
        "</section>"
        for a, h, content in parts
    )
    title = f"Scan-path study: {study.folder.absolute().name}"
    charts_data = {"charts-data": {c.name: chart_json(c) for c in charts}}
    return whole_page(
        title,
        f"<header><h1>{escape(title)}</h1>{about(study)}"
        f'<nav aria-label="Contents"><ul>{links}</ul></nav></header><main>{body}</main>'
        "<footer>Written by stemgan. Errors are root mean square errors in per cent of the "
        "truth's own range; blurred truth: 5×5 px Gaussian, σ = 2.5 px.</footer>",
        styles=[part(_HERE, "page.css")],
        scripts=[_plotly(), part("stemgan.plots", "sorting.js"), part(_HERE, "page.js")],
        data=charts_data | rows_data(study),
    )


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return get_plotlyjs()
