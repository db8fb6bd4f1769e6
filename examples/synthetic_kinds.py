"""Draw every kind of simulated micrograph: clean above, recorded below.

    python examples/synthetic_kinds.py -o kinds.png [--size 128] [--seed 3]

Recorded with a detector drawn at random, excellent or poor.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from stemgan.files import check_output
from stemgan.images import picture, write_picture
from stemgan.synthetic import KINDS, recorded, scene

COLUMNS = 9


def main() -> None:
    """Draw and write the sheet."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-o", "--output", required=True, type=Path)
    parser.add_argument("--size", type=int, default=128, help="side of each image [px] (128)")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--overwrite", action="store_true")
    args = parser.parse_args()
    check_output(args.output, overwrite=args.overwrite)
    clean, noisy = [], []
    for number, kind in enumerate(KINDS):
        rng = np.random.default_rng((args.seed, number))
        drawn = scene((args.size, args.size), rng, kind)
        image = drawn.render()
        clean.append((f"{kind}\n{drawn.pixel_size:.2g} nm/px", image))
        noisy.append(("recorded", recorded(image, rng, drawn.pixel_size)))
    rows = [
        np.asarray(picture(panels[i : i + COLUMNS]).convert("L"))
        for i in range(0, len(KINDS), COLUMNS)
        for panels in (clean, noisy)
    ]
    sheet = Image.fromarray(np.concatenate(rows))
    write_picture(args.output, sheet, overwrite=args.overwrite)


if __name__ == "__main__":
    main()
