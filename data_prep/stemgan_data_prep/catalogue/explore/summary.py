"""What an exploration found: its figures as JSON values, and in words."""

from typing import Any

import numpy as np

from stemgan.amounts import amount, are
from stemgan_data_prep.catalogue.explore.clustering import NAMES
from stemgan_data_prep.catalogue.explore.selection import likeliest
from stemgan_data_prep.catalogue.explore.steps import Structure

Row = dict[str, Any]

_MOST_UNEXPLAINED = 0.3
_SETTLED = 0.1
"""Change of the dimension from half of the pictures to all that is no change."""
_APART = 0.5
"""Mean silhouette from which clusters stand apart (Kaufman & Rousseeuw, 1990)."""
_NAMED = 3
"""Methods whose best agreement with labels is told; the figure shows all."""
_POOR = ": more than it should; --dims 0 clusters the features as they are"


def summary_of(structure: Structure) -> Row:
    """Return the figures of an exploration as JSON values."""
    dimension, curves = structure.dimension, structure.curves
    best: Row = {}
    if curves is not None:
        for method, values in curves.methods.items():
            i = int(np.argmax(values - curves.uniform))
            best[method] = {
                "nmi": round(float(values[i]), 4),
                "chance": round(float(curves.uniform[i]), 4),
                "clusters": curves.counts[i],
            }
    at = structure.counts.index(structure.count)
    return {
        "pictures": len(structure.points),
        "copies": structure.copies,
        "dimension": round(dimension.fit, 3),
        "dimension_likelihood": round(dimension.likelihood, 3),
        "dimension_error": round(dimension.likelihood_error, 3),
        "dimension_of_halves": round(structure.blocks[1].fit, 3)
        if len(structure.blocks) > 1
        else None,
        "dims": structure.points.shape[1],
        "unexplained": number(structure.encoded.errors.mean()) if structure.encoded else None,
        "method": structure.method,
        "clusters": structure.count,
        "sizes": np.bincount(structure.clusters).tolist(),
        "silhouette": number(structure.silhouettes[structure.method][at]),
        "suggested_by_mixture": likeliest(structure.criteria),
        "suggested_by_density_peaks": structure.peaks.suggested(max(structure.counts)),
        "nmi": None if structure.nmi is None else number(structure.nmi),
        "nmi_good": None if curves is None else number(curves.good[at]),
        "nmi_uniform": None if curves is None else number(curves.uniform[at]),
        "best_nmi": best,
    }


def number(value: float) -> float | None:
    """Round to four decimals; what is not finite has no value."""
    return round(float(value), 4) if np.isfinite(value) else None


def sentences(summary: Row) -> list[str]:
    """Say what was found, for people.

    Parameters
    ----------
    summary : of `summary_of`.
    """
    said = [
        f"{amount(summary['pictures'], 'picture', ',')}{_copies(summary['copies'])}. Intrinsic "
        f"dimension of their features: {summary['dimension']:.3g} (linear fit), "
        f"{summary['dimension_likelihood']:.3g} ± {summary['dimension_error']:.2g} (maximum "
        f"likelihood){_settled(summary)}."
    ]
    if summary["unexplained"] is not None:
        said.append(
            f"An autoencoder brought the features to {amount(summary['dims'], 'dimension')}, "
            f"leaving {100 * summary['unexplained']:.3g} % of their variance unexplained"
            + (_POOR if summary["unexplained"] > _MOST_UNEXPLAINED else "")
            + "."
        )
    said += _of_clusters(summary)
    return said + (_of_labels(summary) if summary["nmi"] is not None else [])


def _copies(count: int) -> str:
    """Say how many pictures are copies."""
    if not count:
        return ""
    return f", of which {count:,} {'is the same as another' if count == 1 else 'are copies'}"


def _settled(summary: Row) -> str:
    """Say whether the dimension is the same on half of the pictures."""
    half, whole = summary["dimension_of_halves"], summary["dimension"]
    if half is None:
        return "; the pictures are too few to see whether half of them would give the same"
    if abs(half - whole) > max(_SETTLED * whole, 2 * summary["dimension_error"]):
        return f"; half of the pictures give {half:.3g}, so that it is not settled yet"
    return f"; half of the pictures give {half:.3g}"


def _of_clusters(summary: Row) -> list[str]:
    """Say which clusters are shown, and how many there might be."""
    silhouette = summary["silhouette"]
    how = "" if silhouette is None else f", mean silhouette {silhouette:.2g}"
    sizes = ", ".join(f"{size:,}" for size in summary["sizes"][:12])
    more = " …" if len(summary["sizes"]) > 12 else ""
    likely, peaks = summary["suggested_by_mixture"], summary["suggested_by_density_peaks"]
    many = "one heap" if likely == 1 else f"{likely} groups"
    apart = (
        f"no gap of density between them is more than chance{_yet(summary)}"
        if peaks == 1
        else f"gaps of density part {peaks} groups that are more than chance (--cluster "
        f"density-saddles:{peaks} shows them)"
    )
    return [
        f"Shown {are(summary['clusters'])} {amount(summary['clusters'], 'cluster')} by "
        f"{NAMES[summary['method']]}{how}; sizes: {sizes}{more}. Labels had no say in "
        "that choice.",
        f"A mixture of Gaussians describes the pictures best as {many}; {apart}.",
    ]


def _yet(summary: Row) -> str:
    """Say what it means that no gap of density is more than chance."""
    silhouette = summary["silhouette"]
    if silhouette is None or silhouette < _APART:
        return ", and the clusters' borders are a matter of convention"
    return (
        f" among {summary['pictures']:,} pictures, though by the silhouette the clusters stand "
        "apart: look at the pictures, or explore more of them"
    )


def _of_labels(summary: Row) -> list[str]:
    """Say how well clusters agree with labels."""
    every = summary["best_nmi"].items()
    best = ", ".join(
        f"{method} {one['nmi']:.2f} with {one['clusters']} (chance {one['chance']:.2f})"
        for method, one in sorted(every, key=lambda x: x[1]["chance"] - x[1]["nmi"])[:_NAMED]
    )
    return [
        f"With the labels they share NMI {summary['nmi']:.2f} of at most 1; the good scenario "
        f"has {summary['nmi_good']:.2f} and chance {summary['nmi_uniform']:.2f}.",
        f"Farthest above chance, of all methods and numbers of clusters: {best}.",
    ]
