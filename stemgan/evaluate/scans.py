"""The partial scans of an evaluation: the same one whatever else is evaluated."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from stemgan.evaluate.sources import Stamp, stamp
from stemgan.measurement import Noise, PartialScan, measure
from stemgan.pathfiles import is_file, scan_design
from stemgan.pathfiles.detect import split
from stemgan.scan import REGISTRY, ScanDesign, Trace, coverage_note, parse_coverage


@dataclass(frozen=True)
class Condition:
    """A scan, a coverage as it was written, and electrons per measured pixel.

    scan : a family, or a path or mask file, whose coverage is its own.
    """

    scan: str
    coverage: str
    electrons: float | None = None

    @property
    def label(self) -> str:
        """What figures and columns of a table call it."""
        name = file_of(self.scan).name if is_file(self.scan) else self.scan
        dose = "" if self.electrons is None else f" {self.electrons:g} e"
        return f"{name} {self.coverage}{dose}"

    @property
    def fixed(self) -> bool:
        """Whether every image of one shape is measured at the same pixels."""
        return is_file(self.scan) or not REGISTRY[self.scan].seeded


class Taken(NamedTuple):
    """One image under one condition.

    truth : the full image, (H, W) float32.
    scan : its partial scan.
    pitch : the scan's pitch [px], or of families without one the gap length: 4 × the mean
        distance, which equals the pitch of parallel lines; 1 where every pixel is measured.
    """

    truth: NDArray[np.float32]
    scan: PartialScan
    pitch: float


class Drawn(NamedTuple):
    """A path as it is drawn for an image.

    design : solved for its coverage.
    trace : the path on the image's pixels.
    key : what of the image and the scan random numbers follow from.
    """

    design: ScanDesign
    trace: Trace
    key: str


class Imaged(Protocol):
    """What can be scanned: an image with a name."""

    @property
    def name(self) -> str:
        """What tables call it; each once."""
        ...

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width [px]."""
        ...

    def truth(self) -> NDArray[np.float32]:
        """Return the full image, (H, W) float32."""
        ...


def draw_path(source: Imaged, condition: Condition, seed: int) -> Drawn:
    """Draw the path of a condition for an image.

    It depends on the image's name where it is random, and never on the electrons, so that
    doses compare.
    """
    key = f"{seed}/{source.name}/{condition.scan}/{condition.coverage}"
    path_seed = 0 if condition.fixed else number_of(key) % 2**31
    design, trace = _trace(
        Condition(condition.scan, condition.coverage),
        source.shape,
        path_seed,
        _stamp(condition),
    )
    return Drawn(design, trace, key)


def pitch_of(design: ScanDesign, scan: PartialScan) -> float:
    """Return a scan's pitch or gap length [px], see `Taken`."""
    return design.pitch or 4 * float(scan.nearest[0].mean()) or 1.0


def take(source: Imaged, condition: Condition, seed: int) -> Taken:
    """Scan a source under a condition, along the path that `draw_path` draws."""
    drawn = draw_path(source, condition, seed)
    rng = np.random.default_rng(number_of(f"{drawn.key}/{condition.electrons}"))
    truth = source.truth()
    scan = measure(truth, drawn.trace, Noise(electrons=condition.electrons), rng)
    return Taken(truth, scan, pitch_of(drawn.design, scan))


def take_scan(source: Imaged, condition: Condition, seed: int) -> tuple[NDArray, PartialScan]:
    """Return the truth and the partial scan that `take` takes."""
    return take(source, condition, seed)[:2]


def design_of(condition: Condition, shape: tuple[int, int], seed: int) -> ScanDesign:
    """Return the design of a condition for a frame, solved for its coverage."""
    coverage = None if is_file(condition.scan) else parse_coverage(condition.coverage)
    return scan_design(condition.scan, shape, coverage, seed=seed).solved()


def coverage_notes(conditions: Iterable[Condition], shape: tuple[int, int]) -> list[str]:
    """Say of each fixed scan whose coverage comes in steps how near it comes, once."""
    notes = []
    for scan, coverage in dict.fromkeys((c.scan, c.coverage) for c in conditions):
        condition = Condition(scan, coverage)
        if condition.fixed and not is_file(scan):
            achieved = _trace(condition, shape, 0, _stamp(condition))[1].coverage
            note = coverage_note(parse_coverage(coverage), achieved, scan)
            notes += [f"{scan} at {shape[0]}x{shape[1]}: {note}"] if note else []
    return notes


def file_of(scan: str) -> Path:
    """Return the file of a scan that is one."""
    return split(scan)[1]


@lru_cache(maxsize=2)
def _trace(
    condition: Condition, shape: tuple[int, int], seed: int, _: Stamp | None
) -> tuple[ScanDesign, Trace]:
    design = design_of(condition, shape, seed)
    return design, design.trace()


def _stamp(condition: Condition) -> Stamp | None:
    """Tell a file that is overwritten from what was drawn of it before."""
    return stamp(file_of(condition.scan)) if is_file(condition.scan) else None


def number_of(text: str) -> int:
    """Return the 64-bit number that follows from a text, for seeds."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
