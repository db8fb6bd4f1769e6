"""Complete a crystal of which a grid of dots sees less than two points in a period.

    python examples/lattice_under_dots.py -o lattice_under_dots.png

Under a regular grid of dots a lattice whose waves are too fast for it looks like a slower one.
The picture has a simulated crystal, the dots, and completions: by interpolation, by sparse
Fourier spectra, which take the slow lattice for the true one, by kriging, which weighs all
lattices that the dots may mean, and by the network. What is printed is the error of each.
"""

import argparse
from pathlib import Path

import numpy as np

from stemgan.baselines import complete
from stemgan.images import picture, write_picture
from stemgan.measurement import PartialScan, measure
from stemgan.metrics import score
from stemgan.reconstruct import Reconstructor
from stemgan.scan import ScanDesign
from stemgan.synthetic import named

SHAPE, SHOWN = (512, 512), 160  # [px]
METHODS = ("smoothed-linear", "fourier-pocs", "gaussian-process")
_WIDE = 1.5


def main() -> None:
    """Draw and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, default=Path("lattice_under_dots.png"))
    parser.add_argument("--seed", type=int, default=8, help="of the simulated crystal")
    parser.add_argument("--pitch", type=float, default=10.0, help="of the dots [px]")
    parser.add_argument("--overwrite", action="store_true")
    arguments = parser.parse_args()
    truth = named("crystal", SHAPE, np.random.default_rng(arguments.seed))
    scan = measure(truth, ScanDesign("dots", SHAPE, pitch=arguments.pitch).trace())
    completions = {name: complete(scan, name) for name in METHODS}
    completions["stemgan-s"] = Reconstructor.load("stemgan-s")(scan).image

    panels = [
        ("truth (simulated)", truth),
        (f"dots, {arguments.pitch:g} px apart", _thick(scan)),
    ]
    for name, image in completions.items():
        error = score(image, truth)["rmse_blurred"]
        print(f"{name}: RMSE {error:.2f} % (blurred truth)")
        panels.append((f"{name}: {error:.1f} %", image))
    middle = np.s_[:SHOWN, :SHOWN]
    limits = [(float(truth.min()), float(truth.max()))] * len(panels)
    drawn = picture([(text, image[middle]) for text, image in panels], limits=limits)
    write_picture(arguments.output, drawn, overwrite=arguments.overwrite)


def _thick(scan: PartialScan) -> np.ndarray:
    """Show each measured pixel three pixels wide."""
    distance, values = scan.nearest
    return np.where(distance < _WIDE, values, np.float32(np.nan))


if __name__ == "__main__":
    main()
