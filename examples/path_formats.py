"""Write three scans in every path format, read them back, and print what each takes away.

Run with: python examples/path_formats.py
"""

import tempfile
from pathlib import Path

import numpy as np

from stemgan.pathfiles import FORMATS, FramePath, Written, read_path, write_path
from stemgan.scan import CustomPath, ScanDesign, Trace
from stemgan.scan.costs import course_of
from stemgan.scan.physics import Timing

SHAPE = (256, 384)
PIXEL_SIZE = 0.2  # [Å]
TIMING = Timing(dwell=1.1e-6)
SUFFIXES = {"npy": ".npy", "odemis": ".npy", "abtem": ".npy", "tif": ".tif"}


def scans() -> dict[str, ScanDesign]:
    """Return a path that leaves the frame, a grid of dots, and dots anywhere of any dwell."""
    rng = np.random.default_rng(0)
    anywhere = CustomPath(rng.uniform(-0.02, 1.02, (4000, 2)), rng.uniform(0.3e-6, 5e-6, 4000))
    return {
        "spiral": ScanDesign("spiral", SHAPE, 1 / 20),
        "dots": ScanDesign("dots", SHAPE, 1 / 20),
        "sub-pixel": ScanDesign("custom", SHAPE, custom=anywhere),
    }


def round_trip(
    folder: Path, design: ScanDesign, trace: Trace, form: str
) -> tuple[Written, int]:
    """Write a scan in a format, which reads it back, and count the pixels that differ."""
    time = course_of(design.family, trace, TIMING)
    dwell = design.custom.dwell if design.custom else time.stay
    file = folder / f"{design.family}_{form}{SUFFIXES.get(form, '.csv')}"
    written = write_path(
        file,
        FramePath(trace.path, SHAPE, dwell, time.joined),
        form,
        visited=trace.visited,
        pixel_dwell=TIMING.dwell,
        pixel_size=PIXEL_SIZE,
    )
    back = read_path(file, SHAPE, form, pixel_size=PIXEL_SIZE)
    again = ScanDesign("custom", SHAPE, custom=back).trace()
    return written, int((again.mask != trace.mask).sum())


def main() -> None:
    """Print the table."""
    size = f"{SHAPE[0]}x{SHAPE[1]} px of {PIXEL_SIZE} Å"
    print(f"{size}, {TIMING.dwell * 1e6:g} µs a pixel\n")
    head = ("scan", "format", "positions", "left out", "error [px]", "dwell error [s]")
    row = "{:<10} {:<7} {:>9} {:>9} {:>11} {:>16} {:>16}"
    print(row.format(*head, "pixels changed"))
    with tempfile.TemporaryDirectory() as folder:
        for name, design in scans().items():
            trace = design.solved().trace()
            for form in FORMATS:
                found, changed = round_trip(Path(folder), design.solved(), trace, form)
                dwell = "none held" if found.dwell_error is None else f"{found.dwell_error:.2g}"
                dwell = "lost" if found.loses_dwell else dwell
                count = (found.positions, found.left_out)
                print(row.format(name, form, *count, f"{found.error:.2g}", dwell, changed))


if __name__ == "__main__":
    main()
