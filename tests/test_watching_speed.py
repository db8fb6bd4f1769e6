"""How fast a training is, and what share of the machine's peak that is."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from stemgan.watching import Throughput
from stemgan.watching.flops import step_flops
from stemgan.watching.peak import data_sheet, peak_flops


class Convolution(torch.nn.Module):
    """A training whose cost is known: 2 x 9 x 4 x 64 x 64 FLOP an image and pass."""

    def __init__(self, phase="fidelity"):
        super().__init__()
        self.generator = torch.nn.Conv2d(1, 4, 3, padding=1, bias=False)
        self.dropout = torch.nn.Dropout()
        self.discriminators, self.phase = None, phase
        self.dropout.eval()

    def complete(self, batch):
        assert not self.training
        return self.generator(batch.target)


def batch_of(count):
    from stemgan.data import Batch

    field = torch.rand(count, 1, 64, 64)
    return Batch(field, field, field, field, None, *[torch.ones(count)] * 2, *[None] * 2)


def test_a_step_costs_three_passes_and_counting_changes_nothing():
    module = Convolution()
    modes = [part.training for part in module.modules()]
    assert step_flops(module, batch_of(5)) == 3 * 5 * 2 * 9 * 4 * 64 * 64
    assert [part.training for part in module.modules()] == modes
    assert module.generator.weight.grad is None


def test_speed_leaves_validation_out(monkeypatch):
    clock = iter(np.arange(100.0))
    monkeypatch.setattr(
        "stemgan.watching.throughput.time.perf_counter", lambda: float(next(clock))
    )
    logged = []
    module = SimpleNamespace(
        phase="fidelity", device=torch.device("cpu"), log_dict=logged.append
    )
    speed, batch, trainer = Throughput(every=2), batch_of(3), SimpleNamespace(world_size=2)
    speed._flops, speed._peak = {"fidelity": 50}, data_sheet("NVIDIA L4", half=True)
    for _ in range(2):
        for _ in range(3):
            speed.on_train_batch_start(trainer, module, batch, 0)
            speed.on_train_batch_end(trainer, module, None, batch, 0)
        speed.on_validation_start(trainer, module)
    # A second to wait, another between two readings, a third in the step.
    assert [bool(figures) for figures in logged] == [False, True, True, True]
    for figures in logged[1:]:
        assert figures["speed/images_per_s"] == pytest.approx(2 * 3 * 2 / 4)
        assert figures["speed/waiting"] == pytest.approx(2 / 4)
        assert figures["speed/mfu"] == pytest.approx(50 * 2 / 4 / 121e12)


@pytest.mark.parametrize(
    ("name", "flops"),
    [
        ("NVIDIA A100-SXM4-80GB", 312e12),
        ("NVIDIA H100 80GB HBM3", 989e12),
        ("NVIDIA H100 PCIe", 756e12),
        ("NVIDIA H200", 989e12),
        ("NVIDIA L40S", 362e12),
        ("NVIDIA L4", 121e12),
        ("Some GPU of tomorrow", None),
    ],
)
def test_the_peak_is_that_of_the_gpu_s_own_name(name, flops):
    peak = data_sheet(name, half=True)
    assert (peak and peak.flops) == flops


@pytest.mark.parametrize(
    ("precision", "rounded", "flops"),
    [("bf16-mixed", False, 989e12), ("32-true", True, 495e12), ("32-true", False, 7e12)],
)
def test_the_peak_is_that_of_the_bits_that_are_kept(precision, rounded, flops, monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "NVIDIA H200")
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", rounded)
    monkeypatch.setattr("stemgan.watching.peak._measured", lambda *_, half: 7e12)
    assert peak_flops(torch.device("cuda"), precision).flops == flops


def test_the_peak_of_a_processor_is_measured():
    peak = peak_flops(torch.device("cpu"), "32-true")
    assert peak.flops > 1e8
    assert "measured" in peak.source
