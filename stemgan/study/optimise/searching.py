"""Trials, one after the other, kept as they come."""

import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from stemgan import __version__
from stemgan.errors import InputError, check_number, check_whole
from stemgan.evaluate.methods import Method, check_name, fingerprint, load_methods
from stemgan.metrics import SCORES
from stemgan.scan.physics import Timing
from stemgan.study.optimise.measuring import costs_of, error_of
from stemgan.study.optimise.space import Candidate, Limits, Space
from stemgan.study.sources import Source

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial, Trial

JOURNAL = "trials.jsonl"

_LOWER_IS_BETTER = tuple(name for name in SCORES if name not in ("psnr", "ssim"))
_PATIENCE = 20
"""Candidates proposed for each that keeps the limits, at most."""
_FIRST = 4
"""Images before a candidate may be given up."""
_SURE = 0.05
_SHRINKS = 5
_RANDOM = 8
"""Trials before the estimator proposes."""


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
            "images": [[one.name, *one.shape] for one in self.sources],
            "space": _listed(asdict(self.space)),
            "limits": asdict(self.limits),
            "method": [self.method, fingerprint(self.method)],
            "metric": self.metric,
            "timing": asdict(self.timing),
            "rate": self.rate,
            "seed": self.seed,
        }


class Best(NamedTuple):
    """The candidate of least error.

    number : of its trial.
    candidate : the scan.
    error : mean over groups, by the search's metric.
    costs : on the usual shape.
    """

    number: int
    candidate: Candidate
    error: float
    costs: dict[str, Any]


def optimise(
    search: Search, folder: Path, progress: Callable[[Iterator[None], int], Any]
) -> "tuple[Best, Study]":
    """Search, or go on searching.

    Parameters
    ----------
    search : what is searched.
    folder : where the journal of trials is, or will be.
    progress : wraps the steps to be taken, given their number.

    Returns
    -------
    The best candidate, and Optuna's study.

    Raises
    ------
    InputError : the folder holds another search, the method cannot run here, or no candidate
        keeps the limits.
    """
    method = load_methods([search.method], search.device)[search.method]
    with _calm():
        study = _opened(search, folder / JOURNAL)
        for _ in progress(_steps(search, study, method), search.trials - _measured(study)):
            pass
        done = [trial for trial in study.trials if _complete(trial)]
    if not done:
        raise InputError(
            f"none of {len(study.trials)} candidates keeps the limits: loosen them, or widen "
            "coverage or dwell"
        )
    best = min(done, key=lambda trial: (trial.value, trial.number))
    candidate = Candidate(**best.user_attrs["candidate"])
    return Best(best.number, candidate, float(best.value or 0), best.user_attrs["costs"]), study


def _steps(search: Search, study: "Study", method: Method) -> Iterator[None]:
    """Measure until there are enough; candidates beyond a limit do not count."""
    import optuna

    rejected = sum(_beyond(trial) for trial in study.trials)
    while _measured(study) < search.trials:
        if rejected > _PATIENCE * search.trials:
            return
        study.sampler = _sampler(search, study)
        trial = study.ask()
        try:
            error = _tried(search, trial, method)
        except optuna.TrialPruned:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            if _beyond(study.trials[trial.number]):
                rejected += 1
                continue
        else:
            study.tell(trial, error)
        yield


def _tried(search: Search, trial: "Trial", method: Method) -> float:
    """Return a candidate's error, or give it up.

    Raises
    ------
    optuna.TrialPruned : it goes beyond a limit, or is clearly worse than the best.
    """
    import optuna

    candidate = search.space.suggest(trial)
    trial.set_user_attr("candidate", candidate.values)
    found = [
        costs_of(candidate, shape, search.timing, search.rate, search.seed)
        for shape in search.shapes
    ]
    trial.set_user_attr("costs", found[0])
    excess = [search.limits.excess(costs) for costs in found]
    worst = {name: max(one[name] for one in excess) for name in excess[0]}
    trial.set_user_attr("excess", worst)
    for name, value in worst.items():
        trial.set_constraint(name, value)
    if any(value > 0 for value in worst.values()):
        raise optuna.TrialPruned
    order = np.random.default_rng(search.seed).permutation(len(search.sources))
    errors: dict[str, list[float]] = {}
    for step, index in enumerate(order):
        source = search.sources[index]
        error = error_of(
            candidate,
            source,
            method,
            search.timing,
            search.rate,
            search.seed,
            search.metric,
        )
        errors.setdefault(source.group, []).append(error)
        trial.report(error, int(index))
        if _FIRST <= step + 1 < len(order) and trial.should_prune():
            trial.set_user_attr("images", step + 1)
            raise optuna.TrialPruned
    trial.set_user_attr("images", len(order))
    return float(np.mean([np.mean(members) for members in errors.values()]))


def _opened(search: Search, path: Path) -> "Study":
    """Continue the journal's search, if it is the same, or begin one: every family once."""
    import optuna
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock, JournalStorage

    new = not path.exists()
    # The lock by a file works on every system; the default's symbolic link does not.
    backend = JournalFileBackend(str(path), JournalFileOpenLock(str(path)))
    study = optuna.create_study(
        storage=JournalStorage(backend),
        study_name="stemgan",
        load_if_exists=True,
        pruner=optuna.pruners.WilcoxonPruner(p_threshold=_SURE, n_startup_steps=_FIRST),
    )
    settings = search.settings()
    if new or "settings" not in study.user_attrs:
        study.set_user_attr("settings", settings)
    elif study.user_attrs["settings"] != settings:
        raise InputError(
            f"{path.parent} holds a search of other images, limits or settings: choose another "
            "output_dir, or pass overwrite=true to replace it"
        )
    for trial in study.get_trials(states=(optuna.trial.TrialState.RUNNING,)):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    _enqueue(search, study)
    return study


def _enqueue(search: Search, study: "Study") -> None:
    """Begin with each family once, at about the coverage that the limits allow."""
    dwell = float(np.sqrt(search.space.dwell[0] * search.space.dwell[1]))
    tried = {trial.system_attrs.get("fixed_params", {}).get("family") for trial in study.trials}
    for family in search.space.families:
        if family not in tried:
            coverage = _allowed(search, family, dwell)
            study.enqueue_trial({"family": family, "coverage": coverage, "dwell": dwell})


def _allowed(search: Search, family: str, dwell: float) -> float:
    """Go down from the most coverage, by as much as it costs too much time or dose."""
    least, coverage = search.space.coverage
    for _ in range(_SHRINKS):
        candidate = Candidate(family, coverage, dwell)
        costs = costs_of(candidate, search.shapes[0], search.timing, search.rate, search.seed)
        excess = search.limits.excess(costs)
        over = max(excess.get("duration", 0.0), excess.get("dose", 0.0))
        if over <= 0 or coverage == least:
            break
        coverage = max(coverage * 0.98 / (1 + over), least)
    return coverage


def _sampler(search: Search, study: "Study") -> Any:  # noqa: ANN401 (Optuna's)
    """Return a sampler that knows of finished trials alone, and so of no interruption."""
    import optuna

    finished = sum(trial.state.is_finished() and not _failed(trial) for trial in study.trials)
    return optuna.samplers.TPESampler(
        seed=(search.seed * 1_000_003 + finished) % 2**32,
        multivariate=True,
        group=True,
        constant_liar=False,
        n_startup_trials=max(_RANDOM, len(search.space.families)),
    )


def _complete(trial: "FrozenTrial") -> bool:
    return trial.state.name == "COMPLETE"


def _failed(trial: "FrozenTrial") -> bool:
    return trial.state.name == "FAIL"


def _beyond(trial: "FrozenTrial") -> bool:
    """Tell whether a trial was never measured, as its candidate goes beyond a limit."""
    return trial.state.name == "PRUNED" and "images" not in trial.user_attrs


def _measured(study: "Study") -> int:
    return sum("images" in trial.user_attrs and not _failed(trial) for trial in study.trials)


def _listed(values: dict[str, Any]) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


@contextmanager
def _calm() -> Iterator[None]:
    """Let Optuna say nothing: of each trial in its log, and that some of it may change."""
    import optuna

    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(level)
