"""How a training of the 2020 network began, beside the published beginnings.

    stemgan train experiment=ede2020 data.datasets=[simulated,real] data.crops.pitch=100 \
        trainer.log_every_n_steps=1 output_dir=runs/ede87
    python benchmarks/early_curve.py runs/ede87 --bin 400

Errors are those of the training samples, repeated ones too, as 2020's logs have them: half the
root of the mean over a bin of the squared error on a scale from -1 to 1, in %. The published
figures (converted from those logs) are of bins of 2,500 steps, on 161,069 other crops.
"""

import argparse
import csv
from pathlib import Path

import numpy as np

PUBLISHED = {
    "1/38.2": "15.4, 9.9, 8.8, 8.1, 7.8 in bins of 2,500 steps",
    "1/60.5": "15.7, 10.4, 9.1, 8.7, 8.5, 8.4 in bins of 2,500 steps",
    "1/87.0": "16.7 over the first 1,200 steps",
}
_ERROR = "train/rmse_blurred"


def errors(run: Path) -> np.ndarray:
    """Return the logged errors of all starts of a run in the order of their steps [%]."""
    found: dict[int, float] = {}
    for path in sorted(run.glob("metrics/version_*/metrics.csv"), key=_start):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row.get(_ERROR):
                    found[int(row["step"])] = float(row[_ERROR])
    return np.array([found[step] for step in sorted(found)])


def _start(path: Path) -> int:
    return int(path.parent.name.removeprefix("version_"))


def main() -> None:
    """Print the error in bins."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, help="folder of a training with log_every_n_steps=1")
    parser.add_argument("--bin", type=int, default=400, help="steps a bin")
    arguments = parser.parse_args()
    found = errors(arguments.run)
    for start in range(0, len(found), arguments.bin):
        part = found[start : start + arguments.bin]
        rmse = np.sqrt(np.mean(part**2))
        print(f"steps {start:6} to {start + len(part):6}: {rmse:5.1f} %")
    whole = np.sqrt(np.mean(found**2))
    print(f"all {len(found)} steps: {whole:.1f} %")
    for coverage, text in PUBLISHED.items():
        print(f"published, {coverage}: {text}")


if __name__ == "__main__":
    main()
