"""Pieces of the page: tables, pictures, charts, as HTML."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any

from stemgan.amounts import amount, are
from stemgan.plots.page import data_uri
from stemgan.study.report.charts import Chart
from stemgan.study.report.interactive import alt_text
from stemgan.study.report.labels import figure, percent
from stemgan.study.report.pictures import Picture
from stemgan.study.report.tabled import Cell

Row = Mapping[str, Any]
_CONDITIONS = ("dose", "dwell", "coil lag")
_MOST_LINES = 400
"""Lines of a table that stands in the page; longer ones are cut, and the page says so."""


def _in_percent(value: float) -> str:
    return percent(value, 3)


def table(
    rows: Sequence[Row],
    name: str,
    file: str = "",
    percents: Callable[[float], str] = _in_percent,
) -> str:
    """Write rows as a table that is sorted by a click on a heading.

    Parameters
    ----------
    rows : each with the same columns, by their headings; columns that are empty everywhere
        are left out, as are conditions that are the same everywhere.
    name : what the table is, for those who do not see it.
    file : where all rows are, if the page does not show all.
    percents : writes what stands in columns of per cent.
    """
    columns = [
        c
        for c in rows[0]
        if any(_tells(row.get(c)) for row in rows)
        and not (c in _CONDITIONS and len({row.get(c) for row in rows}) == 1)
    ]
    texts = {c for c in columns if any(isinstance(row.get(c), str) for row in rows)}
    head = "".join(
        f'<th scope="col"{_text(c in texts)}>{escape(c.replace("_", " "))}</th>'
        for c in columns
    )
    lines = "".join(
        "<tr>"
        + "".join(
            _cell(row.get(c), c in texts, percents if "[%" in c else figure) for c in columns
        )
        + "</tr>"
        for row in rows[:_MOST_LINES]
    )
    rest = len(rows) - _MOST_LINES
    more = (
        f'<p class="soft">{amount(rest, "more row")} {are(rest)} in {escape(file)}.</p>'
        if rest > 0
        else ""
    )
    return (
        f'<div class="scroll tall" tabindex="0" role="region" aria-label="{escape(name)}">'
        f'<table class="sortable"><thead><tr>{head}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>{more}"
    )


def _tells(value: Any) -> bool:  # noqa: ANN401 (a cell)
    """Tell whether a cell says anything."""
    if isinstance(value, Cell):
        return value.value is not None
    return value not in (None, "")


def _text(is_text: bool) -> str:
    return ' class="text"' if is_text else ""


def _cell(
    value: Any,  # noqa: ANN401 (a cell)
    is_text: bool,
    written: Callable[[float], str],
) -> str:
    if isinstance(value, Cell):
        return _interval(value, written)
    if isinstance(value, bool):
        return f"<td{_text(is_text)}>{'yes' if value else 'no'}</td>"
    if isinstance(value, int | float):
        return f'<td{_text(is_text)} data-value="{value!r}">{written(float(value))}</td>'
    return f"<td{_text(is_text)}>{escape(str(value)) if value not in (None, '') else '–'}</td>"


def _interval(cell: Cell, written: Callable[[float], str]) -> str:
    if cell.value is None:
        return "<td>–</td>"
    ends = ""
    if cell.low is not None and cell.high is not None:
        ends = f' <span class="soft">({written(cell.low)} to {written(cell.high)})</span>'
    return f'<td data-value="{cell.value!r}">{written(cell.value)}{ends}</td>'


def chart(drawn: Chart, static: bytes | None) -> str:
    """Write a chart's place: the script draws it; without scripts it is a picture."""
    picture = ""
    if static:
        picture = (
            f'<noscript><img src="{data_uri(static)}" alt="{escape(alt_text(drawn))}">'
            "</noscript>"
        )
    return (
        f'<figure id="{drawn.name}" data-chart="{drawn.name}">'
        f'<h3>{escape(drawn.title)}</h3><figcaption>{escape(drawn.caption)} <span class="soft">'
        f"Files: figures/{drawn.name}.png, .svg, .pdf, .csv</span></figcaption>"
        f'<div class="choices"></div><div class="plot" role="img" '
        f'aria-label="{escape(alt_text(drawn))}"></div>{picture}</figure>'
    )


def picture(shown: Picture) -> str:
    """Write a picture with its caption."""
    width, height = shown.size
    return (
        f'<figure><img src="{shown.data}" alt="{escape(shown.alt)}" width="{width}" '
        f'height="{height}"><figcaption>{escape(shown.caption)}</figcaption></figure>'
    )


def paragraphs(sentences: Iterable[str]) -> str:
    """Write sentences as a list; a number and its per cent stay on one line."""
    lines = (escape(sentence).replace(" %", "\u00a0%") for sentence in sentences)
    return "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>"
