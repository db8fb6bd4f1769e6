"""What is fixed: images, crops, masks, seeds, conditions, and what each image shows.

    python benchmarks/quality/protocol.py FOLDER

writes `masks.csv` anew, and the digests of `images.csv`, from the images in FOLDER: for whoever
changes the benchmark. Whoever runs it has them checked: another picture, another crop or
another path would be another benchmark.
"""

import csv
import hashlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.evaluate import Condition, Plan, Source, make_plan, take_scan

HERE = Path(__file__).parent
IMAGES, MASKS = HERE / "images.csv", HERE / "masks.csv"
CROP, SEED = 512, 0
CLASSES = ("lattice", "texture", "particles", "edges")

FAMILIES = ("spiral", "line-hop", "jittered-grid", "dots", "random")
COVERAGES = ("1/17.9", "1/50", "1/87")
GRIDS = ("1/16", "1/49", "1/100")
DOSES = (100.0, 10.0)

MAIN = (
    *(Condition(scan, coverage) for scan in FAMILIES[:2] for coverage in COVERAGES),
    *(Condition("dots", coverage) for coverage in GRIDS),
    *(Condition(scan, coverage) for scan in FAMILIES[2:] for coverage in COVERAGES),
)
"""Noise-free scans of (noisy) micrographs."""
NOISY = tuple(
    Condition(scan, coverage, electrons)
    for electrons in DOSES
    for scan in ("spiral", "dots")
    for coverage in COVERAGES[:2]
)
"""With counting noise: electrons per measured pixel at the image's mean intensity."""

Row = dict[str, str]


def read_rows(path: Path) -> list[Row]:
    """Read a table."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def digest(array: NDArray[Any]) -> str:
    """Digest an array: its shape and its bytes, little-endian."""
    little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"))
    return hashlib.sha256(str(array.shape).encode() + little.tobytes()).hexdigest()


def find_plan(folder: Path, conditions: Sequence[Condition] = MAIN) -> Plan:
    """Find the fixed images in a folder, and refuse others in their place.

    Raises
    ------
    InputError : an image is missing or differs from the one that is fixed.
    """
    rows = read_rows(IMAGES)
    paths = [folder / f"{row['image']}.tif" for row in rows]
    for path in paths:
        if not path.is_file():
            raise InputError(
                f"{path} is missing: get it from the source that {IMAGES.name} names, and "
                "write it as TIFF in the values that it has"
            )
    sources = make_plan(paths, (), (), (), crop=CROP).sources
    for source, row in zip(sources, rows, strict=True):
        found = digest(source.truth())
        if found != row["sha256"]:
            raise InputError(
                f"the central {CROP} px of {source.path} digest to {found[:12]}, not to "
                f"{row['sha256'][:12]}: get the image that {IMAGES.name} names"
            )
    named = [Source(s.path, s.frame, s.name, s.shape, r["group"], r["class"], s.crop)
             for s, r in zip(sources, rows, strict=True)]  # fmt: skip
    return Plan(tuple(named), tuple(conditions), (), SEED, "auto", "class")


class Masks:
    """The digest of every mask: each scan measures the same pixels wherever it is run."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.known = {(r["image"], r["scan"], r["coverage"]): r["sha256"] for r in rows}

    def check(self, source: Source, condition: Condition) -> None:
        """Take a scan and compare its mask.

        Raises
        ------
        InputError : it differs from the one that is fixed.
        """
        wanted = self.known[source.name, condition.scan, condition.coverage]
        if mask_digest(source, condition) != wanted:
            raise InputError(
                f"{condition.label} of {source.name} measures other pixels than "
                f"{MASKS.name} says: results would not compare"
            )


def mask_digest(source: Source, condition: Condition) -> str:
    """Digest the mask of a scan, in part: 16 figures tell masks apart."""
    _, scan = take_scan(source, condition, SEED)
    return digest(np.packbits(scan.mask))[:16]


def fix(folder: Path) -> None:
    """Write digests of images and masks as they are in a folder."""
    rows = read_rows(IMAGES)
    paths = [folder / f"{row['image']}.tif" for row in rows]
    plan = make_plan(paths, (), FAMILIES, COVERAGES, crop=CROP)
    plan = Plan(plan.sources, MAIN, (), SEED)
    for row, source in zip(rows, plan.sources, strict=True):
        row["height"], row["width"] = map(str, source.shape)
        row["sha256"] = digest(source.truth())
    _write(IMAGES, rows)
    masks = [
        {"image": s.name, "scan": c.scan, "coverage": c.coverage, "sha256": mask_digest(s, c)}
        for s, c in plan.cells()
    ]
    _write(MASKS, masks)


def _write(path: Path, rows: Sequence[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    fix(Path(sys.argv[1]))
