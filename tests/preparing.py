"""What the tests of `stemgan prepare` share."""

import csv
import json

import numpy as np
import tifffile
from scipy import ndimage

from stemgan.cli import main
from stemgan.data.shards import ShardedImages


def scene(shape, seed=0):
    """A smooth random image with a little noise, on 12 bits: unlike any of another seed."""
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.normal(size=shape), 3)
    noisy = smooth / smooth.std() + rng.normal(0, 0.2, shape)
    return np.clip(2000 + 300 * noisy, 0, 4095).astype(np.uint16)


def write(path, data, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, data, **options)
    return path


def prepare(*arguments, size=64, workers=1):
    arguments = [*map(str, arguments), "--size", str(size)]
    return main(["prepare", *arguments, "--workers", str(workers)])


def rejected(dataset):
    """Map what was left out to its kind and reason."""
    with (dataset / "rejected.csv").open(encoding="utf-8", newline="") as stream:
        return {row["file"]: (row["kind"], row["reason"]) for row in csv.DictReader(stream)}


def used(dataset):
    lines = (dataset / "images.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["image"]: row for row in map(json.loads, lines)}


def keys(dataset):
    return ShardedImages(dataset).columns["key"]


def content(folder):
    """Every file of a dataset with its bytes."""
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
