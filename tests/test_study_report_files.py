"""The files of a report's figures, when the study under it changes."""

from stemgan.study import report
from stemgan.study.report import draw, write_report
from stemgan.study.report.loading import load
from tests import study_tables


def test_figures_of_charts_that_vanish_go_and_others_stay(tmp_path):
    study_tables.write_all(tmp_path)
    figures = tmp_path / "figures"
    write_report(tmp_path)
    before = {path.name for path in figures.iterdir()}
    names = {chart.name for chart in draw(load(tmp_path))}
    assert names <= set(report.CHARTS)
    (figures / "misses_flagged_mine.png").write_text("mine")
    for stale in ("error_against_coverage_3.pdf", "error_against_dose.csv"):
        (figures / stale).write_text("of a larger study")
    for suffix in ("csv", "parquet"):
        (tmp_path / f"detection_summary.{suffix}").unlink(missing_ok=True)
        (tmp_path / f"detection.{suffix}").unlink(missing_ok=True)
    write_report(tmp_path)
    found = {path.name for path in figures.iterdir()}
    gone = {name for name in before if name.startswith(("detection", "misses"))}
    assert len(gone) == 4 * 4
    assert found == before - gone | {"misses_flagged_mine.png"}
