"""Figures of structure: dimension, agreement with labels, decision graph, losses."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stemgan.plots.style import MARKS, colours, look_of
from stemgan_data_prep.catalogue.explore.clustering import METHODS
from stemgan_data_prep.catalogue.explore.density_peaks import Peaks
from stemgan_data_prep.catalogue.explore.dimension import Block, Dimension
from stemgan_data_prep.catalogue.explore.panel import one_panel
from stemgan_data_prep.catalogue.explore.scoring import Curves


def dimension_figure(path: Path, blocks: Sequence[Block]) -> None:
    """Draw the intrinsic dimension against the number of points it was estimated on."""

    def draw(axis: Any) -> None:  # noqa: ANN401 (matplotlib's)
        sizes = [block.points for block in blocks]
        for name, mark, colour, label in (
            ("fit", "o", colours(2)[0], "linear fit"),
            ("likelihood", "s", colours(2)[1], "maximum likelihood"),
        ):
            values = [getattr(block, name) for block in blocks]
            errors = [getattr(block, f"{name}_error") for block in blocks]
            axis.errorbar(sizes, values, errors, marker=mark, color=colour, label=label)
        axis.set_xscale("log", base=2)
        axis.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axis.minorticks_off()
        axis.set_ylim(bottom=0)
        axis.set(xlabel="pictures in a part", ylabel="intrinsic dimension (2-NN)")
        axis.legend(loc="lower right")

    one_panel(path, draw)


def ratios_figure(path: Path, dimension: Dimension) -> None:
    """Draw what the dimension is fitted to: −log(1 − F) over log μ, and the line."""

    def draw(axis: Any) -> None:  # noqa: ANN401
        logs, levels, kept = dimension.logs, dimension.levels, dimension.kept
        first, second = colours(2)
        axis.plot(logs[:kept], levels[:kept], ".", ms=3, color=first, label="used")
        axis.plot(logs[kept:], levels[kept:], ".", ms=3, color="#9a9a9a", label="left out")
        end = min(logs[-1], levels[-1] / dimension.fit)
        line = [0, end], [0, end * dimension.fit]
        axis.plot(*line, color=second, label=f"dimension {dimension.fit:.3g}")
        axis.set(xlabel="log μ, μ = r₂ / r₁", ylabel="−log(1 − F(μ))")
        axis.legend()

    one_panel(path, draw)


def curves_figure(path: Path, curves: Curves, chosen: int | None = None) -> None:
    """Draw NMI against the number of clusters, between the good and the uniform scenario."""

    def draw(axis: Any) -> None:  # noqa: ANN401
        axis.fill_between(curves.counts, curves.uniform, curves.good, color="#efefef", lw=0)
        ends = (("good", curves.good, "--"), ("uniform", curves.uniform, ":"))
        for name, values, dashes in ends:
            axis.plot(curves.counts, values, dashes, color="#000000", lw=1.8, label=name)
        _methods(axis, curves.counts, curves.methods, chosen)
        axis.set_ylim(0, 1.02)
        axis.set_ylabel("NMI of clusters and labels")

    one_panel(path, draw, legend=True)


def silhouette_figure(
    path: Path, counts: Sequence[int], scores: Mapping[str, np.ndarray], chosen: int | None
) -> None:
    """Draw the mean silhouette against the number of clusters."""

    def draw(axis: Any) -> None:  # noqa: ANN401
        _methods(axis, counts, scores, chosen)
        axis.set_ylabel("mean silhouette")

    one_panel(path, draw, legend=True)


def _methods(
    axis: Any,  # noqa: ANN401
    counts: Sequence[int],
    values: Mapping[str, np.ndarray],
    chosen: int | None,
) -> None:
    for name, heights in values.items():
        colour, mark = look_of(name, METHODS)
        look = {"color": colour, "marker": MARKS[mark], "ms": 3.5, "lw": 1.2}
        axis.plot(counts, heights, label=name, **look)
    if chosen is not None:
        axis.axvline(chosen, color="#767676", lw=1)
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.set_xlabel("number of clusters")


def number_figure(path: Path, criteria: Mapping[int, float], chosen: int | None) -> None:
    """Draw the Bayesian information criterion of mixtures against the number of clusters."""

    def draw(axis: Any) -> None:  # noqa: ANN401
        least = min(criteria.values())
        heights = [value - least for value in criteria.values()]
        axis.plot(list(criteria), heights, "o-", ms=4, color=colours(1)[0])
        if chosen is not None:
            axis.axvline(chosen, color="#767676", lw=1)
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.set(xlabel="number of clusters", ylabel="criterion over its least value")

    one_panel(path, draw)


def decision_figure(path: Path, peaks: Peaks) -> None:
    """Draw density and separation of every picture; centres stand apart, up to the right."""

    def draw(axis: Any) -> None:  # noqa: ANN401
        floor = peaks.separation[peaks.separation > 0].min(initial=np.inf)
        separation = np.maximum(peaks.separation, floor if np.isfinite(floor) else 1.0)
        count = peaks.suggested()
        centres = peaks.ranked("saddles")[:count]
        first, second = colours(2)
        axis.loglog(peaks.density, separation, ".", ms=3, color=first, label="pictures")
        look = {"color": second, "ms": 6, "label": f"more than chance: {count}"}
        axis.loglog(peaks.density[centres], separation[centres], "D", **look)
        axis.set(xlabel="density, 1 / distance to the k-th neighbour")
        axis.set(ylabel="distance to the nearest denser picture")
        for one in (axis.xaxis, axis.yaxis):
            _plain_ticks(one)
        axis.legend()

    one_panel(path, draw)


def _plain_ticks(axis: Any) -> None:  # noqa: ANN401 (matplotlib's)
    """Mark 1, 2 and 5 of every decade in plain numbers."""
    from matplotlib.ticker import FormatStrFormatter, LogLocator, NullLocator

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FormatStrFormatter("%g"))
    axis.set_minor_locator(NullLocator())


def losses_figure(path: Path, losses: Sequence[tuple[int, float, float]], best: int) -> None:
    """Draw the autoencoder's loss on what it learns from and on what was held out."""

    def draw(axis: Any) -> None:  # noqa: ANN401
        epochs, training, held_out = zip(*losses, strict=True)
        axis.semilogy(epochs, training, color=colours(2)[0], label="training")
        axis.semilogy(epochs, held_out, color=colours(2)[1], label="held out")
        axis.axvline(best, color="#767676", lw=1, label="kept")
        axis.set(xlabel="epoch", ylabel="unexplained share of the features' variance")
        axis.legend()

    one_panel(path, draw)
