"""`stemgan demo` and `stemgan info`, and the real weights file behind `reconstruct`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from stemgan import weights
from stemgan.cli import demo, main
from stemgan.images import read_micrograph, read_partial_scan, write_image
from stemgan.metrics import blurred, rmse
from stemgan.networks import Generator, GeneratorConfig
from stemgan.reconstruct import Reconstructor

ROOT = Path(__file__).parents[1]
CONFIG = GeneratorConfig(
    widths=(8, 8, 8), depths=(1, 1, 1), half_width=4, outer_width=4, spectral=4
)


@pytest.fixture(scope="module")
def small_model(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    weights.save_weights(path, Generator(CONFIG), {"steps": 7})
    return path


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def small_demo(small_model, monkeypatch):
    monkeypatch.setitem(weights.MODELS, weights.DEFAULT_MODEL, small_model)
    monkeypatch.setattr(demo, "_SHAPE", (96, 128))


@pytest.mark.usefixtures("small_demo")
def test_demo_compares_the_network_with_every_classical_method(small_model, capsys):
    from stemgan.baselines import default_methods

    assert main(["demo", "-o", "out", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert set(figures["methods"]) == {"small", *default_methods()}
    assert figures["coverage"] == pytest.approx(1 / 20, rel=0.05)
    assert all(0 < row["rmse_blurred"] < 50 for row in figures["methods"].values())
    truth, scan = demo.bundled_scan()
    made, span = Reconstructor.load(small_model)(scan), float(np.ptp(truth))
    row = figures["methods"]["small"]
    assert row["rmse_raw"] == pytest.approx(rmse(made.raw, truth, span), rel=1e-3)
    assert row["rmse_blurred"] == pytest.approx(
        rmse(made.image, blurred(truth), span), rel=1e-3
    )
    assert row["rmse_raw"] != pytest.approx(rmse(made.image, truth, span), rel=1e-3)
    classical = {k: v["rmse_blurred"] for k, v in figures["methods"].items() if k != "small"}
    assert figures["best_classical"] == min(classical, key=lambda name: classical[name])
    with Image.open("out/demo.png") as picture:
        assert picture.width > 4 * 128
    scan = read_partial_scan("out/partial.tif")
    np.testing.assert_array_equal(scan.values, demo.bundled_scan()[1].values)


@pytest.mark.usefixtures("small_demo")
def test_demo_prints_a_table_and_keeps_what_exists(capsys, folder):
    assert main(["demo"]) == 0
    out = capsys.readouterr().out
    assert "smoothed-nearest" in out
    assert "small on " in out
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*")}
    assert main(["demo"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*")} == before
    assert main(["demo", "--overwrite"]) == 0


def test_demo_needs_a_folder(capsys, folder):
    (folder / "file").write_text("x")
    for where in ("file", "no/such"):
        assert main(["demo", "-o", where]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_info_adds_up(small_model, capsys):
    assert main(["info", str(small_model), "--shape", "64x96", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    generator = Generator(CONFIG)
    assert figures["parameters"] == sum(p.numel() for p in generator.parameters())
    assert figures["parameters"] == sum(figures["parts"].values())
    assert figures["training"] == {"steps": 7}
    assert figures["generator"]["widths"] == [8, 8, 8]
    assert main(["info", str(small_model), "--shape", "128x96", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["gmac"] > 1.9 * figures["gmac"] > 0
    assert main(["info", str(small_model)]) == 0
    assert f"{figures['parameters']:,}" in capsys.readouterr().out
    assert main(["info", str(small_model), "--shape", "7x512"]) == 2
    assert "7x512" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["info", "reconstruct"])
def test_an_unknown_model_names_the_near_miss(command, small_model, capsys, monkeypatch):
    monkeypatch.setitem(weights.MODELS, "stemgan-s", small_model)
    np.save("a.npy", np.where(np.eye(40) > 0, 1.0, np.nan))
    arguments = ["stemgan-z"] if command == "info" else ["a.npy", "--model", "stemgan-z"]
    assert main([command, *arguments]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "stemgan-s" in err


@pytest.mark.parametrize("content", [b"", b"hello", b"\x08" + b"\0" * 7 + b"{}      "])
def test_a_file_that_is_no_model(content, capsys):
    Path("m.safetensors").write_bytes(content)
    assert main(["info", "m.safetensors"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_weights_file_reconstructs_as_the_generator_does(small_model):
    image = np.random.default_rng(0).normal(9, 2, (50, 70)).astype(np.float32)
    image[np.random.default_rng(1).random(image.shape) > 0.1] = np.nan
    write_image("a.tif", image)
    assert main(["reconstruct", "a.tif", "--model", str(small_model), "-o", "b.tif"]) == 0
    from stemgan.reconstruct import Reconstructor

    expected = Reconstructor.load(small_model, "cpu")(read_partial_scan("a.tif"))
    result = read_micrograph("b.tif")
    np.testing.assert_array_equal(result.data, expected.image)
    assert result.metadata["stemgan"]["model"] == "small"


def modules_after(code):
    """Run code in a fresh process and return the top-level modules it imported."""
    paths = [str(ROOT), str(ROOT / "kernels"), str(ROOT / "data_prep")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    code += "\nimport sys\nprint(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


def test_reconstruct_imports_no_training_code(small_model):
    np.save("a.npy", np.where(np.eye(40) > 0, 1.0, np.nan))
    arguments = ["reconstruct", "a.npy", "--model", str(small_model), "-o", "b.tif"]
    loaded = modules_after(f"from stemgan.cli import main; assert main({arguments!r}) == 0")
    assert "torch" in loaded
    unwanted = {"lightning", "pytorch_lightning", "torchmetrics", "hydra", "wandb", "omegaconf"}
    assert not loaded & (unwanted | {"matplotlib", "skimage", "pandas", "zarr"})
