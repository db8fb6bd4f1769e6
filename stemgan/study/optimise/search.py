"""What is searched, on which images, and under which limits."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from stemgan import __version__
from stemgan.errors import InputError, check_number, check_whole
from stemgan.evaluate.methods import check_name, fingerprint
from stemgan.metrics import SCORES
from stemgan.scan.physics import Timing
from stemgan.study.fingerprints import MEASURING, code_digest, image_described
from stemgan.study.optimise.space import Limits, Space
from stemgan.study.sources import Source

_LOWER_IS_BETTER = tuple(name for name in SCORES if name not in ("psnr", "ssim"))


@dataclass(frozen=True)
class Search:
    """What is searched, on which images, and under which limits.

    sources : the images.
    space, limits : the candidates, and what they may cost.
    method : completes the partial scans.
    metric : the error, one of `stemgan.metrics.SCORES` that falls as images improve.
    trials : how many candidates that keep the limits are measured.
    timing : times of flyback, settling and lag [s]; dwells are searched.
    rate : electrons counted per second at an image's mean intensity; None: no noise.
    seed : of the proposals, the paths and the noise.
    device : for models.

    Raises
    ------
    InputError : whatever of it cannot be.
    """

    sources: tuple[Source, ...]
    space: Space
    limits: Limits = field(default_factory=Limits)
    method: str = "stemgan-s"
    metric: str = "nrmse_std_blurred"
    trials: int = 40
    timing: Timing = field(default_factory=Timing)
    rate: float | None = None
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        check_name(self.method)
        if self.metric not in _LOWER_IS_BETTER:
            raise InputError(
                f"metric={self.metric}: choose one of {', '.join(_LOWER_IS_BETTER)}"
            )
        check_whole("trials", self.trials, 1)
        check_whole("seed", self.seed, 0)
        if self.rate is not None:
            check_number("rate", self.rate, 0, above=True)
        if self.limits.dose is not None and self.rate is None:
            raise InputError("a limit of dose needs the electrons per second: give rate")

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """Every shape of an image, the usual one first."""
        return tuple(shape for shape, _ in Counter(s.shape for s in self.sources).most_common())

    def settings(self) -> dict[str, Any]:
        """Describe all that a trial depends on; the number of trials may grow."""
        return {
            "version": __version__,
            "code": code_digest((*MEASURING, "study/optimise/measuring")),
            "images": [[one.name, *image_described(one)] for one in self.sources],
            "space": _listed(asdict(self.space)),
            "limits": asdict(self.limits),
            "method": [self.method, fingerprint(self.method)],
            "metric": self.metric,
            "timing": asdict(self.timing),
            "rate": self.rate,
            "seed": self.seed,
        }


def _listed(values: dict[str, Any]) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}
