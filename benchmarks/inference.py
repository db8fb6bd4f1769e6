"""Time and weigh inference on one frame: the network, its parts, streams, runtimes.

    python benchmarks/inference.py [--shape 512x512] [--coverage 1/17.9] [--repeats 7]

The shipped network, its parts and classical methods run in turns in one process, so that
whatever else the machine does disturbs all alike, and the least of each counts: wall seconds,
and CPU seconds of all threads, which other programs disturb less. Peak memory
is that of a process of its own for each. Large frames: large_frames.py; precisions and compiled
networks, and batches on a GPU: precision.py.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from stemgan.measurement import PartialScan

Image = NDArray[np.float32]

FAST = ("nearest", "linear", "smoothed-nearest", "normalised-convolution")
BEST = "gaussian-process"


class Least(NamedTuple):
    """Least wall and CPU seconds over some turns."""

    wall: float
    cpu: float


def drawn(shape: tuple[int, int], coverage: float) -> PartialScan:
    """Take a spiral scan of a simulated crystal, repeated where the frame is large."""
    from stemgan.measurement import measure
    from stemgan.scan import ScanDesign
    from stemgan.synthetic import named

    small = tuple(min(side, 512) for side in shape)
    image = named("crystal", (small[0], small[1]), np.random.default_rng(0))
    times = [-(-side // part) for side, part in zip(shape, small, strict=True)]
    image = np.tile(image, times)[: shape[0], : shape[1]]
    return measure(image, ScanDesign("spiral", shape, coverage).trace())


def fresh(scan: PartialScan) -> PartialScan:
    """Copy a scan without what it remembers, so that nothing is computed only once."""
    return PartialScan(scan.values, scan.dwell)


def in_turns(work: dict[str, Callable[[], Any]], repeats: int) -> dict[str, Least]:
    """Run everything `repeats` times in turns, after once to warm up."""
    for each in work.values():
        each()
    found: dict[str, list[Least]] = {name: [] for name in work}
    for _ in range(repeats):
        for name, each in work.items():
            wall, cpu = time.perf_counter(), time.process_time()
            each()
            found[name].append(Least(time.perf_counter() - wall, time.process_time() - cpu))
    return {
        name: Least(min(t.wall for t in turns), min(t.cpu for t in turns))
        for name, turns in found.items()
    }


def megabytes() -> float:
    """Return the peak memory of this process [MB]."""
    status = Path("/proc/self/status")
    if status.is_file():  # what a child is told of itself there began with its parent's memory
        lines = status.read_text().splitlines()
        return next(int(line.split()[1]) / 2**10 for line in lines if line.startswith("VmHWM"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def frame(shape: tuple[int, int], coverage: float, repeats: int) -> dict[str, Any]:
    """Compare the network, its parts and classical methods on one frame."""
    from stemgan.baselines import METHODS
    from stemgan.reconstruct import Reconstructor
    from stemgan.reconstruct.estimates import prepared
    from stemgan.weights import DEFAULT_MODEL

    scan = drawn(shape, coverage)
    model = Reconstructor.load(device="cpu")
    (ready,) = prepared([scan], model.device)
    planes = [torch.from_numpy(plane)[None, None] for plane in ready.planes]
    frames = [fresh(scan) for _ in range(2)]

    def network() -> None:
        with torch.inference_mode():
            model.generator(*planes)

    work: dict[str, Callable[[], Any]] = {
        DEFAULT_MODEL: lambda: model(fresh(scan)),
        "  its kriging": lambda: prepared([fresh(scan)], model.device),
        "  its network": network,
        "  a frame of a stream": lambda: list(model.stream(map(fresh, frames))),
    }
    with TemporaryDirectory() as folder:
        runtime = _by_onnxruntime(Path(folder))
        if runtime is not None:
            session = runtime.generator
            work["  its network, onnxruntime"] = lambda: session(*planes)
            work[f"{DEFAULT_MODEL}, onnxruntime"] = lambda: runtime(fresh(scan))
        for name in (*FAST, BEST):
            work[name] = lambda method=METHODS[name]: method(fresh(scan))
        found = in_turns(work, repeats)
    found["  a frame of a stream"] = Least(*(t / 2 for t in found["  a frame of a stream"]))
    memory = {name: _memory_of(name, shape, coverage) for name in (DEFAULT_MODEL, *FAST, BEST)}
    own = found[DEFAULT_MODEL]
    quickest = min(FAST, key=lambda name: found[name].cpu)
    print(
        f"spiral, {shape[0]}x{shape[1]}, coverage 1/{1 / scan.coverage:.3g}, "
        f"{torch.get_num_threads()} threads"
    )
    print(f"{'':<28}{'wall s':>9}{'CPU s':>9}{'MB':>7}")
    for name, least in found.items():
        held = f"{memory[name]:>7.0f}" if name in memory else ""
        print(f"{name:<28}{least.wall:>9.3f}{least.cpu:>9.3f}{held}")
    for name in (quickest, BEST):
        ratios = [a / b for a, b in zip(own, found[name], strict=True)]
        print(f"{DEFAULT_MODEL} over {name}: wall {ratios[0]:.2f}, CPU {ratios[1]:.2f}")
    return {"seconds": {k: v._asdict() for k, v in found.items()}, "megabytes": memory}


def _by_onnxruntime(folder: Path) -> Any:  # noqa: ANN401 (a Reconstructor or None)
    """Export the shipped weights and load them; None without the extra."""
    from stemgan.errors import InputError
    from stemgan.reconstruct import Reconstructor
    from stemgan.reconstruct.onnx import write_onnx
    from stemgan.weights import load_generator

    try:
        write_onnx(folder / "model.onnx", load_generator()[0], {})
        return Reconstructor.load(folder / "model.onnx", "cpu")
    except InputError as error:
        print(error, file=sys.stderr)
        return None


def _memory_of(name: str, shape: tuple[int, int], coverage: float) -> float:
    """Weigh one completion in a process of its own [MB]."""
    size = f"{shape[0]}x{shape[1]}"
    options = ["--shape", size, "--coverage", str(coverage)]
    command = [sys.executable, __file__, "--weigh", name, *options]
    return float(json.loads(subprocess.check_output(command, text=True).splitlines()[-1]))


def weigh(method: str, shape: tuple[int, int], coverage: float) -> None:
    """Print the peak memory of one completion, this process and its imports included."""
    from stemgan.baselines import METHODS

    scan = drawn(shape, coverage)
    if method in METHODS:
        METHODS[method](scan)
    else:
        from stemgan.reconstruct import Reconstructor

        Reconstructor.load(method, "cpu")(scan)
    print(json.dumps(megabytes()))


def main() -> None:
    """Compare, or weigh one method as the comparison's child."""
    from stemgan.images.points import parse_shape
    from stemgan.scan import parse_coverage

    parser = argparse.ArgumentParser(description="Time and weigh inference.")
    parser.add_argument("--shape", default="512x512")
    parser.add_argument("--coverage", default="1/17.9")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--weigh", metavar="METHOD", help=argparse.SUPPRESS)
    args = parser.parse_args()
    shape, coverage = parse_shape(args.shape), parse_coverage(args.coverage)
    if args.weigh:
        weigh(args.weigh, shape, coverage)
    else:
        frame(shape, coverage, args.repeats)


if __name__ == "__main__":
    main()
