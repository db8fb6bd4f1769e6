"""The report of a study: one self-contained page, and figures for papers."""

from dataclasses import replace
from pathlib import Path

from stemgan.files import whole_file
from stemgan.study.report.charts import Chart
from stemgan.study.report.loading import Study, load
from stemgan.study.summaries import Row

__all__ = ["write_report"]

PAGE = "report.html"
CHARTS = (
    "error_against_coverage",
    "pareto_front",
    "error_by_distance",
    "error_by_pitch",
    "error_by_lattice",
    "partial_against_full",
    "error_against_dose",
    "ring_correlation",
    "error_against_lattice",
    "detection_against_coverage",
    "detection_by_distance",
    "detection_by_pitch",
    "misses_flagged",
)
"""Names of the charts that a report may have, and of their files."""


def write_report(folder: Path) -> Path:
    """Write the report of a study's folder: report.html and figures/.

    The page holds its scripts, pictures and data; no request leaves it. Figures are PNG, SVG
    and PDF of each chart, and its numbers as CSV. What a study does not have is left out.

    Parameters
    ----------
    folder : output_dir of a study, with its tables.

    Returns
    -------
    The page's path.

    Raises
    ------
    InputError : the folder holds no results, or cannot be written to.
    """
    from stemgan.study.report.page import build
    from stemgan.study.report.paper import remove_others, write_figures

    study = load(folder)
    charts = draw(study)
    static = {chart.name: write_figures(folder, chart) for chart in charts}
    remove_others(folder, CHARTS, charts)
    page = folder / PAGE
    with whole_file(page) as temporary:
        temporary.write_text(build(study, charts, static), encoding="utf-8")
    return page


def draw(study: Study) -> list[Chart]:
    """Return the charts of what the study measured: those with anything to show."""
    from stemgan.study.report.against import coverage_chart, lattice_chart
    from stemgan.study.report.costs import control_chart, dose_chart, pareto_chart
    from stemgan.study.report.curves import distance_charts, frc_chart
    from stemgan.study.report.misses import detection_charts
    from stemgan.study.report.words import best_method

    best = best_method(study.paths)

    def ordered(rows: list[Row]) -> list[Row]:
        """Put the best method first: it is what the page shows at first."""
        return sorted(rows, key=lambda row: row["method"] != best)

    charts = [
        coverage_chart(ordered(study.paths), study.published),
        pareto_chart(ordered(study.paths)),
        *distance_charts(ordered(study.curves)),
        control_chart(ordered(study.on_controls)),
        dose_chart(ordered(study.paths), ordered(study.on_controls)),
        frc_chart(ordered(study.curves)),
        lattice_chart(ordered(study.lattice)),
        *detection_charts(ordered(study.detection)),
    ]
    order = tuple(dict.fromkeys(row["scan"] for row in [*study.paths, *study.detection]))
    return [replace(chart, order=order) for chart in charts if chart.views]
