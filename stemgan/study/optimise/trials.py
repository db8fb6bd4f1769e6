"""The journal of trials: opened, continued, and what its trials are."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stemgan.errors import InputError
from stemgan.study.optimise.measuring import costs_of, path_seeds
from stemgan.study.optimise.search import Search
from stemgan.study.optimise.space import Candidate

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

JOURNAL = "trials.jsonl"

REASON = "reason"
"""Attribute of a trial whose candidate is impossible: why."""

FIRST = 4
"""Images before a candidate may be given up."""

_SURE = 0.05
_SHRINKS = 5
_RANDOM = 8
"""Trials before the estimator proposes."""


def opened(search: Search, path: Path) -> "Study":
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
        pruner=optuna.pruners.WilcoxonPruner(p_threshold=_SURE, n_startup_steps=FIRST),
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
        found = costs_of_paths(search, Candidate(family, coverage, dwell), search.shapes[:1])
        excess = search.limits.worst(found)
        over = max(excess.get("duration", 0.0), excess.get("dose", 0.0))
        if over <= 0 or coverage == least:
            break
        coverage = max(coverage * 0.98 / (1 + over), least)
    return coverage


def costs_of_paths(
    search: Search, candidate: Candidate, shapes: Sequence[tuple[int, int]]
) -> list[dict[str, Any]]:
    """Return what each of a candidate's paths costs, on each shape; the search's own first."""
    return [
        costs_of(candidate, shape, search.timing, search.rate, seed)
        for shape in shapes
        for seed in path_seeds(candidate, search.seed)
    ]


def sampler(search: Search, study: "Study") -> Any:  # noqa: ANN401 (Optuna's)
    """Return a sampler that knows of finished trials alone, and so of no interruption."""
    import optuna

    finished = sum(trial.state.is_finished() and not failed(trial) for trial in study.trials)
    return optuna.samplers.TPESampler(
        seed=(search.seed * 1_000_003 + finished) % 2**32,
        multivariate=True,
        group=True,
        constant_liar=False,
        n_startup_trials=max(_RANDOM, len(search.space.families)),
    )


def complete(trial: "FrozenTrial") -> bool:
    """Tell whether a trial was measured on all images."""
    return trial.state.name == "COMPLETE"


def failed(trial: "FrozenTrial") -> bool:
    """Tell whether a trial was stopped, and so is no trial."""
    return trial.state.name == "FAIL"


def rejected(trial: "FrozenTrial") -> bool:
    """Tell whether a candidate has no error, as it goes beyond a limit or is impossible."""
    return trial.state.name == "PRUNED" and "images" not in trial.user_attrs


def reason_of(trial: "FrozenTrial") -> str:
    """Return why a candidate is impossible; empty: it is not."""
    return trial.user_attrs.get(REASON, "")


def measured(study: "Study") -> int:
    """Count the trials whose candidate was measured, on all images or until given up."""
    return sum("images" in trial.user_attrs and not failed(trial) for trial in study.trials)


@contextmanager
def calm() -> Iterator[None]:
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
