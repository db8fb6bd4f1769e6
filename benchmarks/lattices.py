"""What looking for a lattice is worth to kriging, on lattices and on what holds none.

    python benchmarks/lattices.py [FOLDER] [--images 20] [--size 512]
        [--scan spiral,line-hop,jittered-grid,random] [--coverage 1/17.9,1/50,1/87]

Images are simulated crystals and, as many, of all other kinds, under noise of a quarter of
their deviation; with FOLDER (manifest.csv and train/) real training images, one of each group,
their central part. Each scan is completed by the Gaussian process with and without looking for
a lattice (`lattices=False`). The table gives both errors against the blurred truth [% of the
range], the geometric mean of their ratio, the largest and the least, and on how many images it
is below 0.98 and above 1.02.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tune_baselines import images

from stemgan.baselines.gaussian_process import gaussian_process
from stemgan.cli.common import progress
from stemgan.measurement import measure
from stemgan.metrics import blurred, rmse
from stemgan.scan import ScanDesign, parse_coverage
from stemgan.synthetic import KINDS, named

Image = NDArray[np.float32]

NOISE = 0.25  # over the image's deviation


def simulated(count: int, side: int) -> dict[str, list[Image]]:
    """Draw crystals, and as many images of other kinds in turn."""
    others = sorted(set(KINDS) - {"crystal"})
    found: dict[str, list[Image]] = {"crystals": [], "other kinds": []}
    for seed in range(count):
        kinds = "crystal", others[seed % len(others)]
        for kept, kind in zip(found.values(), kinds, strict=True):
            rng = np.random.default_rng(seed)
            clean = named(kind, (side, side), rng)
            noise = NOISE * clean.std() * rng.standard_normal(clean.shape)
            kept.append((clean + noise).astype(np.float32))
    return found


def errors(truth: Image, family: str, coverage: float) -> tuple[float, float]:
    """Return the errors without and with a lattice looked for [%]."""
    scan = measure(truth, ScanDesign(family, truth.shape, coverage=coverage).trace())
    target, span = blurred(truth), float(np.ptp(truth))
    without, knowing = (gaussian_process(scan, lattices=each) for each in (False, True))
    return rmse(blurred(without), target, span), rmse(blurred(knowing), target, span)


def rows(
    sets: dict[str, list[Image]], families: list[str], coverages: list[str]
) -> Iterator[str]:
    """Yield the table, line by line."""
    yield "| images | scan | without | with | ratio | least | largest | lower | higher |"
    yield "|---|---|---|---|---|---|---|---|---|"
    cells = [(s, f, c) for s in sets for f in families for c in coverages]
    for name, family, text in progress(cells, "scans"):
        coverage = parse_coverage(text)
        pairs = np.array([errors(image, family, coverage) for image in sets[name]])
        ratio = pairs[:, 1] / pairs[:, 0]
        without, knowing = pairs.mean(axis=0)
        yield (
            f"| {len(pairs)} {name} | {family} {text} | {without:.2f} | {knowing:.2f} "
            f"| {np.exp(np.log(ratio).mean()):.3f} | {ratio.min():.2f} | {ratio.max():.2f} "
            f"| {(ratio < 0.98).sum()} | {(ratio > 1.02).sum()} |"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER")
    parser.add_argument("--images", type=int, default=20, help="simulated ones of each sort")
    parser.add_argument("--size", type=int, default=512, help="their side [px]")
    parser.add_argument("--scan", default="spiral,line-hop,jittered-grid,random")
    parser.add_argument("--coverage", default="1/17.9,1/50,1/87")
    args = parser.parse_args()
    sets = simulated(args.images, args.size)
    if args.folder is not None:
        sets["real"] = [image for _, image in images(args.folder, 1)]
    for row in rows(sets, args.scan.split(","), args.coverage.split(",")):
        print(row, flush=True)


if __name__ == "__main__":
    main()
