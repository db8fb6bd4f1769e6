"""Hold what looks for structure without labels against points of which it is known.

    python benchmarks/catalogue/structure.py [--points 5000] [--seeds 5] [--only PART,…]

Parts, each a table in Markdown (all points lie in 100 dimensions, `known.py`):

dimension   2-NN on manifolds of 2, 5 and 10 dimensions, flat and curved: mean of the linear fit
            and of the maximum likelihood over seeds, and the seed that is farthest off.
blocks      the same on parts of N, N/2, N/4 … points, of a curved surface with and without
            noise in all 100 dimensions: only the scale at which one looks tells them apart.
clusters    every method at the true number of clusters, beside scikit-learn's own: adjusted
            Rand index and NMI, means over seeds; and how many clusters are found unasked.
number      how many clusters are found unasked, of points in known clusters and of heaps that
            have none: by the best silhouette of k-means, a mixture, or saddles of density.
twins       our trees against scikit-learn's, density peaks against the textbook's, NMI against
            its formula: how far they differ.
curves      NMI against the number of clusters, with the good and the uniform scenario.
code        what an autoencoder's code of ten dimensions loses, beside principal components.
"""

import argparse
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from known import CLUSTERED, MANIFOLDS, bent, blobs
from numpy.typing import NDArray
from sklearn import cluster as sklearn_cluster
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from twins import largest_differences

from stemgan_data_prep.catalogue.explore.autoencoder import fit
from stemgan_data_prep.catalogue.explore.clustering import METHODS, cluster, clusters
from stemgan_data_prep.catalogue.explore.density_peaks import find_peaks
from stemgan_data_prep.catalogue.explore.dimension import block_analysis, two_nn
from stemgan_data_prep.catalogue.explore.scoring import curves
from stemgan_data_prep.catalogue.explore.selection import criteria, likeliest, silhouettes

DIMENSIONS = (2, 5, 10)
COUNTS = (2, 3, 4, 6, 8, 10, 15, 20, 30)


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Print a table in Markdown."""
    head = list(head)
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print(
            "| "
            + " | ".join(f"{x:.3g}" if isinstance(x, float) else str(x) for x in row)
            + " |"
        )
    print()


def dimension(points: int, seeds: int) -> None:
    rows = []
    for name, make in MANIFOLDS.items():
        for true in DIMENSIONS:
            found = [
                two_nn(make(points, true, np.random.default_rng([true, seed])))
                for seed in range(seeds)
            ]
            fits = np.array([one.fit for one in found])
            off = (fits / true - 1)[np.abs(fits / true - 1).argmax()]
            likelihood = float(np.mean([one.likelihood for one in found]))
            rows.append([name, true, float(fits.mean()), float(fits.std(ddof=1)), likelihood,
                         f"{off:+.1%}", "yes" if abs(off) <= 0.1 else "no"])  # fmt: skip
    table(("manifold", "d", "fit", "sd", "likelihood", "farthest off", "within 10 %"), rows)


def blocks(points: int, seeds: int) -> None:
    rows = []
    for noise in (0.0, 0.01):
        rng = np.random.default_rng(seeds)
        features = bent(points, 2, rng)
        features += noise * rng.normal(size=features.shape)
        rows += [
            [noise, one.points, one.parts, one.fit, one.fit_error, one.likelihood, one.distance]
            for one in block_analysis(features)
        ]
    table(("noise", "points", "parts", "fit", "error", "likelihood", "mean r₂"), rows)


sk: Any = sklearn_cluster  # its annotations are guessed from defaults

OTHERS: dict[str, Callable[[NDArray[np.float64], int], NDArray[np.int64]]] = {
    "scikit-learn ward": lambda x, k: sk.AgglomerativeClustering(k).fit_predict(x),
    "scikit-learn k-means": lambda x, k: sk.KMeans(k, n_init=10, random_state=0).fit_predict(x),
    "scikit-learn HDBSCAN": lambda x, _: sk.HDBSCAN(20, copy=True).fit_predict(x),
}


def clusters_known(points: int, seeds: int) -> None:
    del points
    for name, make in CLUSTERED.items():
        scores: dict[str, list[tuple[float, float, int]]] = {}
        for seed in range(seeds):
            features, labels = make(np.random.default_rng(seed))
            count = int(labels.max()) + 1
            found = {method: cluster(features, method, count) for method in METHODS}
            peaks = find_peaks(features)
            found["density-peaks, number unasked"] = peaks.assign()
            found["density-saddles, number unasked"] = peaks.assign(by="saddles")
            found |= {other: run(features, count) for other, run in OTHERS.items()}
            for method, row in found.items():
                scores.setdefault(method, []).append(
                    (
                        float(adjusted_rand_score(labels, row)),
                        float(normalized_mutual_info_score(labels, row)),
                        len(np.unique(row[row >= 0])),
                    )
                )
        print(f"{name}: {count} clusters\n")
        table(("method", "ARI", "lowest", "NMI", "clusters"), [
            [method, float(np.mean([s[0] for s in every])), min(s[0] for s in every),
             float(np.mean([s[1] for s in every])), ", ".join(str(s[2]) for s in every)]
            for method, every in scores.items()
        ])  # fmt: skip


def numbers(points: int, seeds: int) -> None:
    heaps = {name: MANIFOLDS[name] for name in ("gaussian", "cube", "bent")}
    makers: dict[str, Callable[[np.random.Generator], NDArray[np.float64]]] = {
        **{name: lambda rng, make=make: make(rng)[0] for name, make in CLUSTERED.items()},
        **{f"{name}, d = 5": lambda rng, make=make: make(points, 5, rng)
           for name, make in heaps.items()},
    }  # fmt: skip
    rows = []
    for name, make in makers.items():
        every: list[list[int]] = []
        for seed in range(seeds):
            features = make(np.random.default_rng(seed))
            tries = range(2, 16)
            means = {"kmeans": clusters(features, "kmeans", tries)}
            best = int(silhouettes(features, means)["kmeans"].argmax())
            likely = likeliest(criteria(features, tries))
            every.append([tries[best], likely, find_peaks(features).suggested()])
        rows.append([name, *(", ".join(map(str, way)) for way in zip(*every, strict=True))])
    table(("points", "best silhouette", "mixture", "saddles"), rows)


def twins(points: int, seeds: int) -> None:
    del points
    table(("ours", "the other", "largest difference"), largest_differences(seeds))


def curves_known(points: int, seeds: int) -> None:
    del points
    features, labels = blobs(np.random.default_rng(seeds))
    found = {method: clusters(features, method, COUNTS) for method in METHODS}
    drawn = curves(found, labels.astype(str), COUNTS)
    every = {**drawn.methods, "good": drawn.good, "uniform": drawn.uniform}
    table(("NMI, 8 clusters", *map(str, COUNTS)), [
        [name, *(f"{value:.2f}" for value in values)] for name, values in every.items()
    ])  # fmt: skip


def code(points: int, seeds: int) -> None:
    rows = []
    rng = np.random.default_rng(seeds)
    for name, features in {
        "gaussian, d = 10": MANIFOLDS["gaussian"](points, 10, rng),
        "bent, d = 10": bent(points, 10, rng),
        "bent, d = 20": bent(points, 20, rng),
    }.items():
        start = time.perf_counter()
        encoded = fit(features, 10)
        seconds = time.perf_counter() - start
        power = np.linalg.svd(features - features.mean(axis=0), compute_uv=False) ** 2
        rows.append([name, float(encoded.errors.mean()), encoded.losses[encoded.best][2],
                     float(power[10:].sum() / power.sum()), seconds])  # fmt: skip
    table(("points", "autoencoder", "held out", "principal components", "seconds"), rows)


PARTS = {
    "dimension": dimension,
    "blocks": blocks,
    "clusters": clusters_known,
    "number": numbers,
    "twins": twins,
    "curves": curves_known,
    "code": code,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--points", type=int, default=5000, help="points of a manifold")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", default=",".join(PARTS), help="parts, by commas")
    options = parser.parse_args()
    parts = options.only.split(",")
    if unknown := [name for name in parts if name not in PARTS]:
        parser.error(f"--only {unknown[0]}: choose from {', '.join(PARTS)}")
    for name in parts:
        print(f"## {name}\n")
        start = time.perf_counter()
        PARTS[name](options.points, options.seeds)
        print(f"{time.perf_counter() - start:.0f} s\n", flush=True)


if __name__ == "__main__":
    main()
