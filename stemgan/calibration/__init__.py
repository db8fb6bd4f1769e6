"""From a network's standard deviation to one that is right, and to quantiles.

A network's deviation s is learned and may be too wide or too narrow. Held-out images say by how
much: with the error e = completion - truth, the quantiles of -e / s over them are the factors
q that make completion + q s a quantile of the truth (split conformal prediction: Papadopoulos
et al., ECML 2002; scaled scores as in Lei et al., J Am Stat Assoc 113, 1094, 2018). They
are kept per coverage and distance. The raw truth differs from the blurred one by noise n, told
from the scan's own misfit, and has factors of its own for sqrt(s^2 + n^2).
"""

from stemgan.calibration.apply import Calibrated, Intervals, noise_deviation
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
    "noise_deviation",
]
