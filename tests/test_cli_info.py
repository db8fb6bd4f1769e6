"""`stemgan info` of architectures and of weights of each."""

import json
import os
import subprocess
import sys

import pytest
import torch

from stemgan.cli import main
from stemgan.networks import Ede2020Config, Ede2020Generator, Generator, GeneratorConfig
from stemgan.weights import save_weights


def info(capsys, *words):
    assert main(["info", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_2020_network_is_as_large_and_as_costly_as_published(capsys):
    figures = info(capsys, "ede2020")
    assert figures["parts"] == {
        "inner": 105_760_576,
        "outer": 380_418,
        "auxiliary": 37_570,
        "discriminators": 3 * 2_754_496,
    }
    assert figures["discriminators"] == [2_754_496] * 3
    assert figures["inference_parameters"] == 106_140_994
    assert figures["parameters"] == sum(figures["parts"].values())
    assert figures["gmac"] == pytest.approx(60.5, abs=0.05)
    assert main(["info", "ede2020"]) == 0
    out = capsys.readouterr().out
    assert "2,754,496, 2,754,496, 2,754,496" in out
    assert "60.5 GMAC at 512x512" in out
    assert "106,140,994" in out


def test_an_architecture_has_the_sizes_of_its_defaults(capsys):
    figures = info(capsys, "stemgan", "--shape", "64x64")
    expected = sum(p.numel() for p in Generator().parameters())
    assert figures["inference_parameters"] == figures["parameters"] == expected
    assert figures["generator"]["noise"] == 0
    assert "training" not in figures


@pytest.mark.parametrize("kind", ["ede2020", "noisy"])
def test_weights_of_each_architecture_are_described(kind, tmp_path, capsys):
    config = GeneratorConfig((8, 8, 8), (1, 1, 1), 4, 4, 4, noise=2)
    sizes = Ede2020Config(inner=(6, 5, 4, 3, 2), blocks=1, outer=(4, 6), outer_blocks=1)
    torch.manual_seed(0)
    generator = Generator(config) if kind == "noisy" else Ede2020Generator(sizes)
    path = tmp_path / "w.safetensors"
    save_weights(path, generator, {"steps": 7, "phase": "adversarial"})
    figures = info(capsys, str(path), "--shape", "64x64")
    assert figures["architecture"] == ("stemgan" if kind == "noisy" else kind)
    assert figures["parameters"] == sum(p.numel() for p in generator.parameters())
    assert figures["training"] == {"steps": 7, "phase": "adversarial"}
    # Frames are completed at the next multiple of the stride.
    assert info(capsys, str(path), "--shape", "70x64")["gmac"] > 1.1 * figures["gmac"] > 0
    assert main(["info", str(path), "--shape", "64x64"]) == 0
    assert "phase: adversarial" in capsys.readouterr().out


def test_a_near_miss_of_an_architecture_is_named(capsys):
    assert main(["info", "ede2021"]) == 2
    assert "did you mean ede2020?" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other pipes")
def test_a_reader_that_has_had_enough_is_no_error_of_ours():
    code = "import sys; from stemgan.cli import main; sys.exit(main(['info', 'stemgan-s']))"
    path = os.pathsep.join(part for part in sys.path if part)
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 1
    assert said == b""
