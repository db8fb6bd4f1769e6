"""Check a model's intervals: how often the truth lies in the interval that should hold 90 %.

    python benchmarks/uncertainty.py IMAGE... [--model stemgan-s] [--scan spiral,dots]
        [--coverage 1/17.9,1/87]

For each scan and coverage: the share of pixels whose blurred truth (5x5, sigma 2.5 px) lies
within 1.645 predicted standard deviations of the completion (mean over groups of images), that
share by distance from the scan, and the mean rank correlation of error and deviation.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from stemgan.evaluate import make_plan, take_scan
from stemgan.metrics import blurred
from stemgan.reconstruct import Reconstructor

HALF_WIDTH = 1.645
EDGES = (0, 1, 3, 6, 12, 24, np.inf)
STRIDE = 7  # every pixel's rank is not needed


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("images", nargs="+", type=Path)
    parser.add_argument("--model", default="stemgan-s")
    parser.add_argument("--scan", default="spiral,jittered-grid,dots")
    parser.add_argument("--coverage", default="1/17.9,1/50,1/87")
    args = parser.parse_args()
    model = Reconstructor.load(args.model)
    plan = make_plan(args.images, (), args.scan.split(","), args.coverage.split(","))
    inside: dict = defaultdict(lambda: defaultdict(list))
    near: dict = defaultdict(lambda: np.zeros((2, len(EDGES) - 1)))
    ranks: dict = defaultdict(list)
    for source, condition in plan.cells():
        truth, scan = take_scan(source, condition, plan.seed)
        made = model(scan)
        if made.std is None:
            raise SystemExit(f"model {model.name} estimates no uncertainty: choose another")
        error = np.abs(made.image - blurred(truth))
        hit = error <= HALF_WIDTH * made.std
        cell = (condition.scan, condition.coverage)
        inside[cell][source.group].append(hit.mean())
        bins = np.digitize(scan.nearest[0].ravel(), EDGES[1:-1])
        near[cell][0] += np.bincount(bins, hit.ravel(), len(EDGES) - 1)
        near[cell][1] += np.bincount(bins, minlength=len(EDGES) - 1)
        ranks[cell].append(spearmanr(error.ravel()[::STRIDE], made.std.ravel()[::STRIDE])[0])
    bounds = "  ".join(f"<{edge:g}" for edge in EDGES[1:])
    print(f"{'scan':<15}{'coverage':<10}{'inside':>8}{'rank':>7}   by distance [px] {bounds}")
    for cell, groups in inside.items():
        mean = np.mean([np.mean(shares) for shares in groups.values()])
        hits, count = near[cell]
        shares = "  ".join(f"{100 * h / n:.0f}" for h, n in zip(hits, count, strict=True) if n)
        rank = np.nanmean(ranks[cell])
        print(f"{cell[0]:<15}{cell[1]:<10}{100 * mean:>7.1f}%{rank:>7.2f}   {shares}")


if __name__ == "__main__":
    main()
