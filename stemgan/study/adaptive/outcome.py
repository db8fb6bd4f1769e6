"""Who wins: ratios of errors on the same images, with intervals over groups."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stemgan.amounts import amount
from stemgan.plots.style import pyplot, save
from stemgan.study.comparing import METRICS, compare, errors_of, judged
from stemgan.study.intervals import mean_of

Row = dict[str, Any]

_SPENT = 0.95
"""Share of the budget below which a static path is said to leave some of it."""
_MEANS = ("rmse_blurred", "rmse_raw", "nrmse_std_blurred", "ssim", "achieved")


def mean_rows(rows: Sequence[Row]) -> list[Row]:
    """Average each way of scanning over groups, with the interval of its error."""
    found = []
    for scan, adaptive in dict.fromkeys((row["scan"], row["adaptive"]) for row in rows):
        members = [row for row in rows if row["scan"] == scan]
        row: Row = {"scan": scan, "adaptive": adaptive, "images": len(members)}
        for name in _MEANS:
            mean = mean_of((one["group"], one[name]) for one in members)
            row |= {"groups": mean.groups, name: mean.value}
            if name in METRICS:
                row |= {f"{name}_low": mean.low, f"{name}_high": mean.high}
        for name in ("time_share", "dose_share", "jumps", "rounds", "seconds"):
            row[name] = float(np.mean([one[name] for one in members]))
        found.append(row)
    return found


def pair_rows(rows: Sequence[Row]) -> list[Row]:
    """Compare every adaptive scan with every static path.

    Returns
    -------
    Rows of metric, adaptive, static, `best_static` (whether it is the static path of least mean
    error), and the columns of `stemgan.study.comparing.compare`, p_holm and `better`.
    """
    found = []
    means = mean_rows(rows)
    for metric in METRICS:
        statics = sorted((m for m in means if not m["adaptive"]), key=lambda m: m[metric])
        for one in (m for m in means if m["adaptive"]):
            for other in statics:
                errors = [
                    errors_of([row for row in rows if row["scan"] == name], metric)
                    for name in (one["scan"], other["scan"])
                ]
                found.append(
                    {
                        "metric": metric,
                        "adaptive": one["scan"],
                        "static": other["scan"],
                        "best_static": other is statics[0],
                        **compare(*errors),
                    }
                )
    return judged(found, ("metric",), ("adaptive", "static"))


def verdict(pairs: Sequence[Row], means: Sequence[Row], metric: str = "rmse_blurred") -> str:
    """Say whether the best adaptive scan beats the best static path, and who spends less.

    Parameters
    ----------
    pairs : of `pair_rows`.
    means : of `mean_rows`.
    metric : the error that decides.
    """
    return "; ".join([_winner(pairs, metric), *_unspent(means)])


def _unspent(means: Sequence[Row]) -> list[str]:
    """Name the static paths that leave much of what binds them, time or dose."""
    shares = {
        row["scan"]: max(row["time_share"], row["dose_share"])
        for row in means
        if not row["adaptive"]
    }
    return [
        f"{scan} uses {100 * share:.0f} % of the budget"
        for scan, share in shares.items()
        if share < _SPENT
    ]


def _winner(pairs: Sequence[Row], metric: str) -> str:
    best = [row for row in pairs if row["metric"] == metric and row["best_static"]]
    row = min(best, key=lambda one: one["ratio"])
    ratio = (
        f"{row['ratio']:.3f} times ({row['ratio_low']:.3f} to {row['ratio_high']:.3f}) the "
        f"error of {row['static']}, the best static path, over "
        f"{amount(row['groups'], 'group')} of {amount(row['images'], 'image')}, "
        f"and less on {100 * row['share_a_lower']:.0f} %"
    )
    if row["better"] == row["adaptive"]:
        return f"adaptive wins: {row['adaptive']} leaves {ratio}"
    if row["better"]:
        return f"adaptive loses: {row['adaptive']} leaves {ratio}"
    return f"adaptive does not win for certain: {row['adaptive']} leaves {ratio}"


def draw(path: Path, rows: Sequence[Row], pairs: Sequence[Row]) -> None:
    """Draw the ratio of each image to the best static path, and the means of all pairs."""
    chosen = [row for row in pairs if row["metric"] == "rmse_blurred"]
    figure, axes = pyplot().subplots(1, 2, figsize=(11, 4.2))
    names = list(dict.fromkeys(row["adaptive"] for row in chosen))
    for number, name in enumerate(names):
        members = [row for row in chosen if row["adaptive"] == name]
        best = next(row["static"] for row in members if row["best_static"])
        mine, other = (
            errors_of([row for row in rows if row["scan"] == scan], "rmse_blurred")
            for scan in (name, best)
        )
        ratios = sorted(mine[image][1] / other[image][1] for image in mine if image in other)
        axes[0].plot(ratios, "os^D"[number % 4], ms=4, label=f"{name} / {best}")
        places = np.arange(len(members)) + 0.15 * (number - (len(names) - 1) / 2)
        values = np.array([[m["ratio"], m["ratio_low"], m["ratio_high"]] for m in members])
        away = np.abs(values[:, 1:] - values[:, :1]).T
        axes[1].errorbar(
            values[:, 0], places, xerr=away, fmt="os^D"[number % 4], ms=4, label=name
        )
    axes[1].set_yticks(range(len(members)), [row["static"] for row in members])
    axes[0].axhline(1, color="0.3", lw=1)
    axes[1].axvline(1, color="0.3", lw=1)
    axes[0].set(
        xlabel="image, in the order of the ratio", ylabel="ratio of RMSE to the static path"
    )
    axes[1].set(xlabel="mean ratio of RMSE over groups, 95 % interval", ylabel="static path")
    for axis in axes:
        axis.legend(fontsize=8)
    axes[0].set_yscale("log")
    ticks = [0.3, 0.5, 0.7, 1, 1.5, 2, 3]
    axes[0].set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes[0].minorticks_off()
    save(figure, path)
