"""One image scanned in one way, within the budget: a static path, or an adaptive scan."""

import time
from dataclasses import asdict, dataclass
from typing import Any

from stemgan.adaptive import (
    Budget,
    Complete,
    SimulatedScanner,
    Strategy,
    Stroke,
    Sure,
    adaptive_scan,
    fitted,
)
from stemgan.measurement import Image, PartialScan, scan_of_points
from stemgan.metrics import score
from stemgan.scan.physics import Timing
from stemgan.study.sources import Source
from stemgan.study.tasks import Record, Tools, image_columns, plain

TABLE = "adaptive"


@dataclass(frozen=True)
class ContestTask:
    """One image scanned in one way.

    source, seed : the image, and the seed of its random paths and noise.
    name : of the static family, or of the strategy.
    strategy : of the adaptive scan; None: a static path.
    budget, timing, electrons, method : see `Contest`.
    """

    source: Source
    seed: int
    name: str
    strategy: Strategy | None
    budget: Budget
    timing: Timing
    electrons: float | None
    method: str

    @property
    def key(self) -> str:
        """What the journal calls it."""
        how = "static" if self.strategy is None else repr(sorted(asdict(self.strategy).items()))
        return f"{self.name}/{how}/{self.source.name}"

    def run(self, tools: Tools) -> list[Record]:
        """Scan, complete and judge."""
        truth = self.source.truth()
        completer = tools.methods[self.method]

        def complete(scan: PartialScan) -> Sure:
            completed = completer(scan)
            return Sure(completed.image, completed.std)

        start = time.perf_counter()
        scan, scanner, rounds = self.scanned(truth, complete)
        image = complete(scan).image
        seconds = time.perf_counter() - start
        spent = scanner.spent
        row: dict[str, Any] = {
            "table": TABLE,
            **image_columns(self.source),
            "scan": self.name,
            "adaptive": self.strategy is not None,
            "method": self.method,
            "achieved": scan.coverage,
            "duration_s": spent.time,
            "exposure_s": spent.exposure,
            "jumps": spent.jumps,
            "time_share": spent.time / self.budget.time,
            "dose_share": spent.exposure / self.budget.exposure,
            "rounds": rounds,
            "electrons": self.electrons,
            **score(image, truth),
            "seconds": seconds,
        }
        return [plain(row)]

    def scanned(
        self, truth: Image, complete: Complete
    ) -> tuple[PartialScan, SimulatedScanner, int]:
        """Scan a truth; return the scan, the scanner, and how often the rest was placed."""
        scanner = SimulatedScanner(truth, self.timing, self.electrons, self.seed)
        first, budget = self.name, self.budget
        if self.strategy is not None:
            first, budget = self.strategy.first, budget.part(self.strategy.share)
        trace = fitted(first, scanner.shape, self.timing, budget, self.seed)
        if self.strategy is None:
            points = scanner.scan(trace.path, self.timing.dwell, joined=trace.joined)
            return scan_of_points(points, scanner.shape, full=1.0), scanner, 0
        stroke = Stroke(trace.path, trace.joined)
        adapted = adaptive_scan(scanner, stroke, complete, self.budget, self.strategy)
        return adapted.scan, scanner, len(adapted.rounds) - 1
