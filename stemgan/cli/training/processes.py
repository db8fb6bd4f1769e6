"""What the processes of one training need of the process that starts them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stemgan.cli.common import say
from stemgan.errors import Ended

_SET = ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK", "LOCAL_RANK", "WORLD_SIZE", "WANDB_MODE")


@contextmanager
def beginning(words: list[str] | None, output: Path, command: str = "train") -> Iterator[None]:
    """Let Lightning start further processes with this one's arguments, into its folder.

    Everything is put back in the end, as a run of many jobs starts several trainings.

    Parameters
    ----------
    words : overrides of the training; None where others start the processes.
    output : the folder of the run, which may be named after the time.
    command : that trains, as typed after "stemgan".
    """
    arguments, before = sys.argv, {name: os.environ.get(name) for name in _SET}
    if words is not None:
        folder = str(output).replace("'", "\\'")
        sys.argv = [arguments[0], *command.split(), *words, f"output_dir='{folder}'"]
    try:
        yield
    finally:
        sys.argv = arguments
        _put_back(before)
        _part()


def _put_back(before: dict[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _part() -> None:
    """Leave the group of processes and the run of Weights & Biases: a next job has its own."""
    import torch.distributed as dist

    if "wandb" in sys.modules:
        sys.modules["wandb"].finish()

    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


@contextmanager
def until_stopped() -> Iterator[None]:
    """End as a signal or a divergence wants it: a sentence, and a code.

    Both end all processes of a training at the same step. One that was started by another says
    nothing and ends with 0: for any other code Lightning would kill the first, which may still
    be saving.
    """
    started = os.environ.get("LOCAL_RANK", "0") != "0"
    try:
        yield
    except Ended as end:
        if started:
            raise SystemExit(0) from None
        say(f"stemgan: {end}")
        raise SystemExit(end.code) from None
