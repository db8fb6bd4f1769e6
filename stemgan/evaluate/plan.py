"""What is evaluated: images, the conditions they are scanned under, and methods."""

import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stemgan import __version__
from stemgan.baselines import SMALL_FRAMES
from stemgan.baselines.inpainting import MOST_PIXELS
from stemgan.errors import InputError
from stemgan.evaluate.methods import check_name, fingerprint
from stemgan.evaluate.scans import Condition, design_of, file_of
from stemgan.evaluate.sources import Source, find_sources
from stemgan.measurement import FEWEST_PIXELS, SMALLEST_SIDE, Noise
from stemgan.metrics import SCORES
from stemgan.pathfiles import is_file
from stemgan.pathfiles.detect import split
from stemgan.scan import ScanDesign, format_coverage, parse_coverage


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
        """Yield what is scanned, condition by condition, so that one path serves them all."""
        for condition in self.conditions:
            for source in self.sources:
                yield source, condition

    @property
    def usual_shape(self) -> tuple[int, int]:
        """Height and width of most images [px]."""
        return Counter(source.shape for source in self.sources).most_common(1)[0][0]

    def settings(self) -> dict[str, Any]:
        """Describe all that the figures depend on, for continuing only what is the same."""
        files = {c.scan for c in self.conditions if is_file(c.scan)}
        return {
            "version": __version__,
            "images": [[str(s.path), s.frame, s.path.stat().st_size] for s in self.sources],
            "conditions": [[c.scan, c.coverage, c.electrons] for c in self.conditions],
            "paths": {scan: _digest(file_of(scan)) for scan in sorted(files)},
            "methods": {name: fingerprint(name) for name in self.methods},
            "crop": sorted({source.crop or 0 for source in self.sources}),
            "seed": self.seed,
            "by": self.by,
            "scores": SCORES,
        }


def make_plan(
    paths: Sequence[Path],
    methods: Sequence[str],
    scans: Sequence[str],
    coverages: Sequence[str],
    electrons: Sequence[float | None] = (None,),
    *,
    crop: int | None = None,
    seed: int = 0,
    device: str = "auto",
    by: str | None = None,
) -> Plan:
    """Check everything that can be wrong before any work is done.

    Parameters
    ----------
    paths : image files.
    methods : names of classical methods and models, or weights files.
    scans : families, each taken at every coverage; and a raster, path or mask files, each with
        a coverage of its own.
    coverages : such as "1/20"; may be empty where every scan has its own.
    electrons : mean numbers per measured pixel; None is without noise.
    crop : longest side of an image's middle that is used [px]; None: whole images.
    seed : of random paths and of the noise.
    device : for models.
    by : column of the manifest that means are split by.

    Raises
    ------
    InputError : an unknown method, model, scan family or column, a coverage that is none or
        that leaves an image too few pixels, a crop too small, or an image or path file that
        cannot be used.
    """
    if crop is not None and crop < SMALLEST_SIDE:
        raise InputError(f"a crop of {crop} px is too small: choose {SMALLEST_SIDE} or more")
    for method in methods:
        check_name(method)
    # A raster has one coverage, as a file has.
    families = [scan for scan in scans if not is_file(scan) and scan != "raster"]
    if families and not coverages:
        raise InputError(f"a {families[0]} scan needs a coverage: add one, such as 1/20")
    for scan in families:
        for coverage in coverages:
            _check_scan(scan, coverage)
    for number in electrons:
        Noise(electrons=number)
    sources = tuple(find_sources(list(dict.fromkeys(paths)), by, crop))
    for coverage in coverages if families else ():
        _check_pixels(sources, coverage)
    for method in set(methods) & set(SMALL_FRAMES):
        _check_small(sources, method)
    pairs = [
        pair
        for scan in scans
        for pair in (
            [(scan, c) for c in coverages]
            if scan in families
            else [(scan, "1" if scan == "raster" else _own_coverage(scan, sources))]
        )
    ]
    conditions = (Condition(scan, coverage, e) for scan, coverage in pairs for e in electrons)
    return Plan(
        sources,
        tuple(dict.fromkeys(conditions)),
        tuple(dict.fromkeys(methods)),
        seed,
        device,
        by,
    )


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


def _check_small(sources: Sequence[Source], method: str) -> None:
    for source in sources:
        if math.prod(source.shape) > MOST_PIXELS:
            raise InputError(
                f"{source.path} has {source.shape[0]}x{source.shape[1]} px, and {method} "
                f"completes no more than {MOST_PIXELS} px in all: leave out one of the two"
            )


def _own_coverage(scan: str, sources: Sequence[Source]) -> str:
    """Return the coverage of a file's path on the usual shape, if it fits every shape."""
    if split(scan)[0] == "abtem":
        raise InputError(f"{scan} is in Å: turn it into a .npy path by stemgan scan first")
    shapes = Counter(source.shape for source in sources)
    achieved = {}
    for shape in shapes:
        trace = design_of(Condition(scan, ""), shape, 0).trace()
        if len(trace.visited) < FEWEST_PIXELS:
            raise InputError(
                f"{scan} measures {len(trace.visited)} pixels of a {shape[0]}x{shape[1]} "
                f"image, fewer than {FEWEST_PIXELS}: give another path"
            )
        achieved[shape] = trace.coverage
    return format_coverage(achieved[shapes.most_common(1)[0][0]])


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
