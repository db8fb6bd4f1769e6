"""From a network's standard deviation to one that is right, and to quantiles.

A network's deviation s is learned and may be too wide or too narrow. Held-out images say by how
much: with the error e = completion - truth, the quantiles of -e / s over them are the factors
q that make completion + q s a quantile of the truth (split conformal prediction: Papadopoulos
et al., ECML 2002; scaled scores as in Lei et al., J Am Stat Assoc 113, 1094, 2018). They
are kept per coverage and distance. The raw truth, whose pixels have noise of their own, has a
completion, a deviation and factors of its own.
"""

from stemgan.calibration.apply import Calibrated, Intervals
from stemgan.calibration.counts import ErrorCounts
from stemgan.calibration.fit import fit_calibration
from stemgan.calibration.table import LEVELS, TRUTHS, Calibration, Table

__all__ = [
    "LEVELS",
    "TRUTHS",
    "Calibrated",
    "Calibration",
    "ErrorCounts",
    "Intervals",
    "Table",
    "fit_calibration",
]
