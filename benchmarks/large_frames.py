"""Complete a frame in tiles: seconds and peak memory, and what the tiles change.

    python benchmarks/large_frames.py [--side 4096] [--seam-side 2048]

Kriging and network run one after the other; peak memory is this process's, imports included.
Tiles are compared with the whole on a smaller frame, which is run both ways.
"""

import argparse
import json
import time
from typing import Any

import numpy as np
import torch
from inference import drawn, megabytes
from numpy.typing import NDArray

Image = NDArray[np.float32]


def tiles(side: int, seam_side: int, coverage: float) -> dict[str, Any]:
    """Complete a large frame, and compare tiles with the whole."""
    from stemgan.reconstruct import Reconstructor
    from stemgan.reconstruct.estimates import estimate, prepared, white_noise

    model = Reconstructor.load(device="cpu")
    scan = drawn((side, side), coverage)
    figures: dict[str, Any] = {"before_MB": megabytes()}
    for name in ("kriging", "network"):
        wall, cpu = time.perf_counter(), time.process_time()
        if name == "kriging":
            (ready,) = prepared([scan], model.device)
        else:
            with torch.inference_mode():
                estimate(model.generator, ready, model.device, white_noise(0, scan.shape, 0))
        figures[name] = {
            "wall_s": time.perf_counter() - wall,
            "CPU_s": time.process_time() - cpu,
            "peak_MB": megabytes(),
        }
    del scan, ready  # the comparison needs the memory of a whole frame without tiles
    figures["seams"] = seam_difference(model, seam_side, coverage)
    print(json.dumps(figures, indent=2))
    return figures


def seam_difference(model: Any, side: int, coverage: float) -> dict[str, float]:  # noqa: ANN401
    """Compare tiles with the whole frame: differences over the measured range."""
    from stemgan.reconstruct import tiles as module
    from stemgan.reconstruct.estimates import estimate, prepared, white_noise

    scan = drawn((side, side), coverage)
    (ready,) = prepared([scan], model.device)
    noise, largest = white_noise(0, scan.shape, 0), module._LARGEST_WHOLE
    made = {}
    for limit in (largest, side):
        module._LARGEST_WHOLE = limit
        with torch.inference_mode():
            made[limit] = estimate(model.generator, ready, model.device, noise).image
    module._LARGEST_WHOLE = largest
    tiled, whole = made[largest], made[side]
    reach = float(np.ptp(scan.values[scan.mask]))
    difference = np.abs(tiled - whole) / reach
    figures = {"largest": float(difference.max()), "mean": float(difference.mean())}
    return figures | {"largest_step": _largest_step(tiled, whole) / reach}


def _largest_step(tiled: Image, whole: Image) -> float:
    """Return the largest jump between neighbours that tiles add: what an eye sees as a seam."""
    error = tiled - whole
    return max(float(np.abs(np.diff(error, axis=axis)).max()) for axis in (0, 1))


def main() -> None:
    """Measure."""
    from stemgan.scan import parse_coverage

    parser = argparse.ArgumentParser(description="Complete a frame in tiles.")
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--seam-side", type=int, default=2048)
    parser.add_argument("--coverage", default="1/17.9")
    args = parser.parse_args()
    tiles(args.side, args.seam_side, parse_coverage(args.coverage))


if __name__ == "__main__":
    main()
