"""What is compared: adaptive scans and static paths, each within the same time and dose."""

from dataclasses import asdict, dataclass, field
from typing import Any

from stemgan import __version__
from stemgan.adaptive import Budget, Strategy, cost, fitted
from stemgan.errors import InputError, check_whole
from stemgan.evaluate.methods import check_name, fingerprint, is_raw, model_of
from stemgan.evaluate.scans import number_of
from stemgan.measurement import Noise
from stemgan.scan import SPARSE_FAMILIES, ScanDesign, parse_coverage
from stemgan.scan.families import unknown_family
from stemgan.scan.physics import Timing
from stemgan.study.fingerprints import MEASURING, code_digest, image_described
from stemgan.study.plan import StudyPlan
from stemgan.study.sources import Source


@dataclass(frozen=True)
class Contest:
    """Adaptive scans against static paths.

    The reference, a family at a coverage, sets what all may cost: its duration, and its
    exposure, which times the beam current is the dose.

    sources : the images.
    statics : families.
    strategies : of the adaptive scans, by name.
    reference, coverage : of the budget; the coverage as it is written.
    method : completes the scans, and says how sure it is.
    timing : of the microscope [s].
    electrons : mean per dwell at an image's mean intensity; None: no noise.
    seed, device : of random paths and noise; for the model.

    Raises
    ------
    InputError : whatever of it cannot be.
    """

    sources: tuple[Source, ...]
    statics: tuple[str, ...]
    strategies: tuple[tuple[str, Strategy], ...]
    reference: str = "spiral"
    coverage: str = "1/17.9"
    method: str = "stemgan-s"
    timing: Timing = field(default_factory=Timing)
    electrons: float | None = None
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        from stemgan.baselines import METHODS

        check_name(self.method)
        if self.method in METHODS:
            raise InputError(
                f"{self.method} does not say how sure it is: choose a model that does, such as "
                "stemgan-s"
            )
        if is_raw(self.method):
            raise InputError(
                f"{self.method} does not say how sure it is: choose {model_of(self.method)}, "
                "whose deviation is from the blurred truth"
            )
        check_whole("seed", self.seed, 0)
        Noise(electrons=self.electrons)
        if not self.strategies:
            raise InputError("strategies names nothing: give one or more")
        if not self.statics:
            raise InputError("statics names nothing: give one or more families, in [ ]")
        names = [name for name, _ in self.strategies]
        for name in names:
            if name in self.statics or names.count(name) > 1:
                raise InputError(f"two ways of scanning are called {name}: rename a strategy")
        firsts = [strategy.first for _, strategy in self.strategies]
        for family in (*self.statics, self.reference, *firsts):
            if family not in SPARSE_FAMILIES:
                raise InputError(
                    "a raster leaves nothing out: name a sparse family"
                    if family == "raster"
                    else unknown_family(family)
                )
        for shape in {source.shape for source in self.sources}:
            self._check_budget(shape)

    def _check_budget(self, shape: tuple[int, int]) -> None:
        budget = self.budget(shape)
        for family in self.statics:
            fitted(family, shape, self.timing, budget)
        for name, strategy in self.strategies:
            try:
                fitted(strategy.first, shape, self.timing, budget.part(strategy.share))
            except InputError as error:
                raise InputError(f"strategy {name}: {error}") from error

    def budget(self, shape: tuple[int, int]) -> Budget:
        """Return what a scan of a shape may cost."""
        design = ScanDesign(self.reference, shape, coverage=parse_coverage(self.coverage))
        return cost(self.reference, design.trace(), self.timing)

    def seed_of(self, source: Source) -> int:
        """Return the seed of an image's random paths and noise."""
        return number_of(f"{self.seed}/{source.name}") % 2**31

    @property
    def study(self) -> StudyPlan:
        """What the runner of studies is given."""
        return StudyPlan(self.sources, (), (self.method,), self.seed, self.timing, self.device)

    def settings(self) -> dict[str, Any]:
        """Describe all that a figure depends on, beside its image and strategy."""
        return {
            "version": __version__,
            "code": code_digest((*MEASURING, "adaptive", "study/adaptive/tasks")),
            "methods": {self.method: fingerprint(self.method)},
            "seed": self.seed,
            "reference": [self.reference, self.coverage],
            "timing": asdict(self.timing),
            "electrons": self.electrons,
            "images": {source.name: image_described(source) for source in self.sources},
        }
