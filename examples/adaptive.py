"""Scan a simulated specimen where it is not known yet, and compare with a path that is fixed.

    python examples/adaptive.py -o adaptive.png

Particles lie on a film. An adaptive scan spends half of its time on a sparse path of dots, and
the rest in two rounds where the calibrated deviation promises most per unit of time; a static
path of dots takes as long, with as many electrons. The picture has the first path with its
deviation, what was measured in the end, both completions and the truth; what is printed is the
error of each. A driver of a real microscope takes the place of `SimulatedScanner`: whatever has
the members of `stemgan.adaptive.Scanner`.
"""

import argparse
from pathlib import Path

import numpy as np

from stemgan.adaptive import (
    Budget,
    SimulatedScanner,
    Strategy,
    Stroke,
    Sure,
    adaptive_scan,
    fitted,
)
from stemgan.images import picture, write_picture
from stemgan.measurement import PartialScan, scan_of_points
from stemgan.metrics import score
from stemgan.reconstruct import Reconstructor
from stemgan.scan.physics import Timing
from stemgan.synthetic import named

SHAPE = (256, 256)
_WIDE = 1.5
STRATEGY = Strategy("dots", first="poisson-disk", share=0.5, rounds=2)


def main() -> None:
    """Draw and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, default=Path("adaptive.png"))
    parser.add_argument("--kind", default="spheres", help="of the simulated micrograph")
    parser.add_argument("--coverage", type=float, default=1 / 20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--overwrite", action="store_true")
    arguments = parser.parse_args()
    truth = named(arguments.kind, SHAPE, np.random.default_rng(arguments.seed))
    timing = Timing(dwell=1e-6)
    time = arguments.coverage * truth.size * timing.dwell
    budget = Budget(time, exposure=time)
    reconstructor = Reconstructor.load("stemgan-s")
    looks: list[tuple[PartialScan, Sure]] = []

    def complete(scan: PartialScan) -> Sure:
        made = reconstructor(scan)
        looks.append((scan, Sure(made.image, made.std)))
        return looks[-1][1]

    first = fitted(STRATEGY.first, SHAPE, timing, budget.part(STRATEGY.share))
    scanner = SimulatedScanner(truth, timing)
    adapted = adaptive_scan(
        scanner, Stroke(first.path, first.joined), complete, budget, STRATEGY
    )
    complete(adapted.scan)
    fixed = fitted("poisson-disk", SHAPE, timing, budget)
    points = SimulatedScanner(truth, timing).scan(fixed.path, timing.dwell, joined=False)
    static = scan_of_points(points, SHAPE, full=1.0)
    complete(static)

    panels, limits = [], []
    span = (float(truth.min()), float(truth.max()))
    (sparse, sure), (end, last), (_, other) = looks[0], looks[-2], looks[-1]
    assert sure.std is not None
    for text, image, limit in (
        ("first path: half of the time", _thick(sparse), span),
        ("deviation after it", sure.std, (0.0, float(np.percentile(sure.std, 99.5)))),
        ("measured in the end", _thick(end), span),
        (f"adaptive: {_error(last, truth)}", last.image, span),
        (f"static: {_error(other, truth)}", other.image, span),
        ("truth (simulated)", truth, span),
    ):
        panels.append((text, image))
        limits.append(limit)
    print(f"adaptive: {_error(last, truth)}, {int(end.mask.sum())} px measured")
    print(f"static: {_error(other, truth)}, {int(static.mask.sum())} px measured")
    write_picture(
        arguments.output, picture(panels, limits=limits), overwrite=arguments.overwrite
    )


def _thick(scan: PartialScan) -> np.ndarray:
    """Show each measured pixel three pixels wide."""
    distance, values = scan.nearest
    return np.where(distance < _WIDE, values, np.float32(np.nan))


def _error(made: Sure, truth: np.ndarray) -> str:
    return f"RMSE {score(made.image, truth)['rmse_blurred']:.2f} % (blurred truth)"


if __name__ == "__main__":
    main()
