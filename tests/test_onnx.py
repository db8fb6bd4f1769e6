"""Generators in ONNX files: the same numbers as torch's, on frames of any shape."""

import json

import numpy as np
import pytest
import torch

from stemgan.cli import main
from stemgan.errors import InputError
from stemgan.measurement import PartialScan
from stemgan.networks import GeneratorConfig
from stemgan.networks.blocks import SpectralBlock
from stemgan.reconstruct import Reconstructor, runtime
from stemgan.reconstruct import onnx as files
from stemgan.reconstruct.portable import MatrixSpectralBlock
from stemgan.weights import make_generator, save_weights

SIZES = GeneratorConfig((8, 8, 8), (1, 1, 1), 4, 4, 4, 2).to_dict()
SIZES_2020 = {"inner": [6, 5, 4, 3, 2], "blocks": 1, "outer": [4, 6], "outer_blocks": 1}


def untrained(architecture):
    """Make a generator whose every part says something."""
    torch.manual_seed(0)
    generator = make_generator(architecture, SIZES if architecture == "stemgan" else SIZES_2020)
    with torch.no_grad():
        for parameter in generator.parameters():
            if not parameter.any():
                parameter.normal_(std=0.1)
            parameter.copy_(parameter.half().float())
    return generator.eval()


def scanned(shape, seed=0):
    rng = np.random.default_rng(seed)
    dwell = (rng.random(shape) < 0.1).astype(np.float32)
    return PartialScan(rng.normal(100, 30, shape).astype(np.float32), dwell)


@pytest.fixture(scope="module", params=["stemgan", "ede2020"])
def pair(request, tmp_path_factory):
    """Weights of an architecture as a weights file and as an ONNX file."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    folder = tmp_path_factory.mktemp(request.param)
    weights, output = folder / "w.safetensors", folder / "w.onnx"
    save_weights(weights, untrained(request.param), {"steps": 3})
    assert main(["export", str(weights), "--onnx", "-o", str(output)]) == 0
    return weights, output


@pytest.mark.parametrize("shape", [(64, 64), (33, 71), (8, 130)])
def test_an_onnx_file_completes_as_its_weights_do(pair, shape):
    scan = scanned(shape)
    torch_one, onnx_one = (Reconstructor.load(path, "cpu", seed=5) for path in pair)
    wanted, found = torch_one(scan), onnx_one(scan)
    np.testing.assert_allclose(found.image, wanted.image, atol=2e-3)
    assert onnx_one.noise == torch_one.noise
    assert onnx_one.uncertain == torch_one.uncertain
    if wanted.std is None:
        assert found.std is None
    else:
        np.testing.assert_allclose(found.std, wanted.std, rtol=1e-4)


def test_an_onnx_file_says_what_it_is(pair):
    header = runtime.OnnxGenerator.load(pair[1]).header
    assert header["training"] == {"steps": 3}
    assert header["weights_sha256"] == Reconstructor.load(pair[0], "cpu").sha256
    assert Reconstructor.load(pair[1], "cpu").name == header["name"] == "w"
    assert header["architecture"] == pair[1].parent.name[:-1]
    assert header["format"] == runtime.FORMAT


def test_onnx_files_of_other_versions_and_of_others_are_refused(pair, tmp_path):
    onnx = pytest.importorskip("onnx")
    other = tmp_path / "other.onnx"
    for form, words in (
        ("stemgan-onnx-1", "other.onnx is of another version of stemgan: export it again"),
        ("another", "other.onnx is not an ONNX file of stemgan"),
    ):
        model = onnx.load(pair[1])
        (entry,) = (each for each in model.metadata_props if each.key == "format")
        entry.value = form
        onnx.save(model, other)
        with pytest.raises(InputError, match=words):
            Reconstructor.load(other, "cpu")


def test_info_tells_of_an_onnx_file_what_it_tells_of_its_weights(pair, capsys):
    found = []
    for path in pair:
        assert main(["info", str(path), "--shape", "64x64", "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out))
    wanted, told = found
    assert told["onnx_of"] == "w"
    assert told["weights_sha256"] == wanted["sha256"] != told["sha256"]
    for name in ("architecture", "parts", "parameters", "gmac", "generator", "training"):
        assert told[name] == wanted[name]
    assert main(["info", str(pair[1]), "--shape", "64x64"]) == 0
    assert "ONNX file of w" in capsys.readouterr().out


@pytest.mark.parametrize("sides", [(16, 12), (7, 9), (1, 5), (2, 2), (20, 33)])
def test_waves_by_matrices_are_fourier_transforms(sides):
    torch.manual_seed(0)
    block = SpectralBlock(6, 4)
    torch.nn.init.normal_(block.leave.weight)
    x = torch.randn(2, 6, *sides)
    with torch.no_grad():
        wanted, found = block(x), MatrixSpectralBlock(block)(x)
    assert float((wanted - x).abs().max()) > 0.1
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


def test_a_file_that_computes_something_else_is_not_written(tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime")
    generator = untrained("stemgan")

    def doubled(*inputs):
        made = generator(*inputs)
        return made._replace(image=2 * made.image)

    monkeypatch.setattr(files.OnnxGenerator, "load", lambda path: doubled)
    with pytest.raises(RuntimeError, match="differs"):
        files.write_onnx(tmp_path / "w.onnx", generator, {})
    assert not (tmp_path / "w.onnx").exists()


def test_a_calibration_goes_along(tmp_path, capsys):
    pytest.importorskip("onnxruntime")
    output = tmp_path / "s.onnx"
    assert main(["export", "stemgan-s", "--onnx", "-o", str(output), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["largest_difference_from_torch"] < 1e-5
    scan = scanned((40, 56))
    wanted, found = Reconstructor.load(device="cpu")(scan), Reconstructor.load(output)(scan)
    np.testing.assert_allclose(found.raw, wanted.raw, rtol=1e-4, atol=1e-2)
    np.testing.assert_allclose(found.raw_std, wanted.raw_std, rtol=1e-4, atol=1e-2)
    np.testing.assert_allclose(found.quantiles, wanted.quantiles, rtol=1e-4, atol=1e-2)


def test_what_cannot_be_is_refused(tmp_path, capsys, monkeypatch):
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    for model, device, words in (
        ("missing.onnx", "auto", "there is no file"),
        ("bad.onnx", "auto", "not a readable ONNX file"),
        ("bad.onnx", "cuda", "CPU alone"),
    ):
        if device == "cuda":
            monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        with pytest.raises(InputError, match=words):
            Reconstructor.load(tmp_path / model, device)
    for arguments, words in (
        (["stemgan-s", "--onnx", "-o", "w.safetensors"], "--onnx writes .onnx"),
        (["stemgan-s", "-o", "w.onnx"], "add --onnx"),
        (["stemgan-s", "-o", "w.safetensors"], "--onnx to write them"),
    ):
        assert main(["export", *arguments]) == 2
        assert words in capsys.readouterr().err


def test_a_missing_extra_is_said(monkeypatch):
    with pytest.raises(InputError, match=r"pip install 'stemgan\[onnx\]'"):
        runtime.needed("no_such_module")
