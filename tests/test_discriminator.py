"""Discriminators: published sizes, places of the crops, spectral norm, gradients."""

import json

import pytest
import torch
import torch.nn.functional as F

from stemgan.errors import InputError
from stemgan.networks import DiscriminatorConfig, Discriminators
from stemgan.networks.crops import random_crop
from stemgan.networks.discriminator import SpectralConv

SMALL = DiscriminatorConfig(scales=(22, 44), side=22, widths=(4, 5, 6), padding=10)


def test_parameters_are_as_many_as_published():
    nets = Discriminators().nets
    assert [sum(p.numel() for p in net.parameters()) for net in nets] == 3 * [2_754_496]


def test_sides_shrink_as_published_and_everything_is_summed():
    torch.manual_seed(0)
    discriminators = Discriminators().eval()
    net = discriminators.nets[0]
    x = torch.randn(2, 1, 70, 70)
    sides, score = [], None
    with torch.no_grad():
        for layer in list(net)[:-1]:
            x = F.leaky_relu(F.conv2d(x, layer.kernel(), layer.bias, stride=2), 0.2)
            sides.append(x.shape[2])
        score = x.sum(dim=(1, 2, 3))
        assert sides == [34, 16, 7, 2]
        assert x.shape[1] == 512
        image = torch.randn(2, 1, 512, 512)
        places = torch.rand(2, 3, 2)
        scores = discriminators(image, places)
        expected = discriminators.nets[2](discriminators.crops(image, places)[2])
        torch.testing.assert_close(scores[:, 2], expected)
        assert scores.shape == (2, 3)
    assert score.shape == (2,)


@pytest.mark.parametrize("resize", ["decimate", "average"])
@pytest.mark.parametrize("shape", [(512, 512), (300, 201), (120, 96)])
@pytest.mark.parametrize("place", [0.0, 0.37, 1 - 2**-24])
def test_crops_are_those_of_the_reflect_padded_image(resize, shape, place):
    config = DiscriminatorConfig(resize=resize)
    image = torch.randn(1, 2, *shape, requires_grad=True)
    pads = [min(140, side - 1) for side in shape]
    padded = F.pad(image, (pads[1], pads[1], pads[0], pads[0]), mode="reflect")
    for scale in (70, 140, 280):
        top, left = (int(place * (side - scale + 1)) for side in padded.shape[2:])
        square = padded[..., top : top + scale, left : left + scale]
        step = scale // 70
        expected = (
            square[..., ::step, ::step] if resize == "decimate" else F.avg_pool2d(square, step)
        )
        where = torch.full((1, 2), place)
        crop = random_crop(image, scale, where, config)
        torch.testing.assert_close(crop, expected)
        weights = torch.randn_like(crop)
        gradients = [
            torch.autograd.grad(x, image, weights, retain_graph=True)[0]
            for x in (crop, expected)
        ]
        torch.testing.assert_close(*gradients)


def test_every_sample_has_its_own_place_and_pairs_share_them():
    real, places = torch.randn(2, 1, 64, 80), torch.rand(2, 2, 2)
    both = Discriminators(SMALL).crops(torch.cat([real, -real]), torch.cat([places, places]))
    for which, crops in enumerate(both):
        torch.testing.assert_close(crops[:2], -crops[2:])
        alone = Discriminators(SMALL).crops(real[1:], places[1:])[which]
        torch.testing.assert_close(crops[1:2], alone)


def test_power_iteration_finds_the_largest_singular_value():
    torch.manual_seed(0)
    conv = SpectralConv(3, 8)
    assert conv.u.std() < 0.1
    for _ in range(300):
        kernel = conv.kernel()
    norm = torch.linalg.matrix_norm(kernel.flatten(1), 2)
    assert norm.item() == pytest.approx(1, abs=1e-4)


def test_a_call_is_one_power_iteration_in_training_and_none_is_kept_in_evaluation():
    torch.manual_seed(0)
    conv = SpectralConv(2, 4)
    u, matrix = conv.u.clone(), conv.weight.detach().flatten(1)
    v = F.normalize(matrix.T @ u, dim=0)
    following = F.normalize(matrix @ v, dim=0)
    expected = conv.weight / (following @ matrix @ v)
    conv.eval()
    torch.testing.assert_close(conv.kernel(), expected)
    assert torch.equal(conv.u, u)
    conv.train()
    torch.testing.assert_close(conv.kernel(), expected)
    torch.testing.assert_close(conv.u, following)


def test_without_spectral_norm_kernels_are_their_weights():
    config = DiscriminatorConfig(**{**SMALL.to_dict(), "spectral_norm": False})
    net = Discriminators(config).nets[0]
    assert net[0].kernel() is net[0].weight
    assert not list(net.buffers())


def test_kernels_start_as_glorot_would_have_them():
    torch.manual_seed(0)
    weight = Discriminators().nets[1][2].weight
    limit = (6 / (16 * 128 + 16 * 256)) ** 0.5
    assert weight.abs().max().item() == pytest.approx(limit, rel=1e-3)
    assert weight.std().item() == pytest.approx(limit / 3**0.5, rel=0.01)
    assert all((layer.bias == 0).all() for layer in list(Discriminators().nets[0])[:-1])


def test_gradients_reach_weights_image_and_even_their_own_norm():
    torch.manual_seed(0)
    discriminators = Discriminators(SMALL)
    images = torch.randn(2, 1, 64, 80, requires_grad=True)
    scores = discriminators(images, torch.rand(2, 2, 2))
    later = discriminators(images, torch.rand(2, 2, 2))  # two calls, then one backward
    (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    (gradient.square().sum() + later.sum()).backward()
    for name, parameter in discriminators.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_half_precision_around_it_leaves_crops_and_scores_in_float32():
    discriminators = Discriminators(SMALL)
    images, places = torch.randn(1, 1, 64, 80), torch.rand(1, 2, 2)
    plain = discriminators.crops(images, places)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(discriminators.crops(images, places)[1], plain[1])
        assert discriminators(images, places).dtype == torch.float32
        layer = SpectralConv(3, 4).eval()
        rounded = layer.kernel()
    assert torch.equal(rounded, layer.kernel())


def test_images_that_are_too_small_are_refused():
    with pytest.raises(InputError, match="280 px does not fit into images of 64 px"):
        Discriminators()(torch.zeros(1, 1, 64, 64), torch.zeros(1, 3, 2))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scales": (70, 100)}, "multiples"),
        ({"scales": ()}, "multiples"),
        ({"side": 20, "scales": (20,)}, "too small"),
        ({"widths": ()}, "too small"),
        ({"resize": "bicubic"}, "decimate or average"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        DiscriminatorConfig(**changes)


def test_sizes_survive_their_own_dictionary():
    assert DiscriminatorConfig.from_dict(json.loads(json.dumps(SMALL.to_dict()))) == SMALL
