"""`stemgan export --calibrate`: only the header of the weights changes."""

import json

import numpy as np
import pytest
import torch
from safetensors import safe_open

from stemgan.calibration import Calibration
from stemgan.cli import main
from stemgan.data.shards import Label, ShardWriter
from stemgan.networks import Ede2020Config, Ede2020Generator, Generator, GeneratorConfig
from stemgan.weights import save_weights

SMALL = GeneratorConfig((8, 8, 8), (1, 1, 1), half_width=4, outer_width=4, spectral=4)
SMALL_2020 = Ede2020Config(inner=(6, 5, 4, 3, 2), blocks=1, outer=(4, 6), outer_blocks=1)


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    generator = Generator(SMALL)
    for parameter in generator.parameters():
        torch.nn.init.normal_(parameter, std=0.02)
    save_weights(tmp_path / "w.safetensors", generator, {"steps": 3})
    save_weights(tmp_path / "old.safetensors", Ede2020Generator(SMALL_2020), {})
    with ShardWriter(tmp_path / "real", 64, {"of": "tests"}) as writer:
        for i in range(4):
            image = np.random.default_rng(i).random((64, 64)).astype(np.float32)
            writer.append(image, Label(f"{i}", f"group {i}", "s", "val"))
    return tmp_path


def contents(path):
    with safe_open(path, framework="pt") as file:
        return {key: file.get_tensor(key) for key in file.keys()}, file.metadata()  # noqa: SIM118


def test_only_the_header_changes(files, capsys):
    command = "export w.safetensors --calibrate real --scans 8 -o new.safetensors --json"
    assert main(command.split()) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["calibration"].items() >= {"groups": 4, "scans": 8, "split": "val"}.items()
    (old, before), (new, after) = contents("w.safetensors"), contents("new.safetensors")
    assert old.keys() == new.keys()
    for name, tensor in old.items():
        assert tensor.dtype == new[name].dtype == torch.float16
        assert torch.equal(tensor.view(torch.int16), new[name].view(torch.int16)), name
    calibration = json.loads(after.pop("calibration"))
    assert before == after
    assert Calibration.from_dict(calibration).about == figures["calibration"]
    assert "/" not in json.dumps(calibration["about"]["datasets"])
    for name, known in (("w", None), ("new", figures["calibration"])):
        assert main(["info", f"{name}.safetensors", "--shape", "64x64", "--json"]) == 0
        assert json.loads(capsys.readouterr().out).get("calibration") == known


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("w.safetensors", "add --calibrate DATASET"),
        ("w.safetensors --scans 3", "--scans goes with --calibrate"),
        ("w.safetensors --calibrate real --scans 0", "--scans 0"),
        ("w.safetensors --calibrate nowhere", "nowhere"),
        ("none.safetensors --calibrate real", "none.safetensors"),
        ("old.safetensors --calibrate real", "estimates no uncertainty"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_leaves_nothing(command, message, files, capsys):
    assert main(["export", *command.split(), "-o", "new.safetensors"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (files / "new.safetensors").exists()
