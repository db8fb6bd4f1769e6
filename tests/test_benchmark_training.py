"""The timing of training says to `stemgan train` what it still understands."""

import argparse
from pathlib import Path

import pytest

from stemgan.cli.overrides import check, composed
from tests.benchmarking import FOLDER, scripts


@pytest.fixture
def training(monkeypatch):
    with scripts(monkeypatch, FOLDER, ("training", "data")) as script:
        yield script("training")


@pytest.fixture
def options():
    return argparse.Namespace(
        datasets=["some where"],
        size=96,
        batch=2,
        steps=5,
        workers=2,
        device="cpu",
        compiled=False,
        channels_last=True,
        overrides=["seed=3"],
    )


@pytest.mark.parametrize("model", ["ede2020", "stemgan_s"])
@pytest.mark.parametrize(("batches", "steps"), [(Path("kept"), 8), (None, 12)])
def test_cases_compose(training, options, model, batches, steps):
    case = training.Case(model, "adversarial", "bf16-mixed", batches)
    words = training.overrides(case, options)
    check(words)
    config = composed(words)
    assert list(config.data.datasets) == ["some where"]
    assert (config.model.fidelity_steps, config.model.adversarial_steps) == (0, steps)
    assert config.trainer.max_steps == steps
    assert config.data.samples_per_epoch >= 2 * steps  # an epoch's end would be waited for
    assert config.data.crops.kriged == (model != "ede2020")
    assert config.model.channels_last is True
    assert config.seed == 3


def test_losses_are_compared_step_by_step(training):
    row = {"losses": [4.0, 1.5, 2.0]}
    training.compare(row, {"losses": [4.0, 2.0, 1.6]})
    assert row["largest_apart"] == pytest.approx(0.25)
    assert row["mean_apart"] == pytest.approx(0.5 / 3)
