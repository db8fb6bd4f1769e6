"""Which figures an exploration has, and of what."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from stemgan.amounts import amount
from stemgan_data_prep.catalogue.explore import figures, maps
from stemgan_data_prep.catalogue.explore.clustering import NAMES
from stemgan_data_prep.catalogue.explore.page.build import Drawn
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
    texts = _captions(structure)
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
        "map": lambda p: maps.map_figure(p, structure.places, found, names),
        "dimension": lambda p: figures.dimension_figure(p, structure.blocks),
        "ratios": lambda p: figures.ratios_figure(p, structure.dimension),
    }
    if curves is not None:
        making["nmi"] = lambda p: figures.curves_figure(p, curves, count)
    making |= {
        "silhouette": lambda p: figures.silhouette_figure(
            p, structure.counts, structure.silhouettes, count
        ),
        "number": lambda p: figures.number_figure(p, structure.criteria, count),
        "decision": lambda p: figures.decision_figure(p, structure.peaks),
        "distances_before": lambda p: maps.distances_figure(p, points, at_random, ()),
        "distances_by_cluster": lambda p: maps.distances_figure(
            p, points, ordered, np.bincount(found).tolist()
        ),
    }
    if curves is not None and labels is not None:
        words, values = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
        by_label = np.argsort(values, kind="stable")
        sizes = np.bincount(values, minlength=len(words)).tolist()
        making["distances_by_label"] = lambda p: maps.distances_figure(
            p, points, by_label, sizes, [str(word) or "none" for word in words]
        )
    if encoded is not None:
        making["autoencoder"] = lambda p: figures.losses_figure(p, encoded.losses, encoded.best)
    return making


def _captions(structure: Structure) -> dict[str, tuple[str, str]]:
    """Give each figure that there may be its title and what it shows, by its name."""
    shown = f"{amount(structure.count, 'cluster')} by {NAMES[structure.method]}"
    return {
        "map": ("Map", f"All pictures, those that are alike near each other; {shown}."),
        "dimension": (
            "Intrinsic dimension",
            "By the distances to the two nearest neighbours, on random parts of all pictures: "
            "where it stays the same over a range of sizes, it is that of the features and "
            "neither noise nor lack of pictures. Bars are standard errors.",
        ),
        "ratios": (
            "What the dimension is fitted to",
            "Ratios μ of the distances to the second and the first neighbour; F is the share "
            "of ratios below μ. The slope is the dimension.",
        ),
        "nmi": (
            "Agreement with labels",
            "Normalised mutual information of clusters and labels against the number of "
            "clusters. Good: clusters that follow the labels but for one picture in five; "
            "uniform: pictures dealt out at random. The line marks what is shown on the map.",
        ),
        "silhouette": (
            "Silhouette",
            "How much nearer pictures are to their own cluster than to the next, mean over "
            "pictures: it needs no labels. The line marks what is shown on the map; of its "
            "number, the method with the best silhouette is shown. Two halves, or one heap "
            "and a few outliers, have a high silhouette easily.",
        ),
        "number": (
            "Number of clusters",
            "Bayesian information criterion of a mixture of so many Gaussians: the least "
            "describes the pictures best without more clusters than they bear. A flat valley "
            "means that several numbers do.",
        ),
        "decision": (
            "Decision graph of density peaks",
            "Centres of clusters are dense and far from anything denser: up and to the right. "
            "Marked are the peaks that a saddle parts from all others by more than chance.",
        ),
        "distances_before": (
            "Distances before ordering",
            "Between all pictures, in random order.",
        ),
        "distances_by_cluster": (
            "Distances, ordered by cluster",
            f"The same, {shown}: dark squares on the diagonal are groups of like pictures, "
            "dark off it clusters that are near each other.",
        ),
        "distances_by_label": (
            "Distances, ordered by label",
            "The same in the order of the labels, by alphabet.",
        ),
        "autoencoder": (
            "Autoencoder",
            "Share of the features' variance that the code does not explain, by epoch; it "
            "stops where what was held out no longer improves.",
        ),
    }
