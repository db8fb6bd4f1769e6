"""The figures of an exploration as JSON values."""

from typing import Any

import numpy as np

from stemgan_data_prep.catalogue.explore.steps import Structure

Row = dict[str, Any]


def summary_of(structure: Structure) -> Row:
    """Return the figures of an exploration as JSON values."""
    dimension, curves = structure.dimension, structure.curves
    best: Row = {}
    if curves is not None:
        peaks = {m: int(np.argmax(values)) for m, values in curves.methods.items()}
        best = {
            method: {
                "nmi": round(float(curves.methods[method][i]), 4),
                "clusters": curves.counts[i],
            }
            for method, i in peaks.items()
        }
    at = structure.counts.index(structure.count)
    return {
        "pictures": len(structure.points),
        "dimension": round(dimension.fit, 3),
        "dimension_likelihood": round(dimension.likelihood, 3),
        "dimension_error": round(dimension.likelihood_error, 3),
        "dims": structure.points.shape[1],
        "unexplained": number(structure.encoded.errors.mean()) if structure.encoded else None,
        "method": structure.method,
        "clusters": structure.count,
        "sizes": np.bincount(structure.clusters).tolist(),
        "silhouette": number(structure.silhouettes[structure.method][at]),
        "suggested_by_density_peaks": structure.peaks.suggested(max(structure.counts)),
        "nmi": None if structure.nmi is None else number(structure.nmi),
        "nmi_good": None if curves is None else number(curves.good[at]),
        "nmi_uniform": None if curves is None else number(curves.uniform[at]),
        "best_nmi": best,
    }


def number(value: float) -> float | None:
    """Round to four decimals; what is not finite has no value."""
    return round(float(value), 4) if np.isfinite(value) else None
