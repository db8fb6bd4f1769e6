"""Trials, one after the other, kept as they come."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from stemgan.errors import InputError
from stemgan.evaluate.methods import Method, load_methods
from stemgan.study.optimise.measuring import costs_of, error_of
from stemgan.study.optimise.search import Search
from stemgan.study.optimise.space import Candidate
from stemgan.study.optimise.trials import (
    FIRST,
    JOURNAL,
    beyond,
    calm,
    complete,
    measured,
    opened,
    sampler,
)

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import Trial

_PATIENCE = 20
"""Candidates proposed for each that keeps the limits, at most."""


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
    with calm():
        study = opened(search, folder / JOURNAL)
        for _ in progress(_steps(search, study, method), search.trials - measured(study)):
            pass
        done = [trial for trial in study.trials if complete(trial)]
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

    rejected = sum(beyond(trial) for trial in study.trials)
    while measured(study) < search.trials:
        if rejected > _PATIENCE * search.trials:
            return
        study.sampler = sampler(search, study)
        trial = study.ask()
        try:
            error = _tried(search, trial, method)
        except optuna.TrialPruned:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            if beyond(study.trials[trial.number]):
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
        if FIRST <= step + 1 < len(order) and trial.should_prune():
            trial.set_user_attr("images", step + 1)
            raise optuna.TrialPruned
    trial.set_user_attr("images", len(order))
    return float(np.mean([np.mean(members) for members in errors.values()]))
