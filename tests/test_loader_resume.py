"""Two processes train like one, and stopped anywhere they go on as if nothing had been."""

import hashlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from stemgan.data.crops import CropSettings
from stemgan.data.module import PartialScanData
from stemgan_data_prep.synthesize import synthesize

BATCH, EPOCHS = 2, 2


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "set"
    synthesize(20, path, size=64, shares=(0.7, 0.3, 0.0))
    return path


def data(dataset, batch_size=BATCH):
    crops = CropSettings(size=64, families=("spiral", "dots"), coverage=(0.05, 0.2))
    coverages = (1 / 4, 1 / 20)
    return PartialScanData(
        [dataset],
        batch_size=batch_size,
        crops=crops,
        val_coverages=coverages,
        samples_per_epoch=12,
    )


def fingerprints(batch):
    """Name each sample of a batch by its content."""
    samples = zip(*(field.numpy() for field in batch), strict=True)
    return [
        hashlib.sha256(b"".join(field.tobytes() for field in sample)).hexdigest()[:16]
        for sample in samples
    ]


class Stop(Exception):
    pass


class Witness(LightningModule):
    """Remembers what it was trained on; fails in a step, or saves after one, if told to."""

    def __init__(self, fail_in=None, save_after=None):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.trained, self.fail_in, self.save_after = [], fail_in, save_after

    def training_step(self, batch, _):
        if len(self.trained) == self.fail_in:
            raise Stop
        self.trained.append(fingerprints(batch))
        return self.weight * batch.target.mean()

    def validation_step(self, batch, _, dataloader_idx):
        assert len(batch.span)

    def on_train_batch_end(self, *_):
        if len(self.trained) == self.save_after:
            self.trainer.save_checkpoint(f"{self.trainer.default_root_dir}/saved.ckpt")

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class SaveFailed(Callback):
    """Saves where training stands when it fails, as `stemgan train` does."""

    def on_exception(self, trainer, pl_module, exception):
        name = f"failed-{pl_module.fail_in}.ckpt"
        trainer.save_checkpoint(f"{trainer.default_root_dir}/{name}")


def fit(dataset, folder, witness, resume=None, devices=1):
    trainer = Trainer(
        max_epochs=EPOCHS,
        accelerator="cpu",
        devices=devices,
        strategy="ddp" if devices > 1 else "auto",
        logger=False,
        callbacks=[SaveFailed()],
        enable_checkpointing=False,
        limit_val_batches=1,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=str(folder),
    )
    trainer.fit(witness, datamodule=data(dataset), ckpt_path=resume)
    return witness


def resumed(dataset, folder, devices=1):
    """Train whole; then stop in, and after, some steps, and go on. List what each was fed."""
    whole = fit(dataset, folder, Witness(save_after=2), devices=devices)
    again = [(whole.trained[:2], folder / "saved.ckpt")]
    for step in (1, 4):
        failing = Witness(fail_in=step)
        with pytest.raises(Stop):
            fit(dataset, folder, failing, devices=devices)
        again.append((failing.trained, folder / f"failed-{step}.ckpt"))
    runs = [(whole.trained, whole.weight.item())]
    for before, checkpoint in again:
        rest = fit(dataset, folder, Witness(), str(checkpoint), devices)
        runs.append((before + rest.trained, rest.weight.item()))
    return runs


@pytest.mark.filterwarnings("ignore:.*does not have many workers:UserWarning")
@pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")
def test_a_step_that_failed_is_done_again(dataset, tmp_path):
    whole, *again = resumed(dataset, tmp_path)
    assert len(whole[0]) == EPOCHS * (len(data(dataset).train_dataloader()))
    assert len(again) == 3
    for run in again:
        assert run == whole


def test_two_processes_share_out_what_one_has_and_resume(dataset, tmp_path):
    one, two = together(dataset, tmp_path)
    batches = data(dataset, 2 * BATCH).train_dataloader()
    alone = []
    for epoch in range(EPOCHS):
        batches.sampler.set_epoch(epoch)
        alone += [fingerprints(batch) for batch in batches]
    for (first, weight), (second, other_weight) in zip(one, two, strict=True):
        # Position by position: the processes take turns.
        turns = [
            [name for pair in zip(*batch, strict=True) for name in pair]
            for batch in zip(first, second, strict=True)
        ]
        assert turns == alone
        assert weight == other_weight == one[0][1]
    assert len(one) == len(two) == 4


def together(dataset, folder):
    """Run `resumed` in two processes that train together."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = []
    for rank in range(2):
        places = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "NODE_RANK": "0"}
        where = {**os.environ, **places, "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"}
        path = [str(Path(__file__).parent), *filter(None, sys.path)]
        program = PROGRAM.format(path=path, dataset=str(dataset), folder=str(folder))
        command = [sys.executable, "-W", "ignore", "-c", program, str(rank)]
        processes.append(subprocess.Popen(command, env=where))
    assert [process.wait(timeout=300) for process in processes] == [0, 0]
    return [
        json.loads((folder / f"rank{rank}.json").read_text(encoding="utf-8"))
        for rank in range(2)
    ]


PROGRAM = """
import json, sys
sys.path[:0] = {path!r}
from pathlib import Path
from test_loader_resume import resumed

folder = Path({folder!r})
runs = resumed(Path({dataset!r}), folder, devices=2)
(folder / f"rank{{sys.argv[1]}}.json").write_text(json.dumps(runs), encoding="utf-8")
"""
