"""Checkpoints are whole, come in time, and stand between two steps whatever ends training."""

import os
import signal
import sys

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO
from torch.utils.data import DataLoader

from stemgan.errors import InputError
from stemgan.watching import LastCheckpoint, Stopped, best_checkpoint
from stemgan.watching.checkpoints import WholeCheckpoints

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's own, on small machines


class Line(LightningModule):
    """A weight that counts its steps, optimised by hand as every training here is."""

    def __init__(self):
        super().__init__()
        self.automatic_optimization = False
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.break_at = self.break_before = None

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1.0)

    def training_step(self, batch, batch_idx):
        if self.global_step == self.break_before:
            raise FloatingPointError("planted")
        optimizer = self.optimizers()
        optimizer.zero_grad()
        self.manual_backward(-self.weight)
        optimizer.step()
        if self.global_step == self.break_at:
            raise FloatingPointError("planted")

    def validation_step(self, batch, batch_idx):
        pass


class Send(Callback):
    """Send a signal to the process within step `at`."""

    def __init__(self, number, at):
        self.number, self.at = number, at

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        if trainer.global_step + 1 == self.at:
            os.kill(os.getpid(), self.number)


def fit(folder, *callbacks, module=None, steps=6, minutes=60.0, resume=None, **options):
    module, last = module or Line(), LastCheckpoint(folder, minutes)
    trainer = Trainer(
        max_steps=steps,
        accelerator="cpu",
        logger=False,
        callbacks=[*callbacks, last],
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        check_val_every_n_epoch=None,
        **({"val_check_interval": 100} | options),
    )
    data = DataLoader(torch.zeros(200, 1))
    trainer.fit(module, data, data, ckpt_path=resume)
    return module


def saved(folder):
    checkpoint = torch.load(folder / "last.ckpt", weights_only=True)
    assert checkpoint["state_dict"]["weight"] == checkpoint["global_step"]
    return checkpoint["global_step"]


def test_the_end_is_saved_and_nothing_else_lies_about(tmp_path):
    fit(tmp_path)
    assert saved(tmp_path) == 6
    assert [path.name for path in tmp_path.iterdir()] == ["last.ckpt"]


class Saves(Callback):
    def __init__(self):
        self.at = []

    def on_save_checkpoint(self, trainer, module, checkpoint):
        self.at.append(trainer.global_step)


def test_it_is_saved_after_validations_and_when_it_is_time(tmp_path):
    validated, timed = Saves(), Saves()
    fit(tmp_path, validated, val_check_interval=2)
    assert validated.at == [2, 4, 6]
    fit(tmp_path, timed, minutes=1e-9)
    assert timed.at == [1, 2, 3, 4, 5, 6]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGUSR1"])
def test_a_signal_stops_after_its_step_and_training_goes_on_from_there(tmp_path, name):
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with pytest.raises(Stopped, match=name) as stopped:
        fit(tmp_path, Send(number, at=3))
    assert stopped.value.number == number
    assert f"go on with output_dir={tmp_path} resume=auto" in str(stopped.value)
    assert saved(tmp_path) == 3
    assert signal.getsignal(number) == before
    module = fit(tmp_path, resume=tmp_path / "last.ckpt")
    assert module.weight == 6


class Validated(Callback):
    def __init__(self):
        self.at = []

    def on_validation_start(self, trainer, module):
        self.at.append(trainer.global_step)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals")
@pytest.mark.parametrize("last", [3, 4])
def test_no_validation_is_lost_where_a_signal_comes_in_its_step(tmp_path, last):
    validated = Validated()
    with pytest.raises(Stopped):
        fit(tmp_path, Send(signal.SIGTERM, at=last), validated, val_check_interval=2)
    assert saved(tmp_path) == last
    fit(tmp_path, validated, val_check_interval=2, resume=tmp_path / "last.ckpt")
    assert validated.at == [2, 4, 6]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SLURM")
@pytest.mark.parametrize(
    ("variables", "job"),
    [
        ({"SLURM_JOB_ID": "7"}, "7"),
        (
            {
                "SLURM_JOB_ID": "9",
                "SLURM_ARRAY_JOB_ID": "8",
                "SLURM_ARRAY_TASK_ID": "1",
            },
            "8_1",
        ),
    ],
)
def test_slurm_is_asked_to_requeue_once_the_checkpoint_is_there(
    tmp_path, monkeypatch, variables, job
):
    asked = []

    def run(command, check):
        asked.append((command, saved(tmp_path)))

    monkeypatch.setattr("stemgan.watching.checkpoints.subprocess.run", run)
    for key, value in variables.items():
        monkeypatch.setenv(key, value)
    with pytest.raises(Stopped):
        fit(tmp_path, Send(signal.SIGUSR1, at=2))
    assert asked == [(["scontrol", "requeue", job], 2)]
    with pytest.raises(Stopped):
        fit(tmp_path, Send(signal.SIGTERM, at=3))
    assert len(asked) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals")
def test_a_scheduler_that_listens_itself_is_told_once_the_checkpoint_is_there(tmp_path):
    told = []
    before = signal.signal(signal.SIGUSR2, lambda *_: told.append(saved(tmp_path)))
    try:
        with pytest.raises(Stopped):
            fit(tmp_path, Send(signal.SIGUSR2, at=4))
    finally:
        signal.signal(signal.SIGUSR2, before)
    assert told == [4]


def test_an_exception_leaves_the_step_before_it(tmp_path):
    module = Line()
    module.break_before = 4
    with pytest.raises(FloatingPointError):
        fit(tmp_path, module=module)
    assert saved(tmp_path) == 4


def test_an_exception_within_a_step_leaves_the_checkpoint_before(tmp_path):
    module = Line()
    module.break_at = 5
    with pytest.raises(FloatingPointError):
        fit(tmp_path, module=module, val_check_interval=3)
    assert saved(tmp_path) == 3


def test_a_quick_run_for_trying_saves_nothing(tmp_path):
    fit(tmp_path, fast_dev_run=True)
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_that_cannot_be_finished_leaves_the_one_before(tmp_path, monkeypatch):
    path = tmp_path / "last.ckpt"
    WholeCheckpoints().save_checkpoint({"step": 1}, path)

    def broken(self, checkpoint, path, options=None):
        path.write_bytes(b"half of i")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(TorchCheckpointIO, "save_checkpoint", broken)
    with pytest.raises(InputError, match="space"):
        WholeCheckpoints().save_checkpoint({"step": 2}, path)
    assert torch.load(path, weights_only=True) == {"step": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["last.ckpt"]


def test_checkpoints_need_a_time_between_them(tmp_path):
    with pytest.raises(InputError, match="above 0"):
        LastCheckpoint(tmp_path, minutes=0)


class Worse(Line):
    """Validates worse with every step."""

    def validation_step(self, batch, batch_idx):
        self.log("val/rmse_blurred", float(self.global_step))


def keep_best(folder, **options):
    best = best_checkpoint(folder)
    fit(folder, best, module=Worse(), val_check_interval=2, **options)
    kept = torch.load(folder / "best.ckpt", weights_only=True)["global_step"]
    assert best.best_model_score == kept
    return kept


def test_the_best_weights_are_known_where_the_folder_was_moved(tmp_path):
    assert keep_best(tmp_path / "run", steps=4) == 2
    moved = (tmp_path / "run").rename(tmp_path / "moved")
    assert keep_best(moved, steps=8, resume=moved / "last.ckpt") == 2
    assert saved(moved) == 8
    again = moved.rename(tmp_path / "again")
    assert keep_best(again, steps=10, resume=again / "last.ckpt") == 2


def test_a_checkpoint_tells_of_the_best_weights_as_lightnings_own_does(tmp_path):
    keep_best(tmp_path, steps=4)
    (key,) = torch.load(tmp_path / "last.ckpt", weights_only=True)["callbacks"]
    assert key == ModelCheckpoint(monitor="val/rmse_blurred").state_key


def test_weights_that_were_best_in_another_run_are_not_taken_for_its_own(tmp_path):
    keep_best(tmp_path / "run", steps=4)
    (tmp_path / "other").mkdir()
    (tmp_path / "run" / "best.ckpt").rename(tmp_path / "other" / "best.ckpt")
    resume = tmp_path / "run" / "last.ckpt"
    assert keep_best(tmp_path / "other", steps=8, resume=resume) == 6
