"""Figures of an evaluation: error by coverage, distance and class, examples, error maps."""

from stemgan.plots.labels import error_by_label
from stemgan.plots.lines import error_against_coverage, error_against_distance
from stemgan.plots.sheets import example_sheet, map_sheet

__all__ = [
    "error_against_coverage",
    "error_against_distance",
    "error_by_label",
    "example_sheet",
    "map_sheet",
]
