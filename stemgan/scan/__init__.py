"""Scan designs: a family with a coverage (or pitch), and the pixels that its path measures."""

from stemgan.scan.coverage import (
    check_coverage,
    coverage_note,
    format_coverage,
    parse_coverage,
)
from stemgan.scan.design import CustomPath, ScanDesign
from stemgan.scan.families import FAMILIES, REGISTRY, SPARSE_FAMILIES, Family
from stemgan.scan.random import random_design
from stemgan.scan.trace import Path, Trace, trace_path

__all__ = [
    "FAMILIES",
    "REGISTRY",
    "SPARSE_FAMILIES",
    "CustomPath",
    "Family",
    "Path",
    "ScanDesign",
    "Trace",
    "check_coverage",
    "coverage_note",
    "format_coverage",
    "parse_coverage",
    "random_design",
    "trace_path",
]
