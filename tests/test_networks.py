"""Infills and generators."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from stemgan import infill as fill
from stemgan.baselines import complete
from stemgan.measurement import measure
from stemgan.metrics import blurred as metric_blurred
from stemgan.networks import Generator, GeneratorConfig
from stemgan.networks.blocks import ResidualBlock, SpectralBlock
from stemgan.networks.features import BLURRED, CHANNELS, INFILLS, KRIGED, MISFIT, FeatureMaker
from stemgan.networks.stages import Texture
from stemgan.scan import ScanDesign
from stemgan.weights import load_generator

TINY = GeneratorConfig(
    widths=(8, 8, 8), depths=(1, 1, 1), half_width=4, outer_width=4, spectral=4
)


def inputs(family="spiral", shape=(64, 80), coverage=0.08, image=None) -> tuple[Tensor, ...]:
    if image is None:
        image = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    scan = measure(image, ScanDesign(family, image.shape, coverage=coverage).trace())
    distance, infill = scan.nearest
    kriged = complete(scan, "gaussian-process")
    planes = (infill, scan.dwell, distance, kriged)
    return tuple(torch.from_numpy(plane)[None, None] for plane in planes)


def test_smoothing_is_a_gaussian_filter_away_from_the_edges():
    image = torch.randn(2, 1, 60, 70)
    smooth = fill.smooth(image, torch.tensor([2.0, 3.0]))
    for sample, sigma in ((0, 2.0), (1, 3.0)):
        twin = gaussian_filter(image[sample, 0].numpy(), sigma, truncate=8)
        inside = (slice(20, -20), slice(20, -20))
        np.testing.assert_allclose(smooth[sample, 0].numpy()[inside], twin[inside], atol=1e-5)


def test_smoothing_and_convolution_keep_constants_to_the_edge():
    flat = torch.full((1, 1, 30, 40), 2.5)
    weight = (torch.rand(1, 1, 30, 40) < 0.1).float()
    sigma = torch.tensor([4.0])
    assert torch.allclose(fill.smooth(flat, sigma), flat, atol=1e-5)
    assert torch.allclose(fill.normalised_convolution(flat, weight, sigma), flat, atol=1e-4)


def test_the_gap_of_parallel_lines_is_their_pitch():
    mask = np.zeros((120, 100), bool)
    mask[::12] = True
    from stemgan_kernels.distance import distance_transform

    distance = torch.from_numpy(distance_transform(mask).distance)[None, None]
    assert fill.gap_length(distance).item() == pytest.approx(12, rel=0.1)


@pytest.mark.parametrize("family", ["spiral", "dots"])
@pytest.mark.parametrize("coverage", [1 / 10, 1 / 87])
def test_an_untrained_generator_mixes_mostly_the_kriged_infill(family, coverage):
    given = inputs(family, (128, 128), coverage)
    generator = Generator(TINY)
    with torch.no_grad():
        made = generator(*given)
        features = generator.features(*given)
    kriged = given[3]
    blurred = torch.from_numpy(metric_blurred(kriged[0, 0].numpy())).float()
    torch.testing.assert_close(features.infills[0, BLURRED], blurred, atol=1e-5, rtol=0)
    assert torch.equal(features.infills[:, KRIGED : KRIGED + 1], kriged)
    outer = generator.outer
    for mix, preferred, found in (
        (outer.raw, KRIGED, made.raw),
        (outer.blurred, BLURRED, made.image),
    ):
        weights = torch.softmax(mix.preference(features), dim=1)
        assert weights.argmax() == preferred
        assert weights[0, preferred] > 0.7
        mixed = (weights[:, :, None, None] * features.infills).sum(dim=1, keepdim=True)
        assert torch.allclose(found, mixed, atol=1e-5)


def test_the_blurred_truth_is_completed_better_by_the_blurred_posterior_mean():
    rng = np.random.default_rng(0)
    lattice = np.cos(np.arange(96) * 2 * np.pi / 3.1)[:, None] * np.ones(96)
    truth = (lattice + 0.1 * rng.standard_normal(lattice.shape)).astype(np.float32)
    with torch.no_grad():
        made = Generator(TINY)(*inputs("random", coverage=0.2, image=truth))
    target = metric_blurred(truth)
    error = [np.sqrt(np.mean((x[0, 0].numpy() - target) ** 2)) for x in (made.image, made.raw)]
    assert error[0] < 0.5 * error[1]


@pytest.mark.parametrize("shape", [(32, 32), (33, 47), (8, 9), (64, 80), (50, 300)])
def test_any_shape_is_completed(shape):
    given = inputs("dots", shape, 0.3)
    out = Generator(TINY)(*given)
    assert out.image.shape == out.log_std.shape == (1, 1, *shape)
    assert out.half.shape == (1, 1, shape[0] // 2, shape[1] // 2)
    assert all(torch.isfinite(part).all() for part in out)


def test_features_are_as_many_as_they_say_and_finite_on_vacuum():
    infill, dwell, distance, _ = inputs()
    nothing = torch.zeros_like(infill)
    features = FeatureMaker()(nothing, dwell, distance, nothing)
    assert features.infills.shape[1] == INFILLS
    assert features.channels.shape[1] == CHANNELS
    assert torch.isfinite(features.channels).all()


def test_samples_of_a_batch_do_not_meet():
    one, two = inputs("spiral"), inputs("dots")
    generator = Generator(TINY).eval()
    both = tuple(torch.cat(pair) for pair in zip(one, two, strict=True))
    with torch.no_grad():
        together = generator(*both).image
        assert torch.allclose(together[:1], generator(*one).image, atol=1e-5)
        assert torch.allclose(together[1:], generator(*two).image, atol=1e-5)


def test_every_weight_learns():
    generator = Generator(TINY)
    for parameter in generator.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    out = generator(*inputs())
    parts = (out.image, out.raw, out.half, out.log_std, out.raw_log_std)
    sum(part.square().mean() for part in parts).backward()
    for name, parameter in generator.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("make", [ResidualBlock, lambda n: SpectralBlock(n, 8)])
def test_what_a_block_adds_does_not_grow_with_what_it_is_given(make):
    """Ten blocks that multiply what they are given drive a stage where no gradient comes."""
    torch.manual_seed(0)
    block = make(6)
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    x = torch.randn(2, 6, 16, 16, generator=torch.manual_seed(1))
    usual, large = (block(size * x) - size * x for size in (10, 1e4))
    assert torch.allclose(large, usual, rtol=0.05, atol=0.05)
    silent = 1e-3 * x
    assert (block(silent) - silent).square().mean() < usual.square().mean()


@pytest.mark.parametrize("model", ["stemgan-s", "stemgan-s-adv"])
def test_every_stage_of_a_shipped_model_can_learn(model):
    """What the inner stage gives differs from pixel to pixel, and a gradient reaches it."""
    generator, _ = load_generator(model)
    generator.requires_grad_(True)
    features = []
    generator.inner.register_forward_hook(lambda module, given, out: features.append(out[0]))
    out = generator(*inputs())
    (out.image.square() + out.raw.square()).mean().backward()
    alive = features[0].std(dim=(0, 2, 3)) > 1e-4
    assert alive.float().mean() > 0.5
    assert generator.outer.inner.weight.grad.abs().sum() > 0


def noisy(**changes):
    return GeneratorConfig(**{**TINY.to_dict(), "noise": 2, **changes})


def learned(config):
    torch.manual_seed(1)
    generator = Generator(config).eval()
    for parameter in generator.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return generator


def test_a_generator_takes_on_weights_without_noise_and_adds_that_of_the_scan():
    plain = learned(TINY)
    generator = Generator(noisy()).eval()
    missing, unexpected = generator.load_state_dict(plain.state_dict(), strict=False)
    assert {name.split(".")[1] for name in missing} == {"noise", "texture"}
    assert not unexpected
    given, noise = inputs(), torch.randn(1, 2, 64, 80)
    with torch.no_grad():
        without = plain(*given)
        for part, expected in zip(generator(*given), without, strict=True):
            assert torch.equal(part, expected)
        # A generator of no noise channels ignores noise.
        assert torch.equal(plain(*given, noise).image, without.image)
        textured = generator(*given, noise)
        assert textured.image is textured.raw
        added = textured.image - without.raw
    misfit = generator.features(*given).channels[:, MISFIT : MISFIT + 1]
    torch.testing.assert_close(added, noise[:, :1] * misfit, atol=1e-5, rtol=0)
    generator(*given, noise).image.square().mean().backward()
    for name in missing:
        assert generator.get_parameter(name).grad.abs().sum() > 0


def test_every_kernel_of_the_texture_keeps_the_deviation_of_noise():
    kernels = Texture(2, 4).kernels
    found = kernels(torch.randn(1, 2, 400, 400)).std(dim=(0, 2, 3))
    torch.testing.assert_close(found, torch.ones(4), atol=0.03, rtol=0)
    assert kernels.weight[:, 1].abs().max() == 0


@pytest.mark.parametrize("shape", [(64, 80), (33, 47)])
def test_noise_once_learned_makes_texture_that_follows_from_it(shape):
    generator = learned(noisy())
    given = inputs("dots", shape, 0.3)
    one, two = torch.randn(2, 1, 2, *shape)
    with torch.no_grad():
        image = generator(*given, one).image
        assert torch.equal(image, generator(*given, one).image)
        assert not torch.allclose(image, generator(*given, two).image, atol=1e-3)
        assert not torch.allclose(image, generator(*given).image, atol=1e-3)


def test_noise_is_as_strong_as_what_the_kriged_infill_misses():
    generator = learned(noisy())
    infill, dwell, distance, kriged = inputs()
    features = generator.features(infill, dwell, distance, kriged)
    missed = ((infill - kriged) * dwell.sign()).square().sum() / dwell.sign().sum()
    misfit = features.channels[:, MISFIT].square().mean()
    assert misfit.item() == pytest.approx(missed.item(), rel=0.3)
    # A scan that the kriged infill goes through has no misfit, and no texture.
    exact = torch.where(dwell > 0, infill, kriged)
    with torch.no_grad():
        image = generator(infill, dwell, distance, exact, torch.randn(1, 2, 64, 80)).image
        assert torch.allclose(image, generator(infill, dwell, distance, exact).raw, atol=1e-5)


def test_sizes_without_noise_are_those_of_older_files():
    sizes = TINY.to_dict()
    del sizes["noise"]
    assert GeneratorConfig.from_dict(sizes) == TINY


def test_spectral_blocks_see_the_whole_frame_in_float32():
    block = SpectralBlock(4, 4)
    torch.nn.init.normal_(block.leave.weight)
    x = torch.randn(1, 4, 16, 16, requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = block(x)
    assert y.dtype == torch.float32
    (gradient,) = torch.autograd.grad(y[0, 0, 0, 0], x)
    assert (gradient.abs().sum(dim=1) > 0).all()


def test_sizes_survive_their_own_dictionary():
    import json

    config = GeneratorConfig.from_dict(json.loads(json.dumps(TINY.to_dict())))
    assert config == TINY
