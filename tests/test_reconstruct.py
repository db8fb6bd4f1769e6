"""Reconstructor: units, finite output, tiles without seams, whatever the generator."""

from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn

from stemgan.errors import InputError
from stemgan.measurement import PartialScan, intensity_scale
from stemgan.networks import Generator, GeneratorConfig
from stemgan.reconstruct import Reconstructor, choose_device
from stemgan.reconstruct.tiles import in_tiles, spans


class Completion(NamedTuple):
    image: torch.Tensor
    raw: torch.Tensor
    log_std: torch.Tensor
    raw_log_std: torch.Tensor


class Toy(nn.Module):
    """Returns its infill, and a standard deviation that grows with the distance."""

    def forward(self, infill, dwell, distance, kriged):
        assert infill.shape == dwell.shape == distance.shape
        assert infill.dtype == dwell.dtype == distance.dtype == torch.float32
        assert not torch.is_grad_enabled()
        std = torch.log1p(distance) - 3
        return Completion(infill, 2 * infill, std, std + 1)


def scan(shape=(33, 47), level=100.0, spread=30.0, seed=0):
    rng = np.random.default_rng(seed)
    dwell = (rng.random(shape) < 0.1).astype(np.float32)
    return PartialScan(rng.normal(level, spread, shape).astype(np.float32), dwell)


@pytest.mark.parametrize(
    ("level", "spread"), [(100, 30), (-1e4, 1), (0, 1e-12), (1e30, 1e29), (7, 0), (0, 0)]
)
def test_values_come_back_in_their_own_unit(level, spread):
    partial = scan(level=level, spread=spread)
    result = Reconstructor(Toy())(partial)
    _, nearest = partial.nearest
    assert result.image.dtype == result.std.dtype == np.float32
    assert result.image.shape == result.std.shape == partial.shape
    np.testing.assert_allclose(result.image, nearest, rtol=1e-5, atol=1e-5 * spread)
    scale = intensity_scale(partial)
    gain = scale.gain
    doubled = scale.invert(2 * scale.apply(nearest))
    np.testing.assert_allclose(result.raw, doubled, rtol=1e-5, atol=1e-5 * spread)
    distance, _ = partial.nearest
    np.testing.assert_allclose(result.std, gain * (1 + distance) * np.exp(-3), rtol=1e-4)
    np.testing.assert_allclose(result.raw_std, gain * (1 + distance) * np.exp(-2), rtol=1e-4)
    assert result.seconds > 0


def test_a_wild_generator_cannot_make_infinities():
    class Wild(Toy):
        def forward(self, infill, dwell, distance, kriged):
            wild = torch.full_like(infill, 1e6)
            std = torch.full_like(infill, 20.0)
            return Completion(wild, wild, std, std)

    result = Reconstructor(Wild())(scan(level=1e37, spread=1e37))
    assert np.isfinite(result.image).all()
    assert np.isfinite(result.std).all()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_broken_generator_is_not_hidden(value):
    class Broken(Toy):
        def forward(self, infill, dwell, distance, kriged):
            return Completion(infill, torch.full_like(infill, value), infill, infill)

    with pytest.raises(RuntimeError, match="not finite"):
        Reconstructor(Broken(), name="broken")(scan())


@pytest.mark.parametrize("shape", [(1700, 300), (64, 1537), (2000, 1600)])
def test_tiles_of_a_local_generator_leave_no_seam(shape):
    inputs = np.random.default_rng(0).random((3, *shape), dtype=np.float32)
    seen = []

    def run(planes):
        seen.append(planes.shape[1:])
        return np.stack([planes[0] + planes[1], planes[2] + 1])

    image, std = in_tiles(run, inputs)
    np.testing.assert_allclose(image, inputs[0] + inputs[1], rtol=1e-5)
    np.testing.assert_allclose(std, inputs[2] + 1, rtol=1e-5)
    assert len(seen) > 1
    assert max(max(tile) for tile in seen) <= 1024


def test_a_tile_without_a_measured_pixel_is_said_to_be_unknown(untrained):
    dwell = np.zeros((1600, 64), np.float32)
    dwell[:300:4] = 1
    partial = PartialScan(np.full(dwell.shape, 7, np.float32), dwell)
    result = Reconstructor(untrained)(partial)
    for image, std in ((result.image, result.std), (result.raw, result.raw_std)):
        np.testing.assert_allclose(image, 7, atol=1e-3)
        assert (std[-100:] == intensity_scale(partial).gain).all()


def test_a_frame_in_tiles_keeps_its_completions_apart():
    partial = scan((1600, 64))
    result = Reconstructor(Toy())(partial)
    scale, (distance, nearest) = intensity_scale(partial), partial.nearest
    doubled = scale.invert(2 * scale.apply(nearest))
    np.testing.assert_allclose(result.image, nearest, rtol=1e-4)
    np.testing.assert_allclose(result.raw, doubled, rtol=1e-4, atol=1e-2)
    np.testing.assert_allclose(
        result.raw_std, scale.gain * (1 + distance) * np.exp(-2), rtol=1e-4
    )


def test_tiles_that_disagree_are_blended_smoothly():
    calls = iter(range(100))

    def run(planes):
        value = np.full(planes.shape[1:], float(next(calls)), np.float32)
        return np.stack([value, value])

    image, _ = in_tiles(run, np.zeros((3, 1792, 64), np.float32))
    steps = np.abs(np.diff(image[:, 0]))
    assert image[0, 0] == 0
    assert image[-1, 0] == 1
    assert steps.max() < 0.02


@pytest.mark.parametrize("length", [8, 1024, 1025, 1537, 5000])
def test_spans_cover_an_axis(length):
    weight = np.zeros(length)
    for where, ramp in spans(length):
        assert where.stop <= length
        weight[where] += ramp
    assert (weight > 0.4).all()


def test_small_images_are_not_tiled():
    shapes = []

    def run(planes):
        shapes.append(planes.shape)
        return planes[:2]

    in_tiles(run, np.zeros((3, 1536, 32), np.float32))
    assert shapes == [(3, 1536, 32)]


def test_devices():
    assert choose_device("cpu").type == "cpu"
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(InputError, match="device 'gpu'"):
        choose_device("gpu")


def test_cuda_is_refused_where_there_is_none(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="--device cpu"):
        choose_device("cuda")


def masks(shape=(40, 56)):
    scattered = np.random.default_rng(0).random(shape) < 0.1
    line = np.zeros(shape, bool)
    line[0] = True
    return {"scattered": scattered, "line": line, "full": np.ones(shape, bool)}


@pytest.fixture(scope="module")
def untrained():
    torch.manual_seed(0)
    sizes = {"half_width": 4, "outer_width": 4, "spectral": 4}
    return Generator(GeneratorConfig(widths=(8, 8, 8), depths=(1, 1, 1), **sizes)).eval()


@pytest.mark.parametrize("kind", masks())
@pytest.mark.parametrize("level", [0.0, 7.0, -1e6])
def test_the_real_generator_keeps_a_constant_image_constant(untrained, kind, level):
    dwell = masks()[kind].astype(np.float32)
    partial = PartialScan(np.full(dwell.shape, level, np.float32), dwell)
    image = Reconstructor(untrained)(partial).image
    np.testing.assert_allclose(image, level, atol=1e-3, rtol=1e-6)


@pytest.mark.parametrize("shape", [(8, 8), (8, 9), (32, 32), (33, 201), (257, 32)])
@pytest.mark.parametrize("spread", [1e-30, 1.0, 1e36])
def test_the_real_generator_is_finite_at_any_shape_and_scale(untrained, shape, spread):
    dwell = (np.random.default_rng(0).random(shape) < 0.3).astype(np.float32)
    dwell.ravel()[:16] = 5.0
    values = np.random.default_rng(1).normal(0, spread, shape).astype(np.float32)
    result = Reconstructor(untrained)(PartialScan(values, dwell))
    assert result.image.shape == shape
    assert np.isfinite(result.image).all()
    assert (result.std > 0).all()
    assert np.abs(result.image).max() < 20 * spread
