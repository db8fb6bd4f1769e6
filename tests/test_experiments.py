"""Every experiment trains a batch, shrunk to fit a test; every YAML becomes what it names."""

from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import Logger

from stemgan.cli import main
from stemgan.cli.overrides import composed, configuration_folder
from stemgan.cli.training.run import made
from stemgan_data_prep.synthesize import synthesize

CONF = configuration_folder()
EXPERIMENTS = sorted(path.stem for path in CONF.glob("experiment/*.yaml"))
GENERATORS = {
    "ReconstructionTraining": "{widths:[8,8,8],depths:[1,1,1],half_width:4,outer_width:4,"
    "spectral:4}",
    "Ede2020Training": "{inner:[4,4,8,8,8],blocks:1,outer:[4,4],outer_blocks:1}",
}
DISCRIMINATORS = "{scales:[16,32],side:16,widths:[4,8],padding:16}"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "set"
    synthesize(8, path, size=64, shares=(0.5, 0.5, 0.0))
    return path


def shrunk(words: list[str], dataset: Path, output: Path) -> list[str]:
    """Return overrides that make an experiment small, and leave what it is as it is."""
    architecture = composed(words).model._target_.rpartition(".")[2]
    small = [
        f"++model.generator={GENERATORS[architecture]}",
        f"++model.discriminators={DISCRIMINATORS}",
        f"data.datasets=[{dataset.as_posix()}]",
        "data.shares=null",
        "data.crops.size=64",
        "data.num_workers=0",
        "data.batch_size=2",
        "data.samples_per_epoch=4",
        "trainer.accelerator=cpu",
        "trainer.devices=1",
        "trainer.precision=32-true",
        f"output_dir={output.as_posix()}",
    ]
    if architecture == "Ede2020Training":
        small.append("++model.replay=false")  # which takes its first samples without a step
    return [*words, *small]


@pytest.mark.filterwarnings("ignore")  # Lightning's own, on small machines
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_an_experiment_trains_and_validates(experiment, dataset, tmp_path, capsys):
    words = shrunk([f"experiment={experiment}"], dataset, tmp_path / "run")
    assert main(["train", *words, "+trainer.fast_dev_run=true", "--json"]) == 0
    assert '"steps": 1' in capsys.readouterr().out


def instances(node: Any) -> list[Any]:
    """Make everything that a group holds."""
    return [made(one) for one in node.values()]


@pytest.fixture
def there(tmp_path, monkeypatch):
    """Stand in a folder of the test's own: some loggers make theirs."""
    monkeypatch.chdir(tmp_path)
    return ["data.datasets=[nowhere]"]


@pytest.mark.parametrize("name", sorted(path.stem for path in CONF.glob("model/*.yaml")))
def test_a_model_is_made(name, there):
    small = composed([*there, f"model={name}"]).model._target_.rpartition(".")[2]
    words = [*there, f"model={name}", f"++model.generator={GENERATORS[small]}"]
    model = made(composed(words).model)
    assert sum(p.numel() for p in model.parameters()) > 0


@pytest.mark.parametrize("name", sorted(path.stem for path in CONF.glob("data/*.yaml")))
def test_data_are_made(name, there):
    assert made(composed([*there, f"data={name}"]).data).datasets == ["nowhere"]


@pytest.mark.filterwarnings("ignore")  # of what this machine has not got
@pytest.mark.parametrize("name", sorted(path.stem for path in CONF.glob("trainer/*.yaml")))
def test_a_trainer_is_made(name, there, monkeypatch):
    for variable in ("NODEID", "LOCALID", "PROCID", "JOB_ID"):
        monkeypatch.setenv(f"SLURM_{variable}", "0")
    here = ["trainer.accelerator=cpu", "trainer.devices=1", "trainer.precision=32-true"]
    trainer = made(composed([*there, f"trainer={name}", *here]).trainer, logger=False)
    assert trainer.max_steps > 0


@pytest.mark.parametrize("name", sorted(path.stem for path in CONF.glob("logger/*.yaml")))
def test_loggers_are_made(name, there):
    found = instances(composed([*there, f"logger={name}"]).logger)
    assert all(isinstance(one, Logger) for one in found)
    assert found


@pytest.mark.parametrize("group", ["watching", "stopping"])
def test_callbacks_are_made(group, there):
    for path in CONF.glob(f"{group}/*.yaml"):
        found = instances(composed([*there, f"{group}={path.stem}"]).watching)
        assert all(isinstance(one, Callback) for one in found)
        assert (len(found) > 0) == (path.stem != "none")


def test_every_group_of_the_configuration_is_tested_here():
    groups = {path.name for path in CONF.iterdir() if path.is_dir()}
    tested = {"experiment", "model", "data", "trainer", "logger", "watching", "stopping"}
    others = {"study", "catalogue"}  # whose choices are tested with the commands
    assert groups == tested | others
