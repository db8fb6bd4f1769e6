"""Check a model's intervals: how often the truth lies in the interval that should hold 90 %.

    python benchmarks/uncertainty.py IMAGE... [--model stemgan-s] [--crop 512]
        [--scan spiral,line-hop,dots,random] [--coverage 1/17.9,1/50,1/87] [--learned]

For the blurred truth (5x5, sigma 2.5 px) and for the raw one: the share of pixels between the
5 and the 95 % quantile, for each scan and coverage (mean over groups of images, with the 95 %
interval of a bootstrap over groups) and, all scans together, by coverage and distance, in gap
lengths (4 x mean distance) and in px; beside it the rank correlation of error and predicted
deviation over an image's pixels. A group counts once, however many images it has.
`--learned` takes the deviation as the network learned it, for normal errors.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from stemgan.calibration import TRUTHS
from stemgan.calibration.apply import relative_distance
from stemgan.evaluate import Plan, make_plan, take_scan
from stemgan.evaluate.calibrate import neutral
from stemgan.metrics import blurred
from stemgan.reconstruct import Reconstructor

EDGES = {
    "gaps": (0.0, 1e-6, 0.1, 0.2, 0.3, 0.45, np.inf),
    "px": (0.0, 0.5, 1.5, 3.0, 6.0, 12.0, 24.0, np.inf),
}
STRIDE = 7  # every pixel's rank is not needed
FEWEST_GROUPS = 5  # of fewer, a mean over groups says nothing
RESAMPLES = 2000
WANTED, BINS = 0.9, (0.80, 0.97)

Key = tuple[str, ...]
Groups = dict[str, list[tuple[float, float]]]


def main() -> None:
    args = _arguments()
    plan = make_plan(
        args.images, (), args.scan.split(","), args.coverage.split(","), crop=args.crop
    )
    model = Reconstructor.load(args.model)
    if not model.uncertain:
        raise SystemExit(f"model {model.name} estimates no uncertainty: choose another")
    learned = args.learned or model.calibration is None
    model = replace(model, calibration=neutral() if learned else model.calibration)
    shares: dict[Key, Groups] = defaultdict(lambda: defaultdict(list))
    ranks: dict[Key, Groups] = defaultdict(lambda: defaultdict(list))
    for name, coverage, group, figures, rank in measured(plan, model):
        for key, counted in figures.items():
            shares[(*key[:2], name, coverage, *key[2:])][group].append(counted)
        for truth, found in rank.items():
            ranks[truth, name, coverage][group].append((found, 1.0))
    sources = {source.group for source in plan.sources}
    how = "as learned" if learned else "calibrated"
    print(f"{model.name}, {how}; {len(plan.sources)} images of {len(sources)} groups")
    for truth in TRUTHS:
        _by_scan(truth, shares, ranks)
        for unit in EDGES:
            _by_distance(truth, unit, shares)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("images", nargs="+", type=Path)
    parser.add_argument("--model", default="stemgan-s")
    parser.add_argument("--scan", default="spiral,line-hop,dots,random")
    parser.add_argument("--coverage", default="1/17.9,1/50,1/87")
    parser.add_argument("--crop", type=int, help="longest side of an image's middle [px]")
    parser.add_argument("--learned", action="store_true", help="without the calibration")
    return parser.parse_args()


def measured(plan: Plan, model: Reconstructor) -> Iterator[tuple[Any, ...]]:
    """Yield scan, coverage, group, counts of pixels inside and in all, and rank correlations.

    Counts are by (truth, "all") and (truth, unit, bin); correlations by truth.
    """
    for source, condition in plan.cells():
        truth, scan = take_scan(source, condition, plan.seed)
        made = model(scan).calibrated
        assert made is not None
        places = {"gaps": relative_distance(scan), "px": scan.nearest[0]}
        figures: dict[Key, tuple[float, float]] = {}
        rank: dict[str, Any] = {}
        for name, target in zip(TRUTHS, (blurred(truth), truth), strict=True):
            std, quantiles = made.intervals(name)
            hit = (quantiles[0] <= target) & (target <= quantiles[-1])
            figures[name, "all"] = (float(hit.sum()), float(hit.size))
            for unit, distance in places.items():
                for i, (inside, pixels) in enumerate(_rings(hit, distance, EDGES[unit])):
                    figures[name, unit, str(i)] = (inside, pixels)
            error = np.abs(made.centre(name) - target).ravel()[::STRIDE]
            if np.ptp(error) > 0:
                rank[name] = spearmanr(error, std.ravel()[::STRIDE])[0]
        yield condition.scan, condition.coverage, source.group, figures, rank


def _rings(
    hit: NDArray[np.bool_], distance: NDArray[np.floating], edges: tuple[float, ...]
) -> Iterator[tuple[float, float]]:
    bins = np.digitize(distance.ravel(), edges[1:-1])
    count = len(edges) - 1
    inside = np.bincount(bins, hit.ravel(), count)
    yield from zip(inside.tolist(), np.bincount(bins, minlength=count).tolist(), strict=True)


def _means(groups: Groups) -> NDArray[np.float64]:
    """Return each group's share; groups without a pixel are left out."""
    sums = np.array([np.sum(pairs, axis=0) for pairs in groups.values()])
    return sums[sums[:, 1] > 0, 0] / sums[sums[:, 1] > 0, 1]


def _bootstrap(values: NDArray[np.float64]) -> tuple[float, float]:
    drawn = np.random.default_rng(0).integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.percentile(values[drawn].mean(1), (2.5, 97.5))
    return float(low), float(high)


def _merged(shares: dict[Key, Groups], keys: Iterable[Key]) -> Groups:
    found: Groups = defaultdict(list)
    for key in keys:
        for group, pairs in shares[key].items():
            found[group] += pairs
    return found


def _by_scan(truth: str, shares: dict[Key, Groups], ranks: dict[Key, Groups]) -> None:
    cells = [key for key in shares if key[:2] == (truth, "all")]
    print(f"\n{truth} truth: share in the 90 % interval, 95 % bootstrap interval, rank")
    for name in (*dict.fromkeys(key[2] for key in cells), "all"):
        for coverage in dict.fromkeys(key[3] for key in cells):
            scans = [key for key in cells if key[3] == coverage and name in (key[2], "all")]
            values = _means(_merged(shares, scans))
            low, high = _bootstrap(values)
            rank = _means(_merged(ranks, [(truth, *key[2:4]) for key in scans])).mean()
            verdict = "" if low <= WANTED <= high else "  90 % lies outside"
            print(
                f"{name:<15}{coverage:<8}{100 * values.mean():>6.1f} % "
                f"[{100 * low:.1f}, {100 * high:.1f}]{rank:>7.2f}{verdict}"
            )


def _by_distance(truth: str, unit: str, shares: dict[Key, Groups]) -> None:
    edges = EDGES[unit]
    bounds = "".join(f"{f'<{edge:g}':>8}" for edge in edges[2:])
    print(f"\n{truth} truth: share [%] by distance [{unit}]\n{'':<8}{'measured':>9}{bounds}")
    for coverage in dict.fromkeys(key[3] for key in shares):
        line = ""
        for i in range(len(edges) - 1):
            keys = [k for k in shares if k[:2] == (truth, unit) and k[3:] == (coverage, str(i))]
            values = _means(_merged(shares, keys))
            enough = len(values) >= FEWEST_GROUPS
            mark = "" if enough and BINS[0] <= values.mean() <= BINS[1] else "!"
            line += f"{f'{100 * values.mean():.1f}{mark}' if enough else '-':>8}"
        print(f"{coverage:<9}{line}")


if __name__ == "__main__":
    main()
