"""Weights files: of both architectures, of older versions, and what is refused."""

import json
from hashlib import sha256

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from stemgan.calibration import Calibration
from stemgan.errors import InputError
from stemgan.networks import Ede2020Config, Ede2020Generator, Generator, GeneratorConfig
from stemgan.weights import (
    DEFAULT_MODEL,
    FORMAT,
    MODELS,
    architecture_of,
    load_generator,
    make_generator,
    save_weights,
)
from stemgan.weights.tensors import read_tensors, write_tensors

SMALL = GeneratorConfig((8, 8, 8), (1, 1, 1), half_width=4, outer_width=4, spectral=4)
NOISY = GeneratorConfig((8, 8, 8), (1, 1, 1), half_width=4, outer_width=4, spectral=4, noise=1)
SMALL_2020 = Ede2020Config(inner=(6, 5, 4, 3, 2), blocks=1, outer=(4, 6), outer_blocks=1)
GENERATORS = {
    "stemgan": lambda: Generator(SMALL),
    "noisy": lambda: Generator(NOISY),
    "ede2020": lambda: Ede2020Generator(SMALL_2020),
}


@pytest.mark.parametrize("kind", GENERATORS)
def test_weights_come_back_as_they_were(kind, tmp_path):
    generator = GENERATORS[kind]()
    for parameter in generator.parameters():
        torch.nn.init.normal_(parameter)
    save_weights(tmp_path / "w.safetensors", generator, {"steps": 3})
    loaded, header = load_generator(tmp_path / "w.safetensors")
    assert type(loaded) is type(generator)
    assert loaded.config == generator.config
    expected = {"ede2020": "ede2020"}.get(kind, "stemgan")
    assert header["architecture"] == architecture_of(loaded) == expected
    assert header["training"] == {"steps": 3}
    assert not loaded.training
    state = loaded.state_dict()
    for name, value in generator.state_dict().items():
        assert torch.equal(state[name], value.half().float()), name
    assert all(p.requires_grad and p.device.type == "cpu" for p in loaded.parameters())


def test_half_precision_weights_of_2020_complete_as_single_ones(tmp_path):
    torch.manual_seed(0)
    generator = Ede2020Generator(SMALL_2020).eval()
    save_weights(tmp_path / "w.safetensors", generator, {})
    loaded, _ = load_generator(tmp_path / "w.safetensors")
    scan = torch.rand(1, 1, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(loaded(scan).image, generator(scan).image, atol=1e-3, rtol=0)


def written(path, made, **changes):
    header = {
        "format": FORMAT,
        "architecture": architecture_of(made),
        "generator": json.dumps(made.config.to_dict()),
        "training": "{}",
        **changes,
    }
    header = {key: value for key, value in header.items() if value is not None}
    save_file({k: v.half() for k, v in made.state_dict().items()}, path, header)
    return path


def test_a_file_that_does_not_name_its_architecture_is_a_stemgan(tmp_path):
    sizes = SMALL.to_dict()
    del sizes["noise"]
    path = tmp_path / "old.safetensors"
    changes = {"architecture": None, "generator": json.dumps(sizes)}
    loaded, header = load_generator(written(path, Generator(SMALL), **changes))
    assert isinstance(loaded, Generator)
    assert loaded.config == SMALL
    assert header["architecture"] == "stemgan"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture": "later"}, "'later'"),
        ({"architecture": "ede2020"}, "not a readable weights file"),
        ({"format": "another"}, "not a stemgan weights file"),
        ({"format": None}, "not a stemgan weights file"),
        ({"format": "stemgan-generator-3"}, "of another version of stemgan: export it again"),
        ({"generator": "[1"}, "not a readable weights file"),
        ({"generator": "[1]"}, "not a readable weights file"),
        ({"generator": '{"width": 3}'}, "not a readable weights file"),
        ({"generator": '{"spectral": 8}'}, "not a readable weights file"),
        ({"training": None}, "not a readable weights file"),
    ],
)
def test_files_that_do_not_fit_are_refused_in_a_sentence(tmp_path, changes, message):
    path = written(tmp_path / "w.safetensors", Generator(SMALL), **changes)
    with pytest.raises(InputError, match=message) as refused:
        load_generator(path)
    assert "w.safetensors" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_without_some_weights_is_refused(tmp_path):
    generator = Generator(SMALL)
    del generator.outer.middle
    path = written(tmp_path / "w.safetensors", generator)
    with pytest.raises(InputError, match="not a readable weights file"):
        load_generator(path)


@pytest.mark.parametrize("value", [np.inf, np.nan, 1e6])
def test_weights_that_are_not_finite_are_not_written(tmp_path, value):
    generator = Generator(SMALL)
    torch.nn.init.constant_(generator.outer.raw.head.bias, value)
    with pytest.raises(InputError, match=r"outer\.raw\.head\.bias"):
        save_weights(tmp_path / "w.safetensors", generator, {})
    assert not list(tmp_path.iterdir())


def test_what_is_the_same_is_the_same_file(tmp_path):
    tensors = {"one": torch.ones(3), "µ": torch.zeros(2, 2)}
    words = {f"word {number}": "µ" * number for number in range(20)}
    files = [tmp_path / "a", tmp_path / "b"]
    for path, order in zip(files, (words, reversed(words)), strict=True):
        write_tensors(path, tensors, {name: words[name] for name in order}, "")
        read, header = read_tensors(path, "")
        assert header == words
        assert all(torch.equal(read[name], tensors[name]) for name in tensors)
        assert len(read) == 2
    assert files[0].read_bytes() == files[1].read_bytes()


def test_unknown_architectures_name_those_there_are():
    with pytest.raises(InputError, match="stemgan or ede2020"):
        make_generator("unet", {})


def test_the_shipped_model_loads():
    assert DEFAULT_MODEL in MODELS
    generator, header = load_generator()
    assert architecture_of(generator) == header["architecture"] == "stemgan"
    with safe_open(MODELS[DEFAULT_MODEL], framework="pt") as file:
        assert len(generator.state_dict()) == len(file.keys())


def test_the_shipped_model_is_calibrated_and_its_weights_are_those_that_were_validated():
    _, header = load_generator()
    assert Calibration.from_dict(header["calibration"]).about["split"] == "val"
    data = MODELS[DEFAULT_MODEL].read_bytes()
    weights = data[8 + int.from_bytes(data[:8], "little") :]
    assert sha256(weights).hexdigest().startswith("00c6b1758ecc480a30a79459929d9058")


def test_a_checkpoint_is_sent_to_export(tmp_path):
    path = tmp_path / "last.ckpt"
    torch.save({"state_dict": {}}, path)
    with pytest.raises(InputError, match="stemgan export"):
        load_generator(path)
