"""What pays: arms differ as they say, take equal operations, and are paired by seed."""

import json
import sys

import numpy as np
import pytest
import torch
from torch import nn

from stemgan.data import Batch
from stemgan.errors import InputError
from stemgan.infill import gaussian_blur
from stemgan.networks.features import CHANNELS
from stemgan_data_prep.synthesize import synthesize
from tests.benchmarking import FOLDER as BENCHMARKS
from tests.benchmarking import scripts

FOLDER = BENCHMARKS / "ablations"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))
KRIGED_UNSEEN = {"no-kriging", "unet", "unet-plain"}
SIDE = 64


@pytest.fixture(scope="module")
def ablations():
    with pytest.MonkeyPatch.context() as patch, scripts(patch, FOLDER, NAMES) as script:
        patch.setattr(script("costs"), "FRAME", SIDE)  # 512 px take seconds
        yield script


def drawn(count, seed=0):
    rng = torch.Generator().manual_seed(seed)
    planes = [torch.rand(count, 1, SIDE, SIDE, generator=rng) for _ in range(5)]
    target, infill, dwell, distance, kriged = planes
    ones = torch.ones(count)
    whole = torch.zeros(count, dtype=torch.long)
    dwell = (dwell > 0.9).float()
    distance = 6 * distance * (dwell == 0)
    return Batch(target, infill, dwell, distance, kriged, 5 * ones, 0.1 * ones, whole, whole)


class Samples:
    """Samples in memory."""

    def head(self, count):
        return drawn(count)


@pytest.fixture(scope="module")
def made(ablations):
    """Give each arm but the largest two, its weights moved from where some begin alike."""
    trainings = {}
    for arm in ablations("arms").ARMS:
        if not arm.fixed and arm.name != "large":
            with torch.random.fork_rng():
                torch.manual_seed(0)
                trainings[arm.name] = arm.make(10).train()
                for parameter in trainings[arm.name].generator.parameters():
                    parameter.data.add_(0.02 * torch.randn_like(parameter))
    return trainings


def image(training, batch, truth="image"):
    planes = batch.infill, batch.dwell, batch.distance, batch.kriged
    with torch.no_grad():
        return getattr(training.generator(*planes), truth)


def test_no_two_arms_are_alike(made):
    batch = drawn(1)
    losses = {}
    for name, training in made.items():
        losses[name] = torch.stack(list(training.terms(batch).values())).sum().item()
    assert len(losses) == len(made) >= 20
    ordered = np.sort(list(losses.values()))
    assert np.diff(ordered).min() > 1e-7, losses


def test_arms_lack_what_they_say(made, ablations):
    batch = drawn(1)
    other = batch._replace(kriged=drawn(1, seed=1).kriged)
    for name, training in made.items():
        same = torch.equal(image(training, batch), image(training, other))
        assert same == (name in KRIGED_UNSEEN), name
    kriged, infills = batch.kriged, made["full"].generator.features(*batch[1:5]).infills
    low, high = infills.amin(1, keepdim=True), infills.amax(1, keepdim=True)
    mixed = image(made["no-residual"], batch)
    assert ((mixed >= low - 1e-5) & (mixed <= high + 1e-5)).all()
    assert not ((image(made["full"], batch) - kriged).abs() < 1e-3).all()
    without = made["no-mix"]
    for mix in (without.generator.outer.blurred, without.generator.outer.raw):
        for parameter in mix.head.head.parameters():
            nn.init.zeros_(parameter)
    torch.testing.assert_close(image(without, batch), gaussian_blur(kriged))
    torch.testing.assert_close(image(without, batch, "raw"), kriged)
    blunt = made["no-blur"].generator.features(*batch[1:5]).infills
    assert torch.equal(blunt[:, -1:], kriged)
    parts = ablations("parts")
    blind = parts.Blind(parts.MASK, *parts.DISTANCES)
    hidden = torch.zeros(CHANNELS, dtype=torch.bool)
    hidden[[parts.MASK, *parts.DISTANCES]] = True
    seen, shown = (maker(*batch[1:5]) for maker in (blind, made["full"].generator.features))
    zero = seen.channels.abs().amax(dim=(0, 2, 3)) == 0
    assert torch.equal(zero, hidden)
    assert torch.equal(shown.channels[:, parts.MASK : parts.MASK + 1], batch.dwell)
    near = shown.channels[:, parts.DISTANCES[0]]
    torch.testing.assert_close(near, (-batch.distance).exp()[:, 0])
    weighted = image(made["consistency"], batch) - image(made["full"], batch)
    assert weighted[batch.dwell == 0].abs().max() == 0
    assert weighted[batch.dwell > 0].abs().min() > 0


def by_hand(training, batch):
    """Count a step: every layer forward, and back to its weights and to what it was given."""
    total = 0

    def count(layer, given, answer):
        nonlocal total
        answers = given[0] if isinstance(layer, nn.ConvTranspose2d) else answer
        places = answers.shape[2:].numel() if answers.ndim == 4 else 1
        once = 2 * len(answers) * places * layer.weight.numel()
        total += once * (2 + given[0].requires_grad)

    kinds = nn.Conv2d, nn.ConvTranspose2d, nn.Linear
    layers = [layer for layer in training.generator.modules() if isinstance(layer, kinds)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    training.terms(batch)
    for hook in hooks:
        hook.remove()
    blur = 2 * 25 * batch.target.numel()
    return total + blur


def test_operations_are_counted_as_by_hand(made, ablations):
    arms, costs = ablations("arms"), ablations("costs")
    batch = drawn(arms.BATCH)
    with costs.FlopCounterMode(display=False) as features:
        made["full"].generator.features(*batch[1:5])
    found = {}
    for name in ("full", "unet", "naf"):
        found[name] = costs.cost(arms.BY_NAME[name], Samples())
        told = 0 if name == "unet" else features.get_total_flops()
        hand = by_hand(made[name], batch) + told
        assert found[name].flops == pytest.approx(hand, rel=0.01), name
        assert found[name].parameters == sum(
            parameter.numel() for parameter in made[name].generator.parameters()
        )
    assert found["naf"].flops < 0.6 * found["full"].flops < found["unet"].flops
    for cost in found.values():
        steps = costs.steps_for(cost, found["full"], 700)
        assert abs(steps * cost.flops - 700 * found["full"].flops) <= cost.flops / 2


def test_an_order_shows_all_before_it_repeats(ablations):
    order = ablations("fitting").order
    shown = order(5, 12, seed=1)
    assert sorted(shown[:5]) == sorted(shown[5:10]) == list(range(5))
    assert len(shown) == 12
    assert shown == order(5, 12, seed=1) != order(5, 12, seed=2)
    assert shown[:7] == order(5, 7, seed=1)


def run(ablations, monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["run", *map(str, words)])
    ablations("run").main()


def test_a_measurement_goes_on_and_pairs_by_seed(ablations, monkeypatch, tmp_path, capsys):
    dataset, out = tmp_path / "made", tmp_path / "out"
    synthesize(8, dataset, size=SIDE, shares=(0.6, 0.4, 0.0))
    sizes = json.dumps({"train": 8, "spiral": 8, "val": 2, "size": SIDE, "val_size": SIDE})
    words = (dataset, "-o", out, "--sizes", sizes, "--device", "cpu", "--seeds", 2)
    run(ablations, monkeypatch, *words, "--steps", 2, "--arms", "full")
    first = (out / "runs" / "full.1.json").read_bytes()
    run(ablations, monkeypatch, *words, "--steps", 2, "--arms", "full,unet")
    assert (out / "runs" / "full.1.json").read_bytes() == first
    with pytest.raises(InputError, match="other samples or steps"):
        run(ablations, monkeypatch, *words, "--steps", 3, "--arms", "full")
    capsys.readouterr()
    run(ablations, monkeypatch, "-o", out, "--report-only")
    assert "| unet |" in capsys.readouterr().out
    runs = {p.stem: json.loads(p.read_text("utf-8")) for p in (out / "runs").glob("*.json")}
    table = ablations("reporting").table(list(runs.values()), ["full", "unet"])
    by_arm = {row["arm"]: row for row in table}
    apart = [
        np.mean(runs[f"unet.{seed}"]["errors"]["made"]["blurred"])
        - np.mean(runs[f"full.{seed}"]["errors"]["made"]["blurred"])
        for seed in range(2)
    ]
    half = 12.706 * np.std(apart, ddof=1) / np.sqrt(2)  # Student's t of one degree
    said = [float(word) for word in by_arm["unet"]["difference"].split(" ± ")]
    assert said == pytest.approx([np.mean(apart), half], abs=2e-3, rel=1e-3)
    assert by_arm["full"]["difference"] == ""
    assert set(by_arm) == {"full", "unet", "kriging", "kriging-blurred", "smoothed"}
