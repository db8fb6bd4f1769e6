"""Checkpoints that are whole, of where training stands, whatever happens."""

import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO

from stemgan.errors import Stopped, check_number
from stemgan.files import whole_file

_REQUEUE = getattr(signal, "SIGUSR1", None)  # Windows has none
_OURS = (signal.SIGTERM, signal.SIGINT, _REQUEUE)


class WholeCheckpoints(TorchCheckpointIO):
    """Write a checkpoint beside its place and rename it: killed at any time, one is whole."""

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: str | Path,
        storage_options: Any = None,  # noqa: ANN401 (Lightning's)
    ) -> None:
        """Save, whole or not at all."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with whole_file(Path(path)) as temporary:
            super().save_checkpoint(checkpoint, temporary, storage_options)


class LastCheckpoint(Checkpoint):
    """Keep where training stands in ``last.ckpt``, from which ``resume=auto`` goes on exactly.

    It is saved after every validation, every some minutes between steps, at the end, when an
    exception ends training, and on a signal: SIGTERM, Ctrl-C (SIGINT), or SIGUSR1, which
    SLURM sends ahead of the time limit with ``--signal=USR1@120`` and which also requeues the
    job. A signal to any process stops all of them after the same step; a second Ctrl-C stops
    at once.

    Parameters
    ----------
    folder : where the checkpoint goes.
    minutes : between two checkpoints [min].

    Raises
    ------
    InputError : the minutes are not above 0.
    """

    def __init__(self, folder: str | Path, minutes: float = 15.0) -> None:
        check_number("checkpoint_minutes", minutes, 0, above=True)
        self.path, self.minutes = Path(folder) / "last.ckpt", minutes
        self._saved, self._saved_at, self._stepped = (0, 0), time.monotonic(), 0
        self._signal = self._agreed = 0
        self._before: dict[int, Any] = {}

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Write whole files, to the folder of the first process."""
        trainer.strategy.checkpoint_io = WholeCheckpoints()
        self.path = trainer.strategy.broadcast(self.path)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Listen for signals, in place of Lightning, whose handlers talk to other processes."""
        self._saved, self._saved_at = _position(trainer), time.monotonic()
        self._stepped = trainer.global_step
        if threading.current_thread() is not threading.main_thread():
            return  # signals are the main thread's
        for number in _heard():
            self._before[number] = signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._signal and number == signal.SIGINT:
            raise KeyboardInterrupt
        self._signal = self._signal or number

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Save when it is time, and stop when a signal has come."""
        self._stepped = trainer.global_step
        due = int(time.monotonic() - self._saved_at > 60 * self.minutes)
        number = self._signal
        if trainer.world_size > 1:  # all processes save and stop after the same step
            own = torch.tensor([due, number], device=pl_module.device)
            # Lightning's own reduction waits at a barrier besides, in every step.
            torch.distributed.all_reduce(own, torch.distributed.ReduceOp.MAX)
            due, number = own.tolist()
        if _validates(trainer):  # first, as who goes on from here would leave it out
            self._agreed = number
            return
        if due or number:
            self.save(trainer)
        if number:
            self._leave(trainer, number)

    def _leave(self, trainer: Trainer, number: int) -> None:
        handler = self._before.get(number)
        if number == _REQUEUE and trainer.is_global_zero:
            _requeue()
        elif number not in _OURS and callable(handler):
            handler(number, None)
        raise Stopped(number, f"go on with output_dir={self.path.parent} resume=auto")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save where the best weights are chosen, too."""
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        self.save(trainer)
        if self._agreed:
            self._leave(trainer, self._agreed)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the end."""
        self.save(trainer)
        self._let_go()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Save what an exception leaves, if it leaves training between two steps.

        Without waiting for other processes, which may not know of it.
        """
        self._let_go()
        within = trainer.global_step != self._stepped
        if within or isinstance(exception, (Stopped, KeyboardInterrupt)):
            return
        if self._wanted(trainer):
            connector: Any = trainer._checkpoint_connector
            trainer.strategy.save_checkpoint(connector.dump_checkpoint(False), self.path)

    def save(self, trainer: Trainer) -> None:
        """Save, unless nothing was trained since."""
        if self._wanted(trainer):
            trainer.save_checkpoint(self.path)
            self._saved, self._saved_at = _position(trainer), time.monotonic()

    def _wanted(self, trainer: Trainer) -> bool:
        quick = getattr(trainer, "fast_dev_run", False) or trainer.sanity_checking
        return not quick and _position(trainer) != self._saved

    def _let_go(self) -> None:
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, handler)


def _heard() -> list[int]:
    """List the signals to stop on: ours, and those of a scheduler that listens already."""
    second = getattr(signal, "SIGUSR2", None)  # submitit's, which requeues its jobs
    theirs = [second] if second is not None and callable(signal.getsignal(second)) else []
    return [int(number) for number in (*_OURS, *theirs) if number is not None]


def _validates(trainer: Trainer) -> bool:
    """Tell whether a validation follows the step that has just been done."""
    loop: Any = trainer.fit_loop
    fetcher = loop._data_fetcher
    return trainer.enable_validation and loop.epoch_loop._should_check_val_fx(fetcher)


def _position(trainer: Trainer) -> tuple[int, int]:
    """Return the steps and the batches that are done: a step may be skipped."""
    progress: Any = trainer.fit_loop.epoch_loop.batch_progress.total
    return trainer.global_step, progress.processed


def _requeue() -> None:
    """Have SLURM start this job anew, where it is one: `resume: auto` then goes on."""
    job = os.environ.get("SLURM_JOB_ID")
    if "SLURM_ARRAY_JOB_ID" in os.environ:
        job = f"{os.environ['SLURM_ARRAY_JOB_ID']}_{os.environ['SLURM_ARRAY_TASK_ID']}"
    if job:
        subprocess.run(["scontrol", "requeue", job], check=False)
