"""Two processes with a batch each train as one does with both batches in one."""

import pytest
import torch

from tests.training.runs import checkpoint, figures, overrides, start, train

FIDELITY = ADVERSARIAL = 20
STEPS = [
    f"++model.fidelity_steps={FIDELITY}",
    f"++model.adversarial_steps={ADVERSARIAL}",
    f"trainer.max_steps={FIDELITY + ADVERSARIAL}",
]
DDP = [
    "trainer=ddp",
    "trainer.accelerator=cpu",
    "trainer.devices=2",
    "trainer.precision=32-true",
]
OWN = {"stemgan": [], "ede2020": ["++model.replay=false"]}


@pytest.mark.filterwarnings("ignore")  # Lightning's own, on small machines
@pytest.mark.parametrize("model", ["stemgan", "ede2020"])
def test_two_processes_are_one_with_the_doubled_batch(model, dataset, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    words = [*STEPS, *OWN[model]]
    together = start([*overrides(model, dataset, two), *DDP, *words], tmp_path)
    train([*overrides(model, dataset, one), *words, "data.batch_size=4"])
    said = tmp_path / "said.txt"
    assert together.wait(timeout=300) == 0, said.read_text(encoding="utf-8")

    alone, shared = figures(one), figures(two)
    assert alone.keys() == shared.keys()
    terms = {name for _, name in alone if name.startswith("train/")}
    assert {"train/adversarial", "train/discriminator", "train/loss"} <= terms
    for (step, name), value in alone.items():
        near = pytest.approx(value, rel=1e-5, abs=1e-5)
        assert shared[step, name] == near, (step, name)
    weights, others = (checkpoint(run / "last.ckpt")["state_dict"] for run in (one, two))
    assert weights.keys() == others.keys()
    for name, value in weights.items():
        torch.testing.assert_close(others[name], value, rtol=1e-4, atol=1e-4, msg=name)
