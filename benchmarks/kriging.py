"""Time kriging in torch beside NumPy's, and compare what they make of the same scans.

    python benchmarks/kriging.py [--size 256] [--batch 1,8,32] [--device cuda]

Scans are of simulated micrographs with noise, of four families in turn. Seconds are of the
clock and of the processor (other work spoils the first alone); the best of some
runs counts, compilation and first transforms left out. The difference is over the measured
range: the largest, and the root mean square of the worst scan.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from stemgan.baselines.gaussian_process import gaussian_process
from stemgan.kriging import krige
from stemgan.measurement import PartialScan, measure
from stemgan.scan import ScanDesign, parse_coverage
from stemgan.synthetic import micrograph

FAMILIES = ("spiral", "line-hop", "dots", "random")
NOISE = 0.02  # of the range


def scan(number: int, size: int, coverage: float) -> PartialScan:
    """Scan a simulated micrograph."""
    rng = np.random.default_rng(number)
    truth = micrograph((size, size), rng).astype(np.float32)
    truth += NOISE * np.ptp(truth) * rng.standard_normal(truth.shape, dtype=np.float32)
    family = FAMILIES[number % len(FAMILIES)]
    design = ScanDesign(family, truth.shape, coverage=coverage, seed=number)
    return measure(truth, design.trace())


def seconds(run: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Return the least time of the clock and of the processor [s]."""
    clock, processor = [], []
    for _ in range(repeats):
        started = time.perf_counter(), time.process_time()
        run()
        clock.append(time.perf_counter() - started[0])
        processor.append(time.process_time() - started[1])
    return min(clock), min(processor)


def difference(
    scans: list[PartialScan], one: list[NDArray[np.float32]], other: NDArray[np.float32]
) -> tuple[float, float]:
    """Return the largest difference and the worst scan's root mean square."""
    errors = [
        (a - b) / np.ptp(each.values[each.mask])
        for each, a, b in zip(scans, one, other, strict=True)
    ]
    return (
        float(max(np.abs(error).max() for error in errors)),
        float(max(np.sqrt((error**2).mean()) for error in errors)),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Time kriging in torch beside NumPy's.")
    parser.add_argument("--size", type=int, default=256, help="side of the scans [px] (256)")
    parser.add_argument("--batch", default="1,8,32", help="scans in a batch (1,8,32)")
    parser.add_argument("--coverage", default="1/17.9")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    sizes, place = [int(n) for n in args.batch.split(",")], torch.device(args.device)
    coverage = parse_coverage(args.coverage)
    scans = [scan(number, args.size, coverage) for number in range(max(sizes))]
    wanted = [gaussian_process(each) for each in scans]
    clock, processor = seconds(lambda: gaussian_process(scans[0]), args.repeats)
    print(f"{args.size} px, {args.coverage}, {torch.get_num_threads()} threads on the CPU")
    print(f"NumPy: {1e3 * clock:.0f} ms a scan ({1e3 * processor:.0f} ms of processor)")
    for count in sizes:
        values, dwell = (
            torch.from_numpy(np.stack(planes))[:, None].to(place)
            for planes in ([s.values for s in scans[:count]], [s.dwell for s in scans[:count]])
        )
        made = krige(values, dwell).cpu().numpy()[:, 0]  # and plans, kernels and memory
        clock, processor = seconds(lambda v=values, d=dwell: krige(v, d).cpu(), args.repeats)
        alone, _ = seconds(
            lambda v=values, d=dwell: krige(v, d, lattices=False).cpu(), args.repeats
        )
        most, usual = difference(scans[:count], wanted[:count], made)
        print(
            f"torch on {place}, {count} at once: {1e3 * clock / count:.1f} ms a scan "
            f"({1e3 * alone / count:.1f} without looking for lattices; "
            f"{1e3 * processor / count:.1f} ms of processor), differing by {most:.1e}, "
            f"{usual:.1e} in the mean"
        )


if __name__ == "__main__":
    main()
