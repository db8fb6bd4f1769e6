"""Reconstructor with weights of the 2020 architecture, and with adversarial ones."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from stemgan.cli import main
from stemgan.errors import InputError
from stemgan.images import read_micrograph, write_image
from stemgan.measurement import PartialScan
from stemgan.networks import Ede2020Config, Ede2020Generator, Generator, GeneratorConfig
from stemgan.reconstruct import Reconstructor
from stemgan.weights import save_weights

SMALL_2020 = Ede2020Config(inner=(6, 5, 4, 3, 2), blocks=1, outer=(4, 6), outer_blocks=1)
SMALL = GeneratorConfig((8, 8, 8), (1, 1, 1), half_width=4, outer_width=4, spectral=4, noise=2)


@pytest.fixture(scope="module")
def model_2020():
    torch.manual_seed(0)
    return Ede2020Generator(SMALL_2020).eval()


@pytest.fixture(scope="module")
def adversarial():
    torch.manual_seed(0)
    generator = Generator(SMALL).eval()
    for name, parameter in generator.named_parameters():
        if "noise" in name or "head" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    return generator


def scan(shape=(50, 70), level=100.0, spread=30.0, share=0.1):
    rng = np.random.default_rng(0)
    dwell = (rng.random(shape) < share).astype(np.float32)
    return PartialScan(rng.normal(level, spread, shape).astype(np.float32), dwell)


@pytest.mark.parametrize("shape", [(64, 96), (50, 70), (8, 9)])
def test_2020_weights_see_measured_values_from_0_to_1_padded_to_the_stride(model_2020, shape):
    partial = scan(shape, share=0.3)
    _, infill = partial.nearest
    low, high = infill.min(), infill.max()
    unit = (infill - low) / (high - low)
    padded = np.pad(unit, [(0, -side % 32) for side in shape], mode="edge")
    with torch.no_grad():
        out = model_2020(torch.from_numpy(padded)[None, None]).image[0, 0].numpy()
    expected = (out[: shape[0], : shape[1]] + 1) / 2 * (high - low) + low
    result = Reconstructor(model_2020)(partial)
    assert result.std is None
    assert result.image.dtype == np.float32
    np.testing.assert_allclose(result.image, expected, atol=2e-3)


@pytest.mark.parametrize(("gain", "offset"), [(1e-9, 0), (7, -3), (1e30, 0)])
def test_2020_completions_follow_the_unit(model_2020, gain, offset):
    partial = scan(level=0, spread=1)
    image = Reconstructor(model_2020)(partial).image
    other = PartialScan((partial.values * gain + offset).astype(np.float32), partial.dwell)
    result = Reconstructor(model_2020)(other).image
    np.testing.assert_allclose(result, image * gain + offset, atol=1e-4 * gain)


@pytest.mark.parametrize("level", [0.0, 7.0, -1e-12, 1e30])
def test_a_constant_scan_has_nothing_to_complete(model_2020, level):
    result = Reconstructor(model_2020)(scan(level=level, spread=0))
    np.testing.assert_array_equal(result.image, np.full((50, 70), level, np.float32))


def test_2020_weights_complete_large_frames_in_tiles(model_2020):
    sides = []

    class Watched(Ede2020Generator):
        def forward(self, scan, auxiliary=False):
            sides.append(scan.shape[2:])
            return super().forward(scan, auxiliary)

    watched = Watched(SMALL_2020).eval()
    watched.load_state_dict(model_2020.state_dict())
    result = Reconstructor(watched)(scan((1600, 60)))
    assert result.image.shape == (1600, 60)
    assert np.isfinite(result.image).all()
    assert len(sides) > 1
    assert max(max(side) for side in sides) <= 1024


def test_the_same_seed_gives_the_same_image_and_another_another(adversarial):
    partial = scan()
    one = Reconstructor(adversarial, seed=1)
    image = one(partial).image
    np.testing.assert_array_equal(one(partial).image, image)
    other = replace(one, seed=2)(partial).image
    spread = np.ptp(partial.values[partial.mask])
    assert np.sqrt(np.mean((other - image) ** 2)) > 1e-3 * spread
    assert Reconstructor(Generator(replace(SMALL, noise=0))).noise == 0


def test_tiles_of_adversarial_weights_share_their_noise(adversarial):
    partial = scan((1600, 64), share=0.2)
    planes = []

    class Watched(Generator):
        def forward(self, infill, dwell, distance, kriged, noise=None):
            planes.append((infill.numpy().copy(), noise.numpy().copy()))
            return super().forward(infill, dwell, distance, kriged, noise)

    Reconstructor(Watched(SMALL).eval(), seed=3)(partial)
    assert len(planes) > 1
    assert all(noise.shape == (1, 2, *infill.shape[2:]) for infill, noise in planes)
    # 1600 rows in two tiles of 1024: the rows from 576 on are in both.
    np.testing.assert_array_equal(planes[0][1][..., 576:, :], planes[1][1][..., :448, :])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_2020_generator_has_no_raw_completion_to_ask_for(folder, model_2020, capsys):
    save_weights(folder / "old.safetensors", model_2020, {})
    write_image("a.tif", scan().with_nan())
    words = ["reconstruct", "a.tif", "--device", "cpu", "--model", "old.safetensors", "--raw"]
    assert main([*words, "-o", "b.tif"]) == 2
    error = capsys.readouterr().err
    assert "completes the blurred truth alone: leave out --raw" in error
    assert error.count("\n") == 1
    assert not (folder / "b.tif").exists()


def test_the_command_completes_by_both_and_records_the_seed(folder, model_2020, adversarial):
    save_weights(folder / "old.safetensors", model_2020, {})
    save_weights(folder / "gan.safetensors", adversarial, {})
    write_image("a.tif", scan().with_nan())
    words = ["reconstruct", "a.tif", "--device", "cpu", "--model"]
    assert main([*words, "old.safetensors", "-o", "old.tif", "--preview"]) == 0
    old = read_micrograph("old.tif")
    expected = Reconstructor.load("old.safetensors", "cpu")(scan()).image
    np.testing.assert_array_equal(old.data, expected)
    assert "seed" not in old.metadata["stemgan"]
    assert old.metadata["stemgan"]["truth"] == "blurred"
    gan = [*words, "gan.safetensors", "--uncertainty"]
    assert main([*gan, "--seed", "5", "-o", "five.tif"]) == 0
    assert main([*gan, "--seed", "6", "-o", "six.tif"]) == 0
    five, six = read_micrograph("five.tif"), read_micrograph("six.tif")
    assert five.metadata["stemgan"]["seed"] == 5
    expected = Reconstructor.load("gan.safetensors", "cpu", 5)(scan()).image
    np.testing.assert_array_equal(five.data, expected)
    assert not np.array_equal(five.data, six.data)


def test_2020_weights_have_no_uncertainty(folder, model_2020, capsys):
    save_weights(folder / "old.safetensors", model_2020, {})
    write_image("a.tif", scan().with_nan())
    words = ["reconstruct", "a.tif", "--model", "old.safetensors", "-o", "b.tif"]
    assert main([*words, "--uncertainty"]) == 2
    assert "no uncertainty" in capsys.readouterr().err
    assert not (folder / "b.tif").exists()


def test_a_negative_seed_is_refused():
    with pytest.raises(InputError, match="seed -1"):
        Reconstructor.load(seed=-1)
