"""Find the widths that the classical methods smooth by, on training images only.

    python benchmarks/tune_baselines.py --data FOLDER/train --manifest FOLDER/manifest.csv

One image a group, its central 512 px, under spiral, dots and jittered-grid scans of 1/17.9,
1/50 and 1/87 without noise. Prints the mean RMSE against the blurred truth [% of the range] for
every candidate; the defaults in `stemgan.baselines` are the candidates with the least error
over all conditions of their kind of mask. The whole grid takes hours on one core.

Found (widths of the smoothed methods with 28 groups; the others with 10 to 14 of them, one
parameter after the other, as they cost more):

    smoothed-nearest        0.275 of the gap      candidates 0 to 0.5
    smoothed-linear         0.225 of the gap      candidates 0 to 0.5
    normalised-convolution  lines 0.15, trust 0.3; dots 0.3, trust 0.1
    fourier-pocs            lines base 0.6, floor 0.05, tilt 0.8; dots 0.3, 0.09, 1.5; 80 turns
                            (40 are too few for wide gaps; more than 120 complete the noise);
                            last threshold at 6 times the median coefficient of the start
                            (set by hand from 7 to 10 images; not in the grid below)
"""

import argparse
import csv
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.fourier import fourier_pocs
from stemgan.baselines.local import (
    normalised_convolution,
    smoothed_linear,
    smoothed_nearest,
)
from stemgan.images import read_micrograph
from stemgan.measurement import PartialScan, measure
from stemgan.metrics import blurred, rmse
from stemgan.scan import ScanDesign, parse_coverage

Image = NDArray[np.float32]

SCANS = ("spiral", "dots", "jittered-grid")
COVERAGES = ("1/17.9", "1/50", "1/87")
SIDE = 512
FRACTIONS = (0.1, 0.15, 0.2, 0.225, 0.25, 0.275, 0.3, 0.35, 0.4, 0.5)


def candidates() -> dict[str, Callable[[PartialScan], Image]]:
    """Return every method with every candidate width, by a name that says both."""
    found: dict[str, Callable[[PartialScan], Image]] = {}
    for fraction in FRACTIONS:
        found[f"smoothed-nearest {fraction}"] = partial(smoothed_nearest, fraction=fraction)
        found[f"smoothed-linear {fraction}"] = partial(smoothed_linear, fraction=fraction)
    for fraction, trust in itertools.product((0.15, 0.2, 0.25, 0.3, 0.35), (0.01, 0.1, 0.3)):
        method = partial(normalised_convolution, fraction=fraction, trust=trust)
        found[f"normalised-convolution {fraction} {trust}"] = method
    shapes = itertools.product((0.3, 0.45, 0.6, 0.75), (0.03, 0.05, 0.09), (0.8, 1.0, 1.5))
    for tuned in shapes:
        found[f"fourier-pocs {tuned}"] = partial(fourier_pocs, tuned=tuned)
    for iterations in (40, 120, 200):
        found[f"fourier-pocs turns {iterations}"] = partial(fourier_pocs, iterations=iterations)
    return found


def images(data: Path, manifest: Path, every: int) -> Iterator[Image]:
    """Yield the first image of each group of the training images, its central part."""
    with manifest.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["role"] == "train"]
    groups: dict[str, str] = {}
    for row in rows:
        groups.setdefault(row["group"], row["file"])
    for name in list(groups.values())[::every]:
        image = read_micrograph(data.parent / name).data
        y, x = (max(0, (n - SIDE) // 2) for n in image.shape)
        yield image[y : y + SIDE, x : x + SIDE]


def main() -> None:
    """Print a table of errors for each scan and coverage, the least first."""
    parser = argparse.ArgumentParser(description="Tune the classical methods.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1, help="take every N-th group")
    args = parser.parse_args()
    truths = list(images(args.data, args.manifest, args.every))
    for scan, coverage in itertools.product(SCANS, COVERAGES):
        errors: dict[str, list[float]] = defaultdict(list)
        for truth in truths:
            design = ScanDesign(scan, truth.shape, coverage=parse_coverage(coverage))
            measured = measure(truth, design.trace())
            target, span = blurred(truth), float(np.ptp(truth))
            for name, method in candidates().items():
                errors[name].append(rmse(method(measured), target, span))
        print(f"\n{scan} {coverage}, {len(truths)} images")
        for name, values in sorted(errors.items(), key=lambda item: np.mean(item[1])):
            print(f"  {name:40} {np.mean(values):6.2f}", flush=True)


if __name__ == "__main__":
    main()
