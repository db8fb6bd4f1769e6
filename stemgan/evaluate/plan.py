"""What is evaluated: images, the conditions they are scanned under, and methods."""

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stemgan import __version__
from stemgan.amounts import amount
from stemgan.baselines import SMALL_FRAMES
from stemgan.baselines.inpainting import MOST_PIXELS
from stemgan.errors import InputError
from stemgan.evaluate.methods import check_name, fingerprint
from stemgan.evaluate.scans import Condition, Imaged, design_of, file_of
from stemgan.evaluate.sources import Source, find_sources
from stemgan.measurement import FEWEST_PIXELS, SMALLEST_SIDE, Noise
from stemgan.metrics import SCORES
from stemgan.pathfiles import is_file
from stemgan.pathfiles.detect import split
from stemgan.scan import ScanDesign, format_coverage, parse_coverage


@dataclass(frozen=True)
class Plan:
    """An evaluation: every source under every condition through every method.

    left_out : name of each image that cannot be judged, and why.
    """

    sources: tuple[Source, ...]
    conditions: tuple[Condition, ...]
    methods: tuple[str, ...]
    seed: int = 0
    device: str = "auto"
    by: str | None = None
    left_out: tuple[tuple[str, str], ...] = ()

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
        """Describe all that errors depend on, for continuing only what is the same.

        Groups and labels are not among it: they are looked up anew whenever means are taken.
        """
        files = {c.scan for c in self.conditions if is_file(c.scan)}
        return {
            "version": __version__,
            "images": [[str(s.path), s.frame, s.path.stat().st_size] for s in self.sources],
            "conditions": [[c.scan, c.coverage, c.electrons] for c in self.conditions],
            "paths": {scan: _digest(file_of(scan)) for scan in sorted(files)},
            "methods": {name: fingerprint(name) for name in self.methods},
            "crop": sorted({source.crop or 0 for source in self.sources}),
            "seed": self.seed,
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
    tables: Sequence[Path] = (),
) -> Plan:
    """Check everything that can be wrong before any work is done.

    Images of one value have no range to measure errors by, and are left out.

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
    by : column of the manifest or a table that means are split by.
    tables : files that add to what manifests say, see `stemgan.manifest.read_tables`.

    Raises
    ------
    InputError : an unknown method, model, scan family or column, a coverage that is none or
        that leaves an image too few pixels, a crop too small, or an image or path file that
        cannot be used; or no image has any contrast.
    """
    if crop is not None and crop < SMALLEST_SIDE:
        raise InputError(f"a crop of {crop} px is too small: choose {SMALLEST_SIDE} or more")
    for method in methods:
        check_name(method)
    for number in electrons:
        Noise(electrons=number)
    _check_by(by)
    blank: list[tuple[str, str]] = []
    found = find_sources(list(dict.fromkeys(paths)), by, crop, blank=blank, tables=tables)
    sources = tuple(found)
    if blank and not sources:
        raise InputError(f"none of {amount(len(blank), 'image')} has any contrast: give others")
    frames = [(str(source.path), source.shape) for source in sources]
    pairs = conditions_for(frames, scans, coverages)
    check_frames(sources, methods)
    conditions = (Condition(p.scan, p.coverage, e) for p in pairs for e in electrons)
    return Plan(
        sources,
        tuple(dict.fromkeys(conditions)),
        tuple(dict.fromkeys(methods)),
        seed,
        device,
        by,
        tuple(blank),
    )


def conditions_for(
    frames: Sequence[tuple[str, tuple[int, int]]],
    scans: Sequence[str],
    coverages: Sequence[str],
) -> list[Condition]:
    """Pair scans with coverages, and check that every frame can be scanned so.

    Parameters
    ----------
    frames : name and shape of every image.
    scans : families, each taken at every coverage; and a raster, path or mask files, each with
        a coverage of its own.
    coverages : such as "1/20"; may be empty where every scan has its own.

    Raises
    ------
    InputError : an unknown family, a coverage that is none or leaves a frame too few pixels, or
        a path file that cannot be used.
    """
    # A raster has one coverage, as a file has.
    families = [scan for scan in scans if not is_file(scan) and scan != "raster"]
    if families and not coverages:
        raise InputError(f"a {families[0]} scan needs a coverage: add one, such as 1/20")
    for scan in families:
        for coverage in coverages:
            _check_scan(scan, coverage)
    for coverage in coverages if families else ():
        _check_pixels(frames, coverage)
    shapes = Counter(shape for _, shape in frames)
    pairs = []
    for scan in scans:
        own = "1" if scan == "raster" else None
        if scan in families:
            pairs += [Condition(scan, coverage) for coverage in coverages]
        else:
            pairs.append(Condition(scan, own or _own_coverage(scan, shapes)))
    return list(dict.fromkeys(pairs))


def _check_scan(family: str, coverage: str) -> None:
    """Let the design itself refuse what it cannot be."""
    ScanDesign(family, (SMALLEST_SIDE, SMALLEST_SIDE), coverage=parse_coverage(coverage))


def _check_pixels(frames: Sequence[tuple[str, tuple[int, int]]], coverage: str) -> None:
    share = parse_coverage(coverage)
    for name, shape in frames:
        if share * math.prod(shape) < FEWEST_PIXELS:
            raise InputError(
                f"{name} has {shape[0]}x{shape[1]} px, of which coverage {coverage} measures "
                f"fewer than {FEWEST_PIXELS}: leave out the image or ask for more coverage"
            )


def check_frames(sources: Iterable[Imaged], methods: Iterable[str]) -> None:
    """Refuse images that are too large for a method.

    Raises
    ------
    InputError : with the image and the method.
    """
    for method in set(methods) & set(SMALL_FRAMES):
        for source in sources:
            if math.prod(source.shape) > MOST_PIXELS:
                raise InputError(
                    f"{source.name} has {source.shape[0]}x{source.shape[1]} px, and {method} "
                    f"completes no more than {MOST_PIXELS} px in all: leave out one of the two"
                )


def _check_by(by: str | None) -> None:
    taken = ("image", "height", "width", "method", "achieved", *Condition.__dataclass_fields__)
    means = ("images", "groups", "best", *(f"{score}_groups" for score in SCORES))
    if by in (*taken, *means, "seconds", *SCORES):
        raise InputError(
            f"--by {by}: results have a column {by} of their own, so rename that of the table"
        )


def _own_coverage(scan: str, shapes: Counter[tuple[int, int]]) -> str:
    """Return the coverage of a file's path on the usual shape, if it fits every shape."""
    if split(scan)[0] == "abtem":
        raise InputError(f"{scan} is in Å: turn it into a .npy path by stemgan scan first")
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
