"""Which density peaks are more than chance, by the saddles between them.

Two peaks are joined by the densest path there is from one to the other; its thinnest point is
their saddle; a step goes from a point to a denser one of its k neighbours. Sinking from the
densest point down, peaks appear and meet, and the lower of two that meet ends there (Chazal,
Guibas, Oudot & Skraba, J ACM 60, 41 (2013)). A density of k neighbours is known to 1 / √k, so
that the lower peak ρ over its saddle ρ′ has the significance

    z = ln (ρ / ρ′) √(k / 2),    ρ ∝ r_k^(−d),

with d the intrinsic dimension (as d'Errico, Facco, Laio & Rodriguez, Inf Sci 560, 476 (2021),
use it to find clusters unasked). Of points without clusters in 2 to 10 dimensions, the second
peak had z < 3 each time; of two crescents, which separations do not tell apart, z > 6.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from stemgan_data_prep.catalogue.explore.density_peaks import Peaks

CHANCE = 4.0
"""Significance above which a peak is taken to be no chance."""


def saddles(peaks: "Peaks") -> tuple[np.ndarray, np.ndarray]:
    """Measure the significance of every peak, and find which it joins at its saddle.

    Parameters
    ----------
    peaks : see `density_peaks.find_peaks`.

    Returns
    -------
    significance : (N,): 0 of points that are no peak, infinite of those that meet no denser one
        among their neighbours.
    joined : (N,) int64: the peak that each peak joins; of every other point, and of a peak that
        meets none, the nearest denser point.
    """
    order = peaks.order
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    heights = peaks.dimension * np.log(peaks.density)
    unit = (peaks.neighbours.shape[1] / 2) ** 0.5
    significance, joined = np.zeros(len(order)), peaks.denser.copy()
    basin, top = np.arange(len(order)), np.arange(len(order))
    for i in order:
        denser = [j for j in peaks.neighbours[i] if rank[j] < rank[i]]
        if not denser:
            significance[i] = np.inf
            continue
        basin[i] = basin[denser[0]]
        first, *others = sorted(
            {_highest(top, int(basin[j])) for j in denser}, key=rank.__getitem__
        )
        for peak in others:
            top[peak] = joined[peak] = first
            significance[peak] = (heights[peak] - heights[i]) * unit
    return significance, joined


def _highest(top: np.ndarray, peak: int) -> int:
    """Follow a peak to the one it now belongs to, and remember the way."""
    while top[peak] != peak:
        top[peak] = top[top[peak]]
        peak = top[peak]
    return int(peak)
