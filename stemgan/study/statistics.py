"""The statistics of a study, by what they answer; every row is flat, as the tables are."""

from stemgan.study.comparing import compare, control_rows, paired_rows
from stemgan.study.intervals import Mean, bootstrap, holm, mean_of, sign_flip
from stemgan.study.published import PUBLISHED, published_rows
from stemgan.study.summaries import curves_summary, lattice_rows, summary_rows
from stemgan.study.verdicts import sentence, verdict_rows

__all__ = [
    "PUBLISHED",
    "Mean",
    "bootstrap",
    "compare",
    "control_rows",
    "curves_summary",
    "holm",
    "lattice_rows",
    "mean_of",
    "paired_rows",
    "published_rows",
    "sentence",
    "sign_flip",
    "summary_rows",
    "verdict_rows",
]
