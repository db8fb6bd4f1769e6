"""Trials, one after the other, kept as they come."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from stemgan.errors import InputError
from stemgan.evaluate.methods import Method, load_methods
from stemgan.study.optimise.measuring import error_of
from stemgan.study.optimise.search import Search
from stemgan.study.optimise.space import Candidate
from stemgan.study.optimise.trials import (
    FIRST,
    JOURNAL,
    REASON,
    calm,
    complete,
    costs_of_paths,
    measured,
    opened,
    reason_of,
    rejected,
    sampler,
)

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import Trial

_PATIENCE = 20
"""Candidates proposed for each that keeps the limits, at most."""
_FAILURES = 10
"""Impossible candidates after which, if nothing else was found, none is expected."""


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
    InputError : the folder holds another search, the method cannot run here, or every candidate
        is impossible or beyond the limits.
    """
    method = load_methods([search.method], search.device)[search.method]
    with calm():
        study = opened(search, folder / JOURNAL)
        for _ in progress(_steps(search, study, method), search.trials - measured(study)):
            pass
        done = [trial for trial in study.trials if complete(trial)]
    if not done:
        raise _nothing_found(study)
    best = min(done, key=lambda trial: (trial.value, trial.number))
    candidate = Candidate(**best.user_attrs["candidate"])
    return Best(best.number, candidate, float(best.value or 0), best.user_attrs["costs"]), study


def _nothing_found(study: "Study") -> InputError:
    count = len(study.trials)
    reasons = [reason for reason in map(reason_of, study.trials) if reason]
    if reasons:
        return InputError(f"{len(reasons)} of {count} candidates are impossible: {reasons[-1]}")
    return InputError(
        f"none of {count} candidates keeps the limits: loosen them, or widen coverage or dwell"
    )


def _steps(search: Search, study: "Study", method: Method) -> Iterator[None]:
    """Measure until there are enough, not counting what is beyond a limit or impossible."""
    import optuna

    while (count := measured(study)) < search.trials:
        if sum(map(rejected, study.trials)) > _PATIENCE * search.trials:
            return
        if not count and sum(bool(reason_of(trial)) for trial in study.trials) >= _FAILURES:
            return
        study.sampler = sampler(search, study)
        trial = study.ask()
        try:
            error = _tried(search, trial, method)
        except optuna.TrialPruned:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            if rejected(study.trials[trial.number]):
                continue
        except InputError as error:
            trial.set_user_attr(REASON, str(error))
            trial.set_constraint(REASON, 1.0)  # so that its like is not proposed
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            continue
        else:
            study.tell(trial, error)
        yield


def _tried(search: Search, trial: "Trial", method: Method) -> float:
    """Return a candidate's error, or give it up.

    Raises
    ------
    optuna.TrialPruned : it goes beyond a limit, or is clearly worse than the best.
    InputError : it is impossible.
    """
    import optuna

    candidate = search.space.suggest(trial)
    trial.set_user_attr("candidate", candidate.values)
    found = costs_of_paths(search, candidate, search.shapes)
    trial.set_user_attr("costs", found[0])
    worst = search.limits.worst(found)
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
