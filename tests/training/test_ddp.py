"""Two processes with a batch each train as one does with both batches in one."""

import signal
import socket
import sys

import pytest
import torch

from tests.training.runs import await_steps, checkpoint, figures, overrides, start, train

FIDELITY = ADVERSARIAL = 20
STEPS = [f"++model.fidelity_steps={FIDELITY}", f"++model.adversarial_steps={ADVERSARIAL}"]
END = f"trainer.max_steps={FIDELITY + ADVERSARIAL}"
DDP = [
    "trainer=ddp",
    "trainer.accelerator=cpu",
    "trainer.devices=2",
    "trainer.precision=32-true",
]
OWN = {"stemgan": [], "ede2020": ["++model.replay=false"]}

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's own, on small machines


@pytest.fixture(scope="module")
def alone(dataset, tmp_path_factory):
    """Train in one process, once for each model."""
    runs = {}

    def run(model):
        if model not in runs:
            runs[model] = tmp_path_factory.mktemp(model) / "one"
            words = overrides(model, dataset, runs[model])
            train([*words, *STEPS, *OWN[model], END, "data.batch_size=4"])
        return runs[model]

    return run


def same(one, two, start=0):
    """Compare what was logged, by a later start of the second run too, and the last weights."""
    once, shared = figures(one), figures(two, start)
    assert start or once.keys() == shared.keys()
    logged = {name for _, name in shared}
    assert {"train/adversarial", "train/discriminator", "train/loss", "val/rmse_raw"} <= logged
    for (step, name), value in shared.items():
        near = pytest.approx(once[step, name], rel=1e-5, abs=1e-5)
        assert value == near, (step, name)
    weights, others = (checkpoint(run / "last.ckpt")["state_dict"] for run in (one, two))
    assert weights.keys() == others.keys()
    for name, value in weights.items():
        torch.testing.assert_close(others[name], value, rtol=1e-4, atol=1e-4, msg=name)


@pytest.mark.parametrize(("model", "parts"), [("stemgan", 1), ("stemgan", 2), ("ede2020", 1)])
def test_two_processes_are_one_with_the_doubled_batch(model, parts, alone, dataset, tmp_path):
    words = [*overrides(model, dataset, tmp_path / "two"), *DDP, *STEPS, *OWN[model], END]
    words.append(f"++model.accumulate={parts}")
    together = start(words, tmp_path)
    one = alone(model)
    said = tmp_path / "said.txt"
    assert together.wait(timeout=300) == 0, said.read_text(encoding="utf-8")
    same(one, tmp_path / "two")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to wait for")
def test_two_processes_that_others_started_stop_together_and_go_on(alone, dataset, tmp_path):
    output = tmp_path / "two"
    words = [*overrides("ede2020", dataset, output), *DDP, *STEPS, *OWN["ede2020"]]
    words.append("watching=none")
    runs = [start([*words, "trainer.max_steps=5000"], tmp_path, **place) for place in places(2)]
    try:
        await_steps(output / "last.ckpt", runs[0], tmp_path)
        runs[1].send_signal(signal.SIGTERM)  # which need not be the first process
        codes = [run.wait(timeout=60) for run in runs]
    finally:
        for run in runs:
            run.kill()
    said = tmp_path / "said.txt"
    assert codes[0] == 128 + signal.SIGTERM, said.read_text(encoding="utf-8")
    assert 0 < checkpoint(output / "last.ckpt")["global_step"] < FIDELITY + ADVERSARIAL
    again = start([*words, END, "resume=auto"], tmp_path)
    one = alone("ede2020")
    assert again.wait(timeout=300) == 0, said.read_text(encoding="utf-8")
    same(one, output, start=1)


def places(count):
    """Say to each process what torchrun says."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        "GROUP_RANK": "0",
        "TORCHELASTIC_RUN_ID": "test",
    }
    return [{**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(count)]
