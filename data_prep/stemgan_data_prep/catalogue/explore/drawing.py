"""Which figures an exploration has, and of what."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from stemgan_data_prep.catalogue.explore import figures
from stemgan_data_prep.catalogue.explore.page.build import Drawn
from stemgan_data_prep.catalogue.explore.said import captions
from stemgan_data_prep.catalogue.explore.steps import Structure


def draw_all(folder: Path, labels: Sequence[str] | None, structure: Structure) -> list[Drawn]:
    """Draw what there is to draw; figures of an earlier run that it no longer has go.

    Parameters
    ----------
    folder : where to, made if it is not there.
    labels : (N,), or None.
    structure : what was found.
    """
    folder.mkdir(parents=True, exist_ok=True)
    making = _figures(labels, structure)
    texts = captions(structure)
    for name in texts:
        if name not in making:
            (folder / f"{name}.png").unlink(missing_ok=True)
    drawn = []
    for name, draw in making.items():
        path = folder / f"{name}.png"
        draw(path)
        drawn.append(Drawn(*texts[name], path))
    return drawn


def _figures(
    labels: Sequence[str] | None, structure: Structure
) -> dict[str, Callable[[Path], None]]:
    count, points, found = structure.count, structure.points, structure.clusters
    names = [str(i + 1) for i in range(count)]
    at_random = np.random.default_rng(0).permutation(len(points))
    ordered = np.argsort(found, kind="stable")
    curves, encoded = structure.curves, structure.encoded
    making: dict[str, Callable[[Path], None]] = {
        "map": lambda p: figures.map_figure(p, structure.places, found, names),
        "dimension": lambda p: figures.dimension_figure(p, structure.blocks),
        "ratios": lambda p: figures.ratios_figure(p, structure.dimension),
    }
    if curves is not None:
        making["nmi"] = lambda p: figures.curves_figure(p, curves, count)
    making |= {
        "silhouette": lambda p: figures.silhouette_figure(
            p, structure.counts, structure.silhouettes, count
        ),
        "decision": lambda p: figures.decision_figure(p, structure.peaks, count),
        "distances_before": lambda p: figures.distances_figure(p, points, at_random, ()),
        "distances_by_cluster": lambda p: figures.distances_figure(
            p, points, ordered, np.bincount(found).tolist()
        ),
    }
    if curves is not None and labels is not None:
        words, values = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
        by_label = np.argsort(values, kind="stable")
        sizes = np.bincount(values, minlength=len(words)).tolist()
        making["distances_by_label"] = lambda p: figures.distances_figure(
            p, points, by_label, sizes
        )
    if encoded is not None:
        making["autoencoder"] = lambda p: figures.losses_figure(p, encoded.losses, encoded.best)
    return making
