"""Time and weigh reconstruction, the network beside every classical method.

    python benchmarks/reconstruct.py [--shape 512x512] [--coverage 1/20] [--repeats 5]

Each method completes the same partial scan in a process of its own. Columns: seconds of that
whole process (Python's start, imports and weights included), of the first call and of the best
later call, its peak memory, and how the best call compares with the network's. Below it
is the network in a watched folder beside a process for every file (see live.py).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.measurement import PartialScan


def draw_scan(shape: tuple[int, int], coverage: float) -> PartialScan:
    """Take a spiral scan of a simulated crystal."""
    from stemgan.measurement import measure
    from stemgan.scan import ScanDesign
    from stemgan.synthetic import named

    image = named("crystal", shape, np.random.default_rng(0))
    return measure(image, ScanDesign("spiral", shape, coverage).trace())


def prepared(method: str) -> Callable[[PartialScan], NDArray[np.float32]]:
    """Load what a method needs; returns what completes a partial scan."""
    from stemgan.baselines import METHODS, complete

    if method in METHODS:
        return lambda scan: complete(scan, method)
    from stemgan.reconstruct import Reconstructor

    reconstructor = Reconstructor.load(method)
    return lambda scan: reconstructor(scan).image


def peak_megabytes() -> float:
    """Return this process's peak resident memory [MB]; NaN where the system does not say."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux: ru_maxrss would count the parent's memory too
        line = next(s for s in status.read_text().splitlines() if s.startswith("VmHWM"))
        return int(line.split()[1]) / 1000
    try:
        import resource
    except ImportError:
        return float("nan")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes on macOS


def measure_method(method: str, scan_file: Path, repeats: int) -> dict[str, float]:
    """Complete a scan again and again in this process."""
    with np.load(scan_file) as arrays:
        values, dwell = arrays["values"], arrays["dwell"]
    complete = prepared(method)
    spans = []
    for _ in range(1 + repeats):
        scan = PartialScan(values, dwell)  # anew, since it keeps its distances once computed
        start = time.perf_counter()
        complete(scan)
        spans.append(time.perf_counter() - start)
    return {"first": spans[0], "again": min(spans[1:]), "megabytes": peak_megabytes()}


def in_own_process(method: str, scan_file: Path, repeats: int) -> dict[str, float]:
    """Measure a method in a fresh interpreter, and that process itself with one call."""

    def run(count: int) -> tuple[float, Any]:
        command = [sys.executable, __file__, "--child", method, str(scan_file)]
        start = time.perf_counter()
        output = subprocess.check_output([*command, "--repeats", str(count)], text=True)
        return time.perf_counter() - start, json.loads(output.splitlines()[-1])

    seconds, _ = run(1)
    _, figures = run(repeats)
    return figures | {"process": seconds - figures["again"]}


def compare(shape: tuple[int, int], coverage: float, repeats: int) -> None:
    """Print the table."""
    from live import compare_live, print_live

    from stemgan.baselines import default_methods
    from stemgan.weights import DEFAULT_MODEL, MODELS

    with tempfile.TemporaryDirectory() as folder:
        scan_file = Path(folder) / "scan.npz"
        scan = draw_scan(shape, coverage)
        np.savez(scan_file, values=scan.values, dwell=scan.dwell)
        names = [*MODELS, *default_methods()]
        rows = {name: in_own_process(name, scan_file, repeats) for name in names}
        frame = Path(folder) / "frame.npy"
        np.save(frame, scan.with_nan())
        live = compare_live(frame, repeats)
    network = rows[DEFAULT_MODEL]["again"]
    print(f"spiral, {shape[0]}x{shape[1]}, coverage 1/{1 / scan.coverage:.3g}")
    print(f"{'method':<26}{'process s':>10}{'first s':>9}{'again s':>9}{'MB':>7}{'ratio':>8}")
    for name, row in rows.items():
        print(
            f"{name:<26}{row['process']:>10.2f}{row['first']:>9.3f}{row['again']:>9.3f}"
            f"{row['megabytes']:>7.0f}{row['again'] / network:>8.2f}"
        )
    print()
    print_live(live)


def main() -> None:
    """Compare all methods, or measure one as their child."""
    from stemgan.images.points import parse_shape
    from stemgan.scan import parse_coverage

    parser = argparse.ArgumentParser(description="Time and weigh reconstruction.")
    parser.add_argument("--shape", default="512x512")
    parser.add_argument("--coverage", default="1/20")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--child", nargs=2, metavar=("METHOD", "SCAN"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        figures = measure_method(args.child[0], Path(args.child[1]), args.repeats)
        print(json.dumps(figures))
    else:
        compare(parse_shape(args.shape), parse_coverage(args.coverage), args.repeats)


if __name__ == "__main__":
    main()
