"""What a command that trains does with its words: one run, or Hydra's many."""

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

from stemgan.cli.common import emit
from stemgan.cli.overrides import Configuration, composed
from stemgan.cli.training import processes
from stemgan.errors import InputError

if TYPE_CHECKING:
    from omegaconf import DictConfig

Figures = dict[str, Any]
Run = Callable[["DictConfig", list[str]], Figures | None]


def command(
    argv: list[str],
    of: Configuration,
    run: Run,
    text: Callable[[Figures], str],
    job: "Callable[[DictConfig], None]",
) -> None:
    """Run a command that trains.

    Parameters
    ----------
    argv : its arguments.
    of : its configuration.
    run : trains by a configuration and the words it is from; the figures, of the first process.
    text : puts figures in words.
    job : trains one of many jobs (see `job_done`).

    Raises
    ------
    InputError : whatever is wrong.
    """
    words = [word for word in argv if word != "--json"]
    as_json = words != argv
    if not any(word.startswith("-") for word in words):
        figures = _done(run, composed(words, of), words)
        if figures is not None:  # of the first process alone
            emit(figures, text(figures), as_json=as_json)
    elif as_json:
        raise InputError("--json goes with a single run: leave it out, or Hydra's own flags")
    else:
        from stemgan.cli.hydra_jobs import leave_to_hydra

        leave_to_hydra(words, job, of)


def job_done(config: "DictConfig", run: Run, text: Callable[[Figures], str]) -> None:
    """Train one job of Hydra's, in a folder of its own."""
    from stemgan.cli.hydra_jobs import as_single

    with as_single(config) as words:
        figures = _done(run, config, words)
    if figures is not None:
        print(text(figures), flush=True)


def _done(run: Run, config: "DictConfig", words: list[str]) -> Figures | None:
    """Train; what Lightning prints is progress, and goes to stderr."""
    with processes.until_stopped(), redirect_stdout(sys.stderr):
        return run(config, words)
