import csv
import json
import math
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stemgan.errors import InputError
from stemgan.plots.style import COLOURS, look_of
from stemgan.study.report import draw, paper, write_report
from stemgan.study.report.charts import log_ticks
from stemgan.study.report.interactive import figure_json
from stemgan.study.report.loading import load
from tests import study_tables
from tests.browser import Browser, browser

CHARTS = [
    "error_against_coverage",
    "pareto_front",
    "error_by_distance",
    "error_by_pitch",
    "partial_against_full",
    "ring_correlation",
    "error_against_lattice",
    "detection_against_coverage",
    "detection_by_distance",
    "detection_by_pitch",
    "misses_flagged",
]
"""Of one dose only, none is against dose."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = study_tables.write_all(tmp_path_factory.mktemp("study"))
    write_report(place)
    return place


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "report.html").read_text("utf-8")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory):
    with browser(tmp_path_factory.mktemp("profile")) as one:
        yield one


class Outline(HTMLParser):
    """What a page says and refers to, without what its scripts hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.words: list[str] = []
        self.within = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.within = tag

    def handle_endtag(self, tag):
        self.within = ""

    def handle_data(self, data):
        if self.within not in ("script", "style"):
            self.words.append(data)


def test_the_page_holds_all_that_it_shows(page):
    outline = Outline(page)
    for tag, attributes in outline.tags:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            where = attributes.get(name)
            assert where is None or where.startswith(("data:", "#")), (tag, where)
    images = [attributes for tag, attributes in outline.tags if tag == "img"]
    assert len(images) >= 5
    assert all(image["alt"] for image in images)
    anchors = {attributes.get("id") for _, attributes in outline.tags}
    links = [a["href"][1:] for tag, a in outline.tags if tag == "a"]
    assert links
    assert set(links) <= anchors
    assert len(page.encode()) < 8e6


def test_names_from_the_study_are_text_not_markup(page):
    assert study_tables.WORST not in page
    rows = json.loads(re.search(r'id="rows-data">(.*?)</script>', page)[1])
    assert study_tables.WORST in {row[rows["columns"].index("image")] for row in rows["rows"]}
    assert "# &lt;made up&gt;" in page


def test_every_chart_is_a_valid_plotly_figure_and_a_figure_for_papers(folder):
    import plotly.graph_objects as go

    charts = draw(load(folder))
    assert [chart.name for chart in charts] == CHARTS
    for chart in charts:
        for view in range(len(chart.views)):
            go.Figure(figure_json(chart, view))  # refuses what plotly does not know
        place = folder / "figures" / chart.name
        ET.parse(place.with_suffix(".svg"))
        assert place.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
        with Image.open(place.with_suffix(".png")) as image:
            assert np.ptp(np.asarray(image.convert("L"))) > 100
        with place.with_suffix(".csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        points = sum(len(line.x) for view in chart.views for line in view.lines)
        assert len(rows) == points


def test_a_scan_looks_the_same_in_all_charts(folder):
    charts = draw(load(folder))
    assert {look_of("dots", chart.names) for chart in charts} == {look_of("b", ["a", "b"])}


def test_axes_have_room_around_what_they_show(folder):
    for chart in draw(load(folder)):
        for view in chart.views:
            across, up = chart.limits(view)
            assert up is not None
            bottom, top = up
            lines = [(line.y, line.low, line.high) for line in view.lines]
            shown = [v for parts in lines for part in parts for v in part if v is not None]
            assert bottom <= min(shown)
            assert max(shown) < top
            assert across is None or across[1] / across[0] > 1.5


def test_logarithmic_axes_within_a_decade_have_marks():
    for ends in ((0.00082, 0.0046), (0.0021, 0.0029), (1.0, 30.0), (3.0, 3.0), (0.1, 5000.0)):
        inside = [v for v, _ in log_ticks(ends) if ends[0] / 1.25 <= v <= ends[1] * 1.25]
        assert inside


def test_the_chart_of_coverage_has_the_means_over_groups(folder):
    chart = next(c for c in draw(load(folder)) if c.name == "error_against_coverage")
    line = next(line for line in chart.views[0].lines if line.name == "spiral")
    assert chart.views[0].keys == {
        "measure": "error (RMSE, blurred truth)",
        "completed by": "network",
        "dose": "no noise",
        "dwell": "10 µs",
        "coil lag": "none",
    }
    wanted = [
        np.mean(
            [
                row["rmse_blurred"]
                for row in study_tables.results()
                if (row["scan"], row["coverage"], row["dose"], row["method"])
                == ("spiral", coverage, None, "network")
            ]
        )
        for coverage in study_tables.COVERAGES
    ]
    assert line.y == pytest.approx(wanted)
    assert all(low < y < high for low, y, high in zip(line.low, line.y, line.high, strict=True))


@pytest.mark.parametrize("tables", [("results",), ("detection",), ("results", "curves")])
def test_studies_without_some_tables_have_a_page(tmp_path, monkeypatch, tables):
    monkeypatch.setattr(paper, "write_figures", lambda *figure: None)  # they take longest
    page = write_report(study_tables.write(tmp_path, *tables)).read_text("utf-8")
    assert ('id="detection_against_coverage"' in page) == ("detection" in tables)
    assert ('id="error_by_distance"' in page) == ("curves" in tables)
    assert ('id="error_against_coverage"' in page) == ("results" in tables)


def test_what_is_no_study_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no results"):
        write_report(tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        write_report(tmp_path / "none")
    (tmp_path / "results.parquet").write_bytes(b"no table")
    with pytest.raises(InputError, match="cannot be read as a Parquet table"):
        write_report(tmp_path)


def test_csv_and_parquet_tell_the_same(tmp_path):
    study_tables.write(tmp_path, "results")
    packed = load(tmp_path).results
    (tmp_path / "results.parquet").unlink()
    plain = load(tmp_path).results
    for one, other in zip(packed, plain, strict=True):
        assert one.keys() == other.keys()
        for name, value in one.items():
            same = isinstance(value, float) and math.isclose(value, other[name], rel_tol=1e-8)
            assert same or value == other[name], name


def test_colours_can_be_told_from_white():
    for colour in COLOURS:
        levels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        light = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in levels]
        brightness = float(np.dot(light, (0.2126, 0.7152, 0.0722)))
        assert 1.05 / (brightness + 0.05) >= 4.5, colour  # WCAG 2.2, 1.4.3


_SCROLL = """(async () => {
  const wait = (time) => new Promise((done) => setTimeout(done, time));
  const left = () => document.querySelector(".plot:not(.js-plotly-plot)");
  for (let turn = 0; turn < 20 && (turn === 0 || left()); turn += 1) { // busy machines
    for (let y = 0; y < document.body.scrollHeight; y += 700) {
      window.scrollTo(0, y);
      await wait(30);
    }
  }
  window.scrollTo(0, 0);
  await wait(300);
})()"""


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_asks_for_nothing_and_fits(seen: Browser, folder, width):
    where = (folder / "report.html").as_uri()
    seen.open(where, width)
    seen.run(_SCROLL)
    assert seen.run("document.querySelectorAll('.plot.js-plotly-plot .trace').length") > 12
    assert seen.run("document.querySelectorAll('.plot:not(.js-plotly-plot)').length") == 0
    assert seen.run("document.documentElement.scrollWidth") <= width
    assert seen.requests() == [where]
    assert seen.complaints() == []


def test_a_choice_changes_a_chart_and_a_click_sorts(seen: Browser, folder):
    seen.open((folder / "report.html").as_uri(), 1280)
    seen.run(_SCROLL)
    chart = "document.getElementById('error_against_coverage')"
    before = seen.run(f"{chart}.querySelector('.plot').data[0].y[0]")
    seen.run(
        f"(() => {{ const s = [...{chart}.querySelectorAll('select')][1]; s.value = 'linear'; "
        "s.dispatchEvent(new Event('change')); })()"
    )
    after = seen.run(f"{chart}.querySelector('.plot').data[0].y[0]")
    assert after / before == pytest.approx(1.5, abs=0.05)
    seen.run(
        "[...document.querySelectorAll('#full-table thead button')]"
        ".find((b) => b.textContent === 'rmse_blurred').click()"
    )
    column = (
        "(() => { const i = [...document.querySelectorAll('#full-table thead button')]"
        ".findIndex((b) => b.textContent === 'rmse_blurred'); "
        "return [...document.querySelectorAll('#full-table tbody tr')]"
        ".map((r) => Number(r.cells[i].textContent)); })()"
    )
    values = seen.run(column)
    assert len(values) == 50
    assert values == sorted(values)
    find = "document.querySelector('#full-table input')"
    seen.run(f"{find}.value = 'dots 1/50'; {find}.dispatchEvent(new Event('input'))")
    said = seen.run("document.querySelector('#full-table output').textContent")
    assert said.startswith("48 rows")
    assert seen.complaints() == []


def test_without_scripts_the_words_and_the_figures_are_there(seen: Browser, folder):
    seen.open((folder / "report.html").as_uri(), 390, scripts=False)
    assert "use dots at 1/17.9" in seen.run("document.body.innerText")
    shown = "[...document.querySelectorAll('noscript img')].every((i) => i.naturalWidth > 200)"
    assert seen.run(shown)
    assert seen.run("document.querySelectorAll('noscript img').length") == len(CHARTS)
    assert seen.run("document.documentElement.scrollWidth") <= 390
