"""What is evaluated: images with their groups, and the conditions they are scanned under."""

import csv
import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines import METHODS
from stemgan.errors import InputError
from stemgan.images import read_stack
from stemgan.measurement import FEWEST_PIXELS, SMALLEST_SIDE, Noise, PartialScan, measure
from stemgan.scan import ScanDesign, parse_coverage
from stemgan.weights import DEFAULT_MODEL, MODELS, find_weights

MANIFEST = "manifest.csv"


@dataclass(frozen=True)
class Source:
    """One image to scan.

    path, frame : its file, and which image of it.
    name : what tables call it; each once.
    shape : height and width [px].
    group : images of one specimen or session count as one in means over groups.
    label : its value in the column that means are split by, or "".
    """

    path: Path
    frame: int
    name: str
    shape: tuple[int, int]
    group: str
    label: str = ""


@dataclass(frozen=True)
class Condition:
    """A scan family, a coverage as it was written, and electrons per measured pixel."""

    scan: str
    coverage: str
    electrons: float | None = None


@dataclass(frozen=True)
class Plan:
    """An evaluation: every source under every condition through every method."""

    sources: tuple[Source, ...]
    conditions: tuple[Condition, ...]
    methods: tuple[str, ...]
    seed: int = 0
    device: str = "auto"
    by: str | None = None

    def cells(self) -> Iterator[tuple[Source, Condition]]:
        """Yield what is scanned, image by image."""
        for source in self.sources:
            for condition in self.conditions:
                yield source, condition

    def settings(self) -> dict[str, Any]:
        """Describe all that the figures depend on, for continuing only what is the same."""
        return {
            "images": [[str(s.path), s.frame, s.path.stat().st_size] for s in self.sources],
            "conditions": [[c.scan, c.coverage, c.electrons] for c in self.conditions],
            "methods": {name: _fingerprint(name) for name in self.methods},
            "seed": self.seed,
            "by": self.by,
        }


def default_methods() -> tuple[str, ...]:
    """Return every classical method, and the default model where it is shipped."""
    models = (DEFAULT_MODEL,) if DEFAULT_MODEL in MODELS else ()
    return (*METHODS, *models)


def make_plan(
    paths: Sequence[Path],
    methods: Sequence[str],
    scans: Sequence[str],
    coverages: Sequence[str],
    electrons: Sequence[float | None] = (None,),
    *,
    seed: int = 0,
    device: str = "auto",
    by: str | None = None,
) -> Plan:
    """Check everything that can be wrong before any work is done.

    Raises
    ------
    InputError : an unknown method, model, scan family or column, a coverage that is none or
        that leaves an image too few pixels, or an image that cannot be used.
    """
    for method in methods:
        _check_method(method)
    for scan in scans:
        for coverage in coverages:
            _check_scan(scan, coverage)
    for number in electrons:
        Noise(electrons=number)
    sources = tuple(_sources(list(dict.fromkeys(paths)), by))
    for coverage in coverages:
        _check_pixels(sources, coverage)
    conditions = (Condition(s, c, e) for s in scans for c in coverages for e in electrons)
    return Plan(
        sources,
        tuple(dict.fromkeys(conditions)),
        tuple(dict.fromkeys(methods)),
        seed,
        device,
        by,
    )


def take_scan(source: Source, condition: Condition, seed: int) -> tuple[NDArray, PartialScan]:
    """Scan a source under a condition: the same scan whatever else is evaluated.

    The path depends on the image's name, not on the electrons, so that doses compare.

    Returns
    -------
    truth, scan : the full image (H, W) float32 and its partial scan.
    """
    truth = _image(source.path, source.frame)
    drawn = f"{seed}/{source.name}/{condition.scan}/{condition.coverage}"
    design = ScanDesign(
        condition.scan,
        source.shape,
        coverage=parse_coverage(condition.coverage),
        seed=_number(drawn) % 2**31,
    )
    rng = np.random.default_rng(_number(f"{drawn}/{condition.electrons}"))
    return truth, measure(truth, design.trace(), Noise(electrons=condition.electrons), rng)


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


@lru_cache(maxsize=1)
def _image(path: Path, frame: int) -> NDArray[np.float32]:
    return read_stack(path)[frame].data


def _check_method(name: str) -> None:
    known = (*METHODS, *MODELS)
    if name not in known and not Path(name).is_file():
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose among {', '.join(known)}"
        raise InputError(f"there is no method, model or weights file {name!r}: {hint}")


def _check_scan(family: str, coverage: str) -> None:
    """Let the design itself refuse what it cannot be."""
    ScanDesign(family, (SMALLEST_SIDE, SMALLEST_SIDE), coverage=parse_coverage(coverage))


def _check_pixels(sources: Sequence[Source], coverage: str) -> None:
    share = parse_coverage(coverage)
    for source in sources:
        if share * math.prod(source.shape) < FEWEST_PIXELS:
            raise InputError(
                f"{source.path} has {source.shape[0]}x{source.shape[1]} px, of which coverage "
                f"{coverage} measures fewer than {FEWEST_PIXELS}: leave out the image or ask "
                "for more coverage"
            )


def _fingerprint(name: str) -> str | None:
    if name in METHODS:
        return None
    with find_weights(name).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sources(paths: Sequence[Path], by: str | None) -> Iterator[Source]:
    stems = Counter(path.stem for path in paths)
    places = Counter(path.with_suffix("") for path in paths)
    for path in paths:
        columns = _manifest_row(path)
        if by is not None and by not in columns:
            raise InputError(
                f"no {MANIFEST} gives the column {by!r} for {path}: put one with the columns "
                f"file and {by} beside or above the images, or leave out --by"
            )
        for frame, micrograph in enumerate(read_stack(path)):
            _check_image(path, micrograph.data)
            name = micrograph.name
            if places[path.with_suffix("")] > 1:
                name += path.suffix
            if stems[path.stem] > 1:
                name = f"{path.parent.as_posix()}/{name}"
            height, width = micrograph.data.shape
            alone = stems[path.stem] == 1
            group = columns.get("group") or (path.stem if alone else path.as_posix())
            label = columns[by] if by is not None else ""
            yield Source(path, frame, name, (height, width), group, label)


def _check_image(path: Path, data: NDArray[np.float32]) -> None:
    if min(data.shape) < SMALLEST_SIDE:
        raise InputError(
            f"{path} has {data.shape[0]}x{data.shape[1]} px: each side must be at least "
            f"{SMALLEST_SIDE} px"
        )
    if not np.isfinite(data).all():
        raise InputError(
            f"{path} holds values that are not finite, so that it cannot be a truth: "
            "give full images"
        )


def _manifest_row(path: Path) -> dict[str, str]:
    """Return what a manifest beside or above the image says of it, or nothing."""
    absolute = path.absolute()
    for folder in list(absolute.parents)[:3]:
        rows = _manifest(folder / MANIFEST)
        row = rows.get(absolute.relative_to(folder).as_posix())
        if row is not None:
            return row
    return {}


@lru_cache(maxsize=64)
def _manifest(path: Path) -> dict[str, dict[str, str]]:
    if not path.is_file():
        return {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.DictReader(file) if row.get("file")]
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise InputError(f"{path} cannot be read as CSV: {error}") from error
    return {Path(row["file"]).as_posix(): row for row in rows}
