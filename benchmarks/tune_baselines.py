"""Find the parameters of the classical methods, once and for all, on training images only.

    python benchmarks/tune_baselines.py --data FOLDER --out FILE [--methods M,...] [--quick]

FOLDER holds manifest.csv and train/. One image a group, its central 512 px, is scanned without
noise (the images have their own) under every family and coverage of `FAMILIES` and `COVERAGES`,
and completed with every combination of values in `tuning_grids.py`. The score is the RMSE
against the blurred truth [% of the range], averaged over images (one a group), then over
families and coverages. Every cell tried is a row of the CSV, with its seconds; what is already
there is not tried again, so that an interrupted run continues and a wider grid adds to it.
`--quick` takes every third group at two coverages. `--defaults` runs the methods as they are,
for the table of errors by family and coverage.
"""

import argparse
import csv
import itertools
import time
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tuning_grids import GRIDS

from stemgan.baselines import METHODS, check_method
from stemgan.images import read_micrograph
from stemgan.manifest import NAME, read_manifest, role
from stemgan.measurement import FEWEST_PIXELS, PartialScan, measure
from stemgan.metrics import blurred, rmse
from stemgan.scan import ScanDesign, parse_coverage

Image = NDArray[np.float32]

FAMILIES = ("spiral", "jittered-grid", "dots", "line-hop", "random")
COVERAGES = ("1/10", "1/17.9", "1/50", "1/87")
SIDE = 512
QUICK = 3
COLUMNS = ("method", "parameters", "group", "family", "coverage", "rmse_blurred", "seconds")


class Cell(NamedTuple):
    """One image under one scan: what is completed and what it should become."""

    group: str
    family: str
    coverage: str
    scan: PartialScan
    target: NDArray[np.float64]
    span: float


def images(data: Path, every: int) -> Iterator[tuple[str, Image]]:
    """Yield the first training image of each group, its central part."""
    groups: dict[str, str] = {}
    for row in read_manifest(data / NAME).rows.values():
        if role(row) == "train":
            groups.setdefault(row["group"], row["file"])
    for group, name in list(groups.items())[::every]:
        image = read_micrograph(data / name).data
        y, x = (max(0, (n - SIDE) // 2) for n in image.shape)
        yield group, image[y : y + SIDE, x : x + SIDE]


def cells(data: Path, *, quick: bool) -> Iterator[Cell]:
    """Yield every image under every scan."""
    coverages = COVERAGES[1::2] if quick else COVERAGES
    for group, truth in images(data, QUICK if quick else 1):
        target, span = blurred(truth), float(np.ptp(truth))
        for family, text in itertools.product(FAMILIES, coverages):
            coverage = parse_coverage(text)
            if coverage * truth.size >= FEWEST_PIXELS:
                design = ScanDesign(family, truth.shape, coverage=coverage)
                yield Cell(group, family, text, measure(truth, design.trace()), target, span)


def combinations(method: str) -> Iterator[dict[str, object]]:
    """Yield every combination of a method's grid."""
    grid = GRIDS.get(method, {})
    for values in itertools.product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def describe(parameters: dict[str, object]) -> str:
    """Write parameters as one word."""
    return " ".join(f"{name}={value}" for name, value in parameters.items()) or "defaults"


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows already tried."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def summarise(rows: list[dict[str, str]], methods: list[str], *, by_scan: bool) -> None:
    """Print the mean error of every combination, the least first."""
    for method in methods:
        errors: dict[str, list[float]] = defaultdict(list)
        seconds: dict[str, list[float]] = defaultdict(list)
        for row in rows:
            if row["method"] == method:
                key = row["parameters"]
                if by_scan:
                    key += f" {row['family']} {row['coverage']}"
                errors[key].append(float(row["rmse_blurred"]))
                seconds[key].append(float(row["seconds"]))
        print(f"\n{method}")
        for key in errors if by_scan else sorted(errors, key=lambda k: np.mean(errors[k])):
            print(
                f"  {key:44} {np.mean(errors[key]):6.3f} %  {np.mean(seconds[key]):6.3f} s"
                f"  ({len(errors[key])} scans)"
            )


def main() -> None:
    """Try what was not tried yet, and print the mean errors."""
    parser = argparse.ArgumentParser(description="Tune the classical methods.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="CSV of all that was tried")
    parser.add_argument("--methods", default=",".join(GRIDS), help="names, comma-separated")
    parser.add_argument("--quick", action="store_true", help="a sixth of the scans")
    parser.add_argument("--defaults", action="store_true", help="no grid: methods as they are")
    args = parser.parse_args()
    methods = [check_method(name) for name in args.methods.split(",")]
    names = ("method", "parameters", "group", "family", "coverage")
    known = {tuple(row[n] for n in names) for row in read(args.out)}
    is_new = not args.out.is_file()
    with args.out.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(COLUMNS)
        for cell in cells(args.data, quick=args.quick):
            for method in methods:
                for parameters in [{}] if args.defaults else combinations(method):
                    key = (method, describe(parameters), *cell[:3])
                    if key not in known:
                        writer.writerow((*key, *attempt(cell, method, parameters)))
            file.flush()
    summarise(read(args.out), methods, by_scan=args.defaults)


def attempt(cell: Cell, method: str, parameters: dict[str, object]) -> tuple[str, str]:
    """Complete one scan, and return the error [%] and the seconds, as text."""
    run = partial(METHODS[method], **parameters)
    start = time.perf_counter()
    image = run(cell.scan)
    seconds = time.perf_counter() - start
    return f"{rmse(image, cell.target, cell.span):.4f}", f"{seconds:.4f}"


if __name__ == "__main__":
    main()
