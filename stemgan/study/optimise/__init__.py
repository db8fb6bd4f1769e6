"""The search for the scan path of least error, under limits of dose, time and the coils.

Optuna's tree-structured Parzen estimator (Bergstra et al., NeurIPS 24, 2011) proposes a family
with its coverage, dwell (one over the velocity), rotation and jitter. What it costs follows
from its physics, and a candidate beyond a limit is never measured: the estimator learns from by
how much. Others scan one image after the other, and are given up as soon as they are clearly
worse than the best one on the same images (a signed-rank test, Optuna's `WilcoxonPruner`).
The error is the mean over groups of the mean over their images.

Trials are kept as they come in a journal that `optuna-dashboard` opens. A search that stopped
continues, and ends as one that did not stop: what is proposed follows from the seed and the
trials that are finished.
The least error of many trials is lower than what other images will show: check it on images
that were not searched on.
"""

from stemgan.study.optimise.output import trial_rows, write
from stemgan.study.optimise.search import Search
from stemgan.study.optimise.searching import Best, optimise
from stemgan.study.optimise.space import Candidate, Limits, Space
from stemgan.study.optimise.trials import JOURNAL

__all__ = [
    "JOURNAL",
    "Best",
    "Candidate",
    "Limits",
    "Search",
    "Space",
    "optimise",
    "trial_rows",
    "write",
]
