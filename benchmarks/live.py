"""Time a watched folder beside a process for every file.

    python benchmarks/live.py [--shape 512x512] [--coverage 1/20] [--frames 5] [--model NAME]

The same frames, in turn, so that whatever else the machine does meets all alike: `stemgan
reconstruct FRAME` by itself, from its start until its end; and a frame that is renamed into the
folder of `stemgan reconstruct --watch`, which has its model loaded, until its result is there,
at the usual interval between looks and at a short one; and frames that come all at once, whose
time is shared out. Medians, and their ratio to a process for every file.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import numpy as np

from stemgan.cli.live.watch import INTERVAL

SHORT = 0.1
_PATIENCE = 300.0
_STEMGAN = [sys.executable, "-c", "import sys; from stemgan.cli import main; sys.exit(main())"]


def wait_for(*files: Path) -> None:
    """Wait until files are there."""
    end = time.monotonic() + _PATIENCE
    while not all(file.exists() for file in files):
        if time.monotonic() > end:
            raise TimeoutError(f"{files[0]} did not come within {_PATIENCE:g} s")
        time.sleep(0.002)


class Watched:
    """A folder that a process watches, and the folder of its results."""

    def __init__(self, root: Path) -> None:
        self.inside, self.outside = root / "in", root / "out"
        self.inside.mkdir(parents=True)
        self.outside.mkdir()

    @contextmanager
    def watching(self, interval: float, options: list[str]) -> Iterator["Watched"]:
        """Watch until the block ends."""
        command = [*_STEMGAN, "reconstruct", "--watch", str(self.inside), *options]
        command += ["-o", str(self.outside), "--interval", str(interval)]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if line.startswith("watching"):
                    break
            drain = threading.Thread(target=process.stderr.read, daemon=True)
            drain.start()
            try:
                yield self
            finally:
                process.terminate()
                drain.join()

    def latency(self, frame: Path, names: list[str]) -> float:
        """Return the time from the coming of frames to their results [s]."""
        parts = [shutil.copy(frame, self.inside.parent / f"{name}.npy") for name in names]
        start = time.perf_counter()
        for part in parts:
            Path(part).replace(self.inside / Path(part).name)
        wait_for(*(self.outside / f"{name}.tif" for name in names))
        return time.perf_counter() - start


def by_itself(frame: Path, result: Path, options: list[str]) -> float:
    """Return the time that a process for one frame takes [s]."""
    start = time.perf_counter()
    command = [*_STEMGAN, "reconstruct", str(frame), "-o", str(result), *options]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def compare_live(
    frame: Path, frames: int = 5, options: list[str] | None = None
) -> dict[str, float]:
    """Measure all ways in turn.

    Parameters
    ----------
    frame : a partial scan, NPY with NaN.
    frames : number of frames for each way.
    options : of `stemgan reconstruct`: the model or method.

    Returns
    -------
    Seconds a frame of each way, by its name.
    """
    more = options or []
    spans: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        root = Path(folder)
        folders = {
            interval: stack.enter_context(
                Watched(root / f"{interval:g}").watching(interval, more)
            )
            for interval in (INTERVAL, SHORT)
        }
        for i in range(frames):
            alone = by_itself(frame, root / f"alone{i}.tif", more)
            spans.setdefault("a process for each file", []).append(alone)
            for interval, watched in folders.items():
                latency = watched.latency(frame, [f"f{i}"])
                spans.setdefault(f"--watch --interval {interval:g}", []).append(latency)
        backlog = folders[SHORT].latency(frame, [f"b{i}" for i in range(frames)])
        spans[f"--watch, {frames} at once"] = [backlog / frames]
    return {name: median(values) for name, values in spans.items()}


def print_live(rows: dict[str, float]) -> None:
    """Print seconds a frame, and the ratio to a process for each file."""
    alone = next(iter(rows.values()))
    print(f"{'way':<26}{'s/frame':>9}{'ratio':>8}")
    for name, seconds in rows.items():
        print(f"{name:<26}{seconds:>9.3f}{seconds / alone:>8.3f}")


def main() -> None:
    """Draw a scan and compare."""
    from reconstruct import draw_scan

    from stemgan.images.points import parse_shape
    from stemgan.scan import parse_coverage
    from stemgan.weights import DEFAULT_MODEL

    parser = argparse.ArgumentParser(description="Time a watched folder.")
    parser.add_argument("--shape", default="512x512")
    parser.add_argument("--coverage", default="1/20")
    parser.add_argument("--frames", type=int, default=5)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    args = parser.parse_args()
    scan = draw_scan(parse_shape(args.shape), parse_coverage(args.coverage))
    with tempfile.TemporaryDirectory() as folder:
        frame = Path(folder) / "frame.npy"
        np.save(frame, scan.with_nan())
        print(f"{args.model}, spiral, {args.shape}, coverage 1/{1 / scan.coverage:.3g}")
        print_live(compare_live(frame, args.frames, ["--model", args.model]))


if __name__ == "__main__":
    main()
