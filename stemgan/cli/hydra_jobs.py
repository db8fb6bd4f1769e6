"""Hydra's own flags: the configuration shown, and many jobs from one command."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING

from stemgan.cli.overrides import (
    TRAIN,
    Configuration,
    check,
    complaints,
    configuration_folder,
)
from stemgan.errors import InputError

if TYPE_CHECKING:
    from omegaconf import DictConfig

_MANY = ("-m", "--multirun")
_ALONE = (*_MANY, "--resolve", "--hydra-help")
_WITH_VALUE = ("-c", "--cfg", "-p", "--package", "-i", "--info")


def leave_to_hydra(
    words: Sequence[str], job: "Callable[[DictConfig], None]", of: Configuration = TRAIN
) -> None:
    """Let Hydra's own main handle its flags: -m, --cfg, --info and the like.

    Hydra reads the process's arguments, wants -m first, and ends the process with code 1
    whatever went wrong: here the order is free, and a wrong input is an `InputError`.

    Raises
    ------
    InputError : a flag, a name or a choice that there is not, or a job that refuses its input.
    """
    import hydra

    flags, overrides = split(words, of)
    check(overrides, of)
    main = hydra.main(
        version_base="1.3", config_path=str(configuration_folder()), config_name=of.name
    )
    with complaints(of), _as_process([*flags, *overrides]):
        main(job)()


def split(words: Sequence[str], of: Configuration = TRAIN) -> tuple[list[str], list[str]]:
    """Part Hydra's flags, -m first, from the overrides.

    Raises
    ------
    InputError : a flag that is not known here, or two that do not go together.

    Examples
    --------
    >>> split(["seed=1,2", "-m"]), split(["--cfg", "job", "seed=1"])
    ((['-m'], ['seed=1,2']), (['--cfg', 'job'], ['seed=1']))
    """
    first, flags, overrides = [], [], []
    for word in words:
        if word in _MANY:
            first = ["-m"]
        elif flags and flags[-1] in _WITH_VALUE:
            flags.append(word)
        elif word.startswith("-"):
            flags.append(_known(word, of))
        else:
            overrides.append(word)
    shown = next((flag for flag in flags if flag not in ("--resolve",)), None)
    if first and shown:
        raise InputError(f"{shown} shows one configuration and -m runs many: leave one out")
    return first + flags, overrides


def _known(word: str, of: Configuration) -> str:
    flags = (*_ALONE, *_WITH_VALUE, "--json", "--help")
    name = word.partition("=")[0]
    if name in flags:
        return word
    near = get_close_matches(name, flags, n=1)
    hint = f"did you mean {near[0]}?" if near else f"see stemgan {of.command} --help"
    raise InputError(f"there is no flag {word}: {hint}")


@contextmanager
def _as_process(words: list[str]) -> Iterator[None]:
    """Let Hydra find its arguments, and hand on what goes wrong as it is."""
    arguments, full = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = [arguments[0], *words]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    finally:
        sys.argv = arguments
        if full is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = full


@contextmanager
def as_single(config: "DictConfig") -> Iterator[list[str]]:
    """Make a job of Hydra's like a run of its own, and give the overrides that it has.

    Further processes of a training are then started as those of a single run are.
    """
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    hydra = HydraConfig.instance()
    job = HydraConfig.get()
    config.output_dir = job.runtime.output_dir
    OmegaConf.resolve(config)
    words, kept = list(job.overrides.task), hydra.cfg
    hydra.cfg = None
    try:
        yield words
    finally:
        hydra.cfg = kept
