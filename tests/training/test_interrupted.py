"""Training that was interrupted goes on as if nothing had been, bit for bit."""

import signal
import sys

import pytest
import torch

from tests.training.runs import (
    BATCHES,
    await_steps,
    checkpoint,
    figures,
    overrides,
    start,
    train,
)

FIDELITY = {"SIGKILL": 8, "SIGTERM": 3}
"""Steps before the discriminators join, ahead of and behind the interruption."""

SIGNALS = list(FIDELITY) if sys.platform != "win32" else ["SIGTERM"]


@pytest.mark.filterwarnings("ignore")  # Lightning's own, on small machines
@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("model", ["stemgan", "ede2020"])
def test_interrupted_training_goes_on_exactly(model, name, dataset, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    words = [f"++model.fidelity_steps={FIDELITY[name]}", "++model.adversarial_steps=1000"]
    run = start(
        [*overrides(model, dataset, broken), *words, "trainer.max_steps=5000"], tmp_path
    )
    try:
        await_steps(broken / "last.ckpt", run, tmp_path)
        run.send_signal(getattr(signal, name))
        code = run.wait(timeout=60)
    finally:
        run.kill()
    assert code != 0
    if name == "SIGKILL":
        assert code == -signal.SIGKILL
    reached = checkpoint(broken / "last.ckpt")["global_step"]
    assert reached >= 1
    end = f"trainer.max_steps={reached + BATCHES + 1}"
    resume = f"resume={(broken / 'last.ckpt').as_posix()}"
    train([*overrides(model, dataset, broken), *words, end, resume])
    train([*overrides(model, dataset, whole), *words, end])
    same(checkpoint(broken / "last.ckpt"), checkpoint(whole / "last.ckpt"))
    again, once = (figures(run, version) for run, version in ((broken, 1), (whole, 0)))
    assert len({step for step, _ in again}) > BATCHES
    for (step, figure), value in again.items():
        assert once[step, figure] == value, (step, figure)


def same(one, other):
    """Compare what decides how training goes on."""
    for part in ("state_dict", "optimizer_states", "global_step", "replay"):
        assert (part in one) == (part in other)
        if part in one:
            equal(one[part], other[part], part)


def equal(one, other, where):
    assert type(one) is type(other), where
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other), where
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key, value in one.items():
            equal(value, other[key], f"{where}/{key}")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), where
        for index, (value, also) in enumerate(zip(one, other, strict=True)):
            equal(value, also, f"{where}/{index}")
    else:
        assert one == other, where
