"""What an exploration says in words: on the page, on the command line, below figures."""

from typing import Any

from stemgan_data_prep.catalogue.explore.steps import Structure

_MOST_UNEXPLAINED = 0.3
_POOR = ": more than it should; --dims 0 clusters the features as they are"


def sentences(summary: dict[str, Any]) -> list[str]:
    """Say what was found, for people.

    Parameters
    ----------
    summary : of `output.summary_of`.
    """
    said = [
        f"{summary['pictures']:,} pictures; intrinsic dimension of their features "
        f"{summary['dimension']:.3g} (linear fit), {summary['dimension_likelihood']:.3g} ± "
        f"{summary['dimension_error']:.2g} (maximum likelihood); the figure shows over which "
        "numbers of pictures that holds."
    ]
    if summary["unexplained"] is not None:
        said.append(
            f"An autoencoder brought the features to {summary['dims']} dimensions, which leave "
            f"{100 * summary['unexplained']:.3g} % of their variance unexplained"
            + (_POOR if summary["unexplained"] > _MOST_UNEXPLAINED else "")
            + "."
        )
    silhouette = summary["silhouette"]
    how = "" if silhouette is None else f", mean silhouette {silhouette:.2g}"
    sizes = ", ".join(f"{size:,}" for size in summary["sizes"][:12])
    more = " …" if len(summary["sizes"]) > 12 else ""
    said.append(
        f"Shown are {summary['clusters']} clusters by {summary['method']}{how}; their sizes "
        f"are {sizes}{more}. Labels had no say in that choice."
    )
    if summary["nmi"] is not None:
        said.append(
            f"With the labels they share NMI {summary['nmi']:.2f}; the good scenario has "
            f"{summary['nmi_good']:.2f} and chance {summary['nmi_uniform']:.2f}."
        )
        best = ", ".join(
            f"{method} {one['nmi']:.2f} with {one['clusters']}"
            for method, one in summary["best_nmi"].items()
        )
        said.append(f"Best NMI of each method, and the number of clusters: {best}.")
    return said


def captions(structure: Structure) -> dict[str, tuple[str, str]]:
    """Give each figure that there may be its title and what it shows, by its name."""
    shown = f"{structure.count} clusters by {structure.method}"
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
            "pictures: it needs no labels. The line marks what is shown on the map. One heap "
            "with a few outliers has a high silhouette too and is not chosen.",
        ),
        "decision": (
            "Decision graph of density peaks",
            "Centres of clusters are dense and far from anything denser: up and to the right.",
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
