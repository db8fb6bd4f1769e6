"""Calibrating a model: held-out images under scans of every kind, and what it makes of them."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stemgan import __version__
from stemgan.calibration import Calibrated, Calibration, ErrorCounts, Table, fit_calibration
from stemgan.calibration.table import COVERAGES, DISTANCES, LEVELS, TRUTHS
from stemgan.data.pool import ImagePool
from stemgan.data.shards import ShardedImages
from stemgan.errors import InputError
from stemgan.measurement import measure
from stemgan.metrics import blurred
from stemgan.reconstruct import Reconstructor
from stemgan.scan import SPARSE_FAMILIES, ScanDesign

SPLIT = "val"
COVERAGE = (1 / 100, 1 / 5)

Progress = Callable[[Iterable["Turn"], int], Iterable["Turn"]]


class Turn(NamedTuple):
    """One scan of one held-out image: its index, group, family, coverage and seed."""

    index: int
    group: str
    family: str
    coverage: float
    seed: int


def calibrate(
    model: Reconstructor,
    datasets: Sequence[str | Path],
    *,
    scans: int = 600,
    progress: Progress = lambda turns, _: turns,
) -> Calibration:
    """Calibrate a model on the validation images of datasets.

    Simulated images and real ones are scanned equally often and count the same, and among
    them every group: families in turn, coverages log-uniform from 1/100 to 1/5. The same
    datasets and scans give the same calibration.

    Parameters
    ----------
    model : whose deviation is calibrated; it must estimate one.
    datasets : folders or URLs, as for training.
    scans : how many, at least; groups of one kind get the same number each.
    progress : wraps the scans to be made, given their number.

    Raises
    ------
    InputError : the model estimates no deviation, fewer than 1 scan, a dataset cannot be used,
        or there are too few groups.
    """
    if not model.uncertain:
        raise InputError(
            f"model {model.name} estimates no uncertainty, so that there is nothing to "
            "calibrate: leave it as it is"
        )
    if scans < 1:
        raise InputError(f"{scans} scans calibrate nothing: give 1 or more")
    pool = ImagePool([ShardedImages(path) for path in datasets], SPLIT)
    if not len(pool):
        raise InputError(f"no dataset has images of the split {SPLIT}: give one that has")
    turns, of = plan_turns(pool, scans)
    plain = replace(model, calibration=neutral())
    counts = ErrorCounts()
    for turn in progress(turns, len(turns)):
        truth = pool.image(turn.index)
        design = ScanDesign(turn.family, _shape(truth), coverage=turn.coverage, seed=turn.seed)
        try:
            scan = measure(truth, design.trace())
        except InputError:  # a wide path may measure next to nothing of a small frame
            continue
        made = plain(scan).calibrated
        assert isinstance(made, Calibrated)
        counts.update(turn.group, made, {"blurred": blurred(truth), "raw": truth})
    about = {
        "datasets": [Path(str(path)).name for path in datasets],
        "split": SPLIT,
        "images": len(pool),
        "groups": len(counts.groups),
        "scans": counts.scans,
        "stemgan": __version__,
    }
    return fit_calibration(counts, of, about)


def plan_turns(pool: ImagePool, scans: int) -> tuple[list[Turn], dict[str, str]]:
    """Decide which image is scanned how, and how much each group counts.

    Returns
    -------
    turns : the scans; those of one group are spread evenly over coverages.
    of : what kind of dataset each group is of: simulated, or real micrographs.
    """
    members: dict[tuple[int, str], list[int]] = {}
    for index, (dataset, group) in enumerate(
        zip(pool.where[:, 0].tolist(), pool.column("group"), strict=True)
    ):
        members.setdefault((dataset, group), []).append(index)
    kinds = [str(dataset.request.get("kind")) for dataset in pool.datasets]
    sizes = Counter(kinds[dataset] for dataset, _ in members)
    turns, of = [], {}
    for (dataset, group), images in members.items():
        name = f"{dataset}/{group}"
        of[name] = kinds[dataset]
        count = -(-scans // (len(sizes) * sizes[kinds[dataset]]))
        rng = np.random.default_rng(_number(name))
        share = (rng.permutation(count) + rng.random(count)) / count
        first = int(rng.integers(len(SPARSE_FAMILIES)))
        low, high = np.log(COVERAGE)
        turns += [
            Turn(
                images[k % len(images)],
                name,
                SPARSE_FAMILIES[(first + k) % len(SPARSE_FAMILIES)],
                float(np.exp(low + share[k] * (high - low))),
                int(rng.integers(2**31)),
            )
            for k in range(count)
        ]
    return turns, of


def neutral() -> Calibration:
    """Return the calibration that leaves a deviation as it is, and takes it for normal."""
    shape = (len(COVERAGES), len(DISTANCES))
    normal = np.array([-1.645, 0.0, 1.645])[: len(LEVELS), None, None] * np.ones(shape)
    return Calibration({name: Table(np.ones(shape), normal) for name in TRUTHS})


def _shape(image: np.ndarray) -> tuple[int, int]:
    return image.shape[0], image.shape[1]


def _number(text: str) -> int:
    return int.from_bytes(sha256(text.encode()).digest()[:8], "little")
