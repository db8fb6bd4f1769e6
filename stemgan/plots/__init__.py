"""Figures of an evaluation: error against coverage and distance, examples, and error maps."""

from stemgan.plots.lines import error_against_coverage, error_against_distance
from stemgan.plots.sheets import example_sheet, map_sheet

__all__ = ["error_against_coverage", "error_against_distance", "example_sheet", "map_sheet"]
