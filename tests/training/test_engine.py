"""One step: which gradients reach which parameters, parts, phases, and the guard."""

import doctest
import importlib

import numpy as np
import pytest
import torch
from lightning.pytorch import Trainer
from torch.utils.data import DataLoader

from stemgan.data.batch import parts_of
from stemgan.errors import InputError
from stemgan.infill import gaussian_blur
from stemgan.networks import Generator
from stemgan.networks.ede2020 import Ede2020Config, Ede2020Generator, ede2020_input
from stemgan.training import Diverged, ReconstructionTraining
from stemgan.training import stemgan as steps
from stemgan.training.adversarial import adversarial_terms, bounded, frozen
from stemgan.training.randomness import normal, uniform
from tests.trainers import quiet
from tests.training.batches import JUDGES, SIZES, batch, made

MODELS = ("stemgan", "ede2020")
PHASES = ({"fidelity_steps": 10}, {"fidelity_steps": 0, "adversarial_steps": 10})


def gradients(model, terms):
    """Return the norm of each group's gradient of some terms."""
    model.zero_grad()
    sum(terms).backward()
    return {
        name: sum(0 if p.grad is None else p.grad.norm().item() for p in module.parameters())
        for name, module in model.groups().items()
    }


def terms_of(model, data):
    drawn = model.drawn(data)
    return model.terms(drawn)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("phase", PHASES)
def test_discriminators_and_generator_feel_their_own_terms_alone(name, phase):
    options = {"replay": False} if name == "ede2020" else {}
    model = made(name, **phase, **options)
    terms = terms_of(model, batch())
    own = {key: term for key, term in terms.items() if key.startswith("discriminator")}
    assert bool(own) == bool(phase.get("adversarial_steps"))
    felt = gradients(model, [t for key, t in terms.items() if key not in own])
    assert felt.pop("discriminators", 0) == 0
    assert min(felt.values()) > 0
    if own:
        terms = terms_of(model, batch())
        felt = gradients(model, [terms[key] for key in own])
        assert felt.pop("discriminators") > 0
        assert max(felt.values()) == 0


@pytest.mark.parametrize(("noise", "unused"), [(0, ()), (1, ("outer.blurred.",))])
def test_discriminators_judge_raw_completions_and_all_that_makes_them_learns(
    noise, unused, monkeypatch
):
    sizes = SIZES["stemgan"] | {"noise": noise}
    torch.manual_seed(0)
    model = ReconstructionTraining(
        sizes, discriminators=JUDGES, fidelity_steps=0, adversarial_steps=10
    )
    with torch.no_grad():  # what starts at zero lets no gradient through
        for parameter in model.generator.parameters():
            if not parameter.any():
                parameter.normal_(std=0.1)
    judged = []

    def recorded(discriminators, settings, real, fake, *rest):
        judged.append(fake)
        return adversarial_terms(discriminators, settings, real, fake, *rest)

    monkeypatch.setattr(steps, "adversarial_terms", recorded)
    data = batch()
    terms = model.terms(data)
    assert all(torch.isfinite(term) for term in terms.values())
    out = model.generator(
        data.infill, data.dwell, data.distance, data.kriged, model._noise(data)
    )
    torch.testing.assert_close(judged[0], bounded(out.raw))
    assert (out.image is out.raw) == bool(noise)
    assert noise or not torch.allclose(out.image, out.raw, atol=0.01)
    sum(terms.values()).backward()
    for name, parameter in model.generator.named_parameters():
        if name.startswith(unused):
            assert parameter.grad is None, name
        else:
            assert torch.isfinite(parameter.grad).all(), name
            assert parameter.grad.any(), name


def test_every_part_of_the_2020_generator_takes_the_losses_that_were_routed_to_it():
    model = made("ede2020", replay=False)
    terms = terms_of(model, batch())
    inner = gradients(model, [terms["inner"]])
    assert inner["inner"] > 0
    assert inner["auxiliary"] > 0
    assert inner["outer"] == 0
    outer = gradients(model, [terms_of(model, batch())["outer"]])
    assert outer["inner"] > 0
    assert outer["outer"] > 0
    assert outer["auxiliary"] == 0
    before = gradients(model, terms_of(model, batch()).values())
    model.backward_done()
    head = model.generator.auxiliary.parameters()
    assert sum(p.grad.norm().item() for p in head) == pytest.approx(2 * before["auxiliary"])


@pytest.mark.parametrize("name", MODELS)
def test_all_parameters_but_the_averaged_ones_are_optimised(name):
    model = made(name, adversarial_steps=1)
    groups = model.configure_optimizers().param_groups
    optimised = {id(p) for group in groups for p in group["params"]}
    assert optimised == {id(p) for p in model.parameters() if p.requires_grad}


def test_freezing_ends_even_when_a_step_fails():
    module = torch.nn.Linear(2, 2)
    with pytest.raises(RuntimeError, match="shapes"), frozen(module):
        module(torch.ones(3))
    assert module.weight.requires_grad


def flat(module):
    """Return all parameters of a module, as they are now."""
    return torch.cat([p.detach().flatten().clone() for p in module.parameters()])


def run(model, steps, folder, **options):
    """Train on the same batches every time."""
    data = DataLoader([batch(4, 64, seed) for seed in range(steps)], batch_size=None)
    trainer = quiet(folder, max_steps=steps, **options)
    trainer.fit(model, data)
    return trainer


@pytest.mark.filterwarnings("ignore")  # Lightning's own, on small machines
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("phase", PHASES)
def test_a_batch_in_parts_is_the_same_batch(name, phase, tmp_path):
    options = {"replay": False} if name == "ede2020" else {"ema_decay": 0.5}
    weights = []
    for parts in (1, 3):
        model = made(name, **phase, **options, accumulate=parts)
        assert run(model, 3, tmp_path).global_step == 3
        weights.append(flat(model.generator))
    # Adam divides by gradients that are nearly zero, so that rounding is seen; and spectral
    # norms, which the 2020 discriminators have, are found by an iteration for every part.
    torch.testing.assert_close(*weights, atol=1e-3 if name == "ede2020" else 2e-4, rtol=0)


@pytest.mark.filterwarnings("ignore")
def test_phases_follow_each_other_in_one_run(tmp_path):
    model = made("stemgan", fidelity_steps=2, adversarial_steps=2)
    seen = []
    terms = model.terms
    model.terms = lambda data: (seen.append(model.phase), terms(data))[1]
    before = torch.cat(
        [p.detach().flatten().clone() for p in model.discriminators.parameters()]
    )
    run(model, 4, tmp_path)
    assert seen == ["fidelity", "fidelity", "adversarial", "adversarial"]
    assert not torch.equal(before, flat(model.discriminators))
    assert set(model.last_terms) >= {"fidelity", "adversarial", "discriminator"}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("options", [{"channels_last": True}, {"precision": "bf16-mixed"}])
@pytest.mark.parametrize("name", MODELS)
def test_memory_order_and_half_precision_train_too(name, options, tmp_path):
    own = {key: value for key, value in options.items() if key == "channels_last"}
    if name == "ede2020":
        own["replay"] = False
    model = made(name, fidelity_steps=1, adversarial_steps=1, **own)
    trainer = {key: value for key, value in options.items() if key != "channels_last"}
    run(model, 2, tmp_path, **trainer)
    assert all(torch.isfinite(term) for term in model.last_terms.values())


@pytest.mark.filterwarnings("ignore")
def test_precision_that_overflows_is_refused(tmp_path, monkeypatch):
    model = made("stemgan")
    monkeypatch.setattr(Trainer, "precision", "16-mixed")
    with pytest.raises(InputError, match="bf16"):
        run(model, 1, tmp_path)


@pytest.mark.filterwarnings("ignore")
def test_a_step_that_is_not_finite_stops_before_it_poisons_the_weights(tmp_path):
    model = made("stemgan")
    terms = model.terms

    def broken(data):
        found = terms(data)
        return found | {"fidelity": found["fidelity"] * float("nan")}

    model.terms = broken
    before = [p.detach().clone() for p in model.parameters()]
    with pytest.raises(Diverged, match=r"step 0 .*diverged_step_0"):
        run(model, 2, tmp_path)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    kept = torch.load(tmp_path / "diverged_step_0.pt", weights_only=True)
    assert kept["step"] == 0
    assert torch.equal(kept["batch"]["target"], batch(4, 64, 0).target)


@pytest.mark.filterwarnings("ignore")
def test_what_is_not_finite_in_another_process_stops_this_one_too(tmp_path):
    model = made("ede2020", replay=False)
    model.over_processes = lambda values: values * float("inf")
    before = flat(model.generator)
    with pytest.raises(Diverged, match="outer inf"):
        run(model, 1, tmp_path)
    assert torch.equal(flat(model.generator), before)
    kept = torch.load(tmp_path / "diverged_step_0.pt", weights_only=True)
    assert all(torch.isfinite(term) for term in kept["terms"].values())  # its own


@pytest.mark.parametrize("name", MODELS)
def test_parts_without_a_gradient_are_clipped_wherever_the_model_is(name):
    model = made(name, adversarial_steps=1).to("meta")
    for parameter in model.generator.parameters():
        parameter.grad = torch.zeros_like(parameter)
    assert model._clip().device.type == "meta"


@pytest.mark.filterwarnings("ignore")
def test_gradients_are_clipped_group_by_group(tmp_path):
    model = made("stemgan", fidelity_steps=0, adversarial_steps=1, gradient_norm=1e-3)
    norms = {}
    guard = model._guard

    def measured(*arguments):
        for name, module in model.groups().items():
            found = [p.grad.norm() for p in module.parameters() if p.grad is not None]
            norms[name] = torch.stack(found).norm().item()
        guard(*arguments)

    model._guard = measured
    run(model, 1, tmp_path)
    assert set(norms) == {"generator", "discriminators"}
    assert max(norms.values()) <= 1.001e-3


@pytest.mark.filterwarnings("ignore")
def test_parts_that_learn_alone_leave_the_rest_as_it_was(tmp_path):
    model = made("stemgan", fidelity_steps=3, warmup_steps=0, only=["outer.deviation"])
    torch.nn.init.normal_(model.generator.outer.deviation.weight)
    before = {name: value.clone() for name, value in model.generator.state_dict().items()}
    run(model, 3, tmp_path)
    changed = {
        name for name, value in model.generator.state_dict().items()
        if not torch.equal(value, before[name])
    }  # fmt: skip
    assert changed == {"outer.deviation.weight", "outer.deviation.bias"}
    with pytest.raises(InputError, match=r"no part 'outer\.devi'"):
        made("stemgan", only=["outer.devi"])


@pytest.mark.parametrize("option", [{"accumulate": 0}, {"fidelity_steps": -1}])
def test_wrong_options_are_refused(option):
    with pytest.raises(InputError, match=r"or more"):
        made("stemgan", **option)


def test_parts_hold_every_sample_once():
    whole = batch(5)
    parts = parts_of(whole._replace(kriged=None), 2)
    assert [len(part.target) for part in parts] == [3, 2]
    assert torch.equal(torch.cat([part.key for part in parts]), whole.key)
    assert parts[0].kriged is None


def test_numbers_follow_from_the_key_alone():
    keys = torch.tensor([3, 2**62, 7])
    together = uniform(keys, (5, 2), 1)
    assert together.shape == (3, 5, 2)
    assert torch.equal(together[1:2], uniform(keys[1:2], (5, 2), 1))
    assert not torch.equal(together, uniform(keys, (5, 2), 2))
    assert len(together.unique()) == together.numel()


@pytest.mark.parametrize(
    ("draw", "mean", "deviation"), [(uniform, 0.5, 12**-0.5), (normal, 0, 1)]
)
def test_numbers_are_as_random_as_they_say(draw, mean, deviation):
    values = draw(torch.arange(200), (500,), 0)
    assert values.mean().item() == pytest.approx(mean, abs=0.01)
    assert values.std().item() == pytest.approx(deviation, abs=0.01)
    neighbours = np.corrcoef(values[:, 1:].flatten(), values[:, :-1].flatten())[0, 1]
    samples = np.corrcoef(values[1:].flatten(), values[:-1].flatten())[0, 1]
    assert max(abs(neighbours), abs(samples)) < 0.02
    if draw is uniform:
        assert values.min() >= 0
        assert values.max() < 1


def test_doctests():
    for name in ("replay", "schedules"):
        module = importlib.import_module(f"stemgan.training.{name}")
        assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("phase", PHASES)
def test_a_bright_spot_that_no_scan_has_seen_leaves_every_term_finite(phase):
    model = made("stemgan", **phase)
    target = batch(1).target.clone()
    target[..., 30, 30] = 1e25
    data = batch(1)._replace(target=target, span=torch.tensor([1e25]))
    terms = model.terms(data)
    sum(terms.values()).backward()
    assert all(torch.isfinite(term) for term in terms.values())
    for parameter in model.parameters():
        assert parameter.grad is None or torch.isfinite(parameter.grad).all()


@pytest.mark.parametrize("name", MODELS)
def test_starting_weights_of_another_size_or_architecture_are_refused(name):
    model = made(name)
    for other in (Generator(), Ede2020Generator(Ede2020Config(inner=(4,) * 5, outer=(4, 4)))):
        with pytest.raises(InputError, match="starting weights"):
            model.start_from(other)


def test_losses_of_2020_are_200_times_the_squared_error_on_the_truths_own_scale():
    model = made("ede2020", replay=False)
    data = batch(2)
    terms = terms_of(model, data)
    low, high = torch.aminmax(data.target.flatten(1), dim=1, keepdim=True)
    low, high = low[:, :, None, None], high[:, :, None, None]
    truth, infill = (2 * (x - low) / (high - low) - 1 for x in (data.target, data.infill))
    scan, _ = ede2020_input(infill, data.dwell)
    out = model.generator(scan, auxiliary=True)
    error = 200 * (out.image - gaussian_blur(truth)).square().mean(dim=(1, 2, 3))
    assert (error > 1).all()
    assert terms["outer"].item() == pytest.approx(error.sqrt().mean().item(), rel=1e-4)
    half = gaussian_blur(truth[..., ::2, ::2])
    error = 200 * (out.half - half).square().mean(dim=(1, 2, 3))
    assert terms["inner"].item() == pytest.approx(error.sqrt().mean().item(), rel=1e-4)
