"""Complete a partial scan for least error, and with texture as real micrographs have it.

    python examples/texture.py -o texture.png

A simulated crystal recorded with noise is scanned along a spiral. The picture has the partial
scan, the completion of least error, two completions by the adversarial weights from different
seeds, and the truth; what is printed is each one's error, and how far the power spectrum of
its completion of the raw truth is from that truth's above half the Nyquist frequency (mean of
|ln| of the ratio; 0 is alike).
"""

import argparse
from pathlib import Path

import numpy as np

from stemgan.images import picture, write_picture
from stemgan.measurement import measure
from stemgan.metrics import blurred, log_spectrum_ratio, rmse
from stemgan.reconstruct import Reconstructor
from stemgan.scan import ScanDesign
from stemgan.synthetic import detect, named

SHAPE = (256, 256)


def main() -> None:
    """Draw and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, default=Path("texture.png"))
    parser.add_argument("--kind", default="boundary", help="of the simulated micrograph")
    parser.add_argument("--coverage", type=float, default=1 / 20)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--overwrite", action="store_true")
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    truth = detect(named(arguments.kind, SHAPE, rng), rng, electrons=20)
    design = ScanDesign("spiral", SHAPE, coverage=arguments.coverage)
    scan = measure(truth, design.trace())
    texture = [Reconstructor.load("stemgan-s-adv", seed=seed) for seed in (0, 1)]
    panels = [("partial scan", scan.with_nan())]
    for reconstructor in (Reconstructor.load("stemgan-s"), *texture):
        made = reconstructor(scan)
        error = rmse(made.image, blurred(truth), float(np.ptp(truth)))
        text = f"RMSE {error:.2f} % (blurred truth)\n"
        text += f"spectrum off by {log_spectrum_ratio(made.raw, truth):.2f}"
        name = reconstructor.name
        if reconstructor in texture:
            name += f", seed {reconstructor.seed}"
        print(f"{name}: {' '.join(text.split())}")
        panels.append((f"{name}\n{text}", made.image))
    panels.append(("truth (simulated, with noise)", truth))
    low, high = (float(x) for x in np.percentile(truth, (0.5, 99.8)))
    sheet = picture(panels, limits=[(low, high)] * len(panels))
    write_picture(arguments.output, sheet, overwrite=arguments.overwrite)


if __name__ == "__main__":
    main()
