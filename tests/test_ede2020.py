"""The 2020 generator: its published sizes and cost, and its layers against their formulas."""

import json

import pytest
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from stemgan.errors import InputError
from stemgan.networks.ede2020 import (
    Ede2020Config,
    Ede2020Generator,
    decimated,
    ede2020_input,
)
from stemgan.networks.ede2020.layers import Block, Conv, TransposedConv

TINY = Ede2020Config(inner=(6, 5, 4, 3, 2), blocks=1, outer=(4, 6), outer_blocks=1)


@pytest.fixture(scope="module")
def published():
    torch.manual_seed(0)
    return Ede2020Generator().eval()


def test_parameters_are_as_many_as_published(published):
    counts = {
        name: sum(p.numel() for p in part.parameters())
        for name, part in published.named_children()
    }
    assert counts == {"inner": 105_760_576, "outer": 380_418, "auxiliary": 37_570}
    assert counts["inner"] + counts["outer"] == 106_140_994
    middle = published.inner[5].convs[0]
    assert sum(p.numel() for p in middle.parameters()) == 5_309_952


def test_a_forward_pass_costs_what_is_published():
    with torch.device("meta"):
        generator = Ede2020Generator().eval()
        scan = torch.empty(1, 1, 512, 512)

    def gmac(*args):
        with FlopCounterMode(display=False) as counter:
            generator(scan, *args)
        return counter.get_total_flops() / 2 / 1e9

    assert gmac() == pytest.approx(60.5, abs=0.05)
    assert gmac(True) - gmac() == pytest.approx(2.5, abs=0.1)


def test_an_untrained_generator_says_what_the_published_one_does(published):
    scan = torch.rand(1, 1, 256, 256, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        out = published(scan, auxiliary=True)
    assert 0.025 < out.image.std() < 0.1  # about 0.05: filters of unit norm
    assert 0.0015 < out.half.std() < 0.006  # about 0.003


@pytest.mark.parametrize("shape", [(32, 32), (64, 96)])
def test_shapes_and_the_auxiliary_head(shape):
    generator = Ede2020Generator(TINY)
    scan = torch.rand(2, 1, *shape)
    out = generator(scan)
    assert out.image.shape == scan.shape
    assert out.half is not None
    assert out.half.shape == decimated(scan).shape == (2, 1, shape[0] // 2, shape[1] // 2)
    generator.eval()
    assert generator(scan).half is None
    assert generator(scan, auxiliary=True).half is not None


def test_every_weight_learns_and_samples_do_not_meet():
    torch.manual_seed(0)
    generator = Ede2020Generator(TINY)
    scan = torch.rand(2, 1, 64, 96)
    out = generator(scan)
    (out.image.square().mean() + out.half.square().mean()).backward()
    for name, parameter in generator.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name
    alone = generator(scan[1:])
    torch.testing.assert_close(alone.image[0], out.image[1])
    torch.testing.assert_close(alone.half[0], out.half[1])


def tensorflow_same(image, kernel):
    """Convolve with stride 2 as TensorFlow pads: ceil(H / 2) out, the odd zero after."""
    _, height, width = image.shape
    after, _, side, _ = kernel.shape
    extra = [max((-(-n // 2) - 1) * 2 + side - n, 0) for n in (height, width)]
    padded = torch.zeros(len(image), height + extra[0], width + extra[1])
    top, left = extra[0] // 2, extra[1] // 2
    padded[:, top : top + height, left : left + width] = image
    out = torch.zeros(after, height // 2, width // 2)
    for y in range(height // 2):
        for x in range(width // 2):
            window = padded[:, 2 * y : 2 * y + side, 2 * x : 2 * x + side]
            out[:, y, x] = (kernel * window).sum(dim=(1, 2, 3))
    return out


def test_strided_convolutions_pad_as_tensorflow():
    torch.manual_seed(0)
    conv = Conv(3, 4, stride=2, slope=1)
    image = torch.randn(3, 10, 14)
    out = conv(image[None])[0]
    torch.testing.assert_close(out, tensorflow_same(image, conv.kernel()))


def test_a_transposed_convolution_is_the_adjoint_of_a_strided_one():
    torch.manual_seed(0)
    up = TransposedConv(5, 3, slope=1, centred=False)
    torch.nn.init.normal_(up.g)
    y = torch.randn(5, 6, 8)
    x = torch.randn(3, 12, 16)
    down_x = tensorflow_same(x, up.kernel())  # (before, after) of `up` is (after, before)
    torch.testing.assert_close((down_x * y).sum(), (x * up(y[None])[0]).sum())


def test_weights_are_normalised_by_output_or_for_transposed_ones_by_input_channel():
    torch.manual_seed(0)
    conv, up = Conv(3, 4, 5), TransposedConv(3, 4)
    for layer in (conv, up):
        torch.nn.init.normal_(layer.g)
    for o in range(4):
        expected = conv.g[o] * conv.v[o] / conv.v[o].square().sum().sqrt()
        torch.testing.assert_close(conv.kernel()[o], expected)
        for i in range(3):
            expected = up.g[o] * up.v[i, o] / up.v[i].square().sum().sqrt()
            torch.testing.assert_close(up.kernel()[i, o], expected)


@pytest.mark.parametrize("centred", [True, False])
def test_mean_only_normalisation_centres_each_image_then_adds_the_bias(centred):
    torch.manual_seed(0)
    conv = Conv(2, 3, slope=0.1, centred=centred).eval()
    torch.nn.init.normal_(conv.b)
    image = 5 + torch.randn(2, 2, 8, 9)
    plain = F.conv2d(image, conv.kernel(), padding=1)
    if centred:
        plain = plain - plain.mean(dim=(2, 3), keepdim=True)
    plain = plain + conv.b[None, :, None, None]
    expected = torch.where(plain > 0, plain, 0.1 * plain)
    torch.testing.assert_close(conv(image), expected)


def test_which_layers_are_centred_and_how_they_rectify(published):
    inner = [m for m in published.inner.modules() if isinstance(m, Conv | TransposedConv)]
    assert [m.centred for m in inner] == [True] + 22 * [False] + 4 * [True]
    assert [m.slope for m in inner] == [0.1] + 26 * [0.01]
    outer = [m for m in published.outer.modules() if isinstance(m, Conv | TransposedConv)]
    assert [m.centred for m in outer] == [True] + 10 * [False] + [True, False, False]
    assert [m.slope for m in outer] == [0.1, 0.1] + 11 * [0.01] + [1]
    assert all((m.g == 1).all() and (m.b == 0).all() for m in inner + outer)
    assert inner[6].v.std().item() == pytest.approx(0.05, rel=0.01)


def test_blocks_add_three_convolutions_and_rectify_nothing_after():
    torch.manual_seed(0)
    block = Block(3)
    x = torch.randn(1, 3, 8, 8) - 3
    inside = block.convs[2](block.convs[1](block.convs[0](x)))
    torch.testing.assert_close(block(x), x + inside)
    assert len(block.convs) == 3


def test_scans_go_to_0_1_by_background_and_largest_measured_value():
    mask = torch.tensor([[[[1.0, 0, 1]]], [[[0, 2, 0.5]]]])
    measured = torch.tensor([[[[-0.5, -0.5, 0.25]]], [[[0.5, 0.5, 3.0]]]])
    scan, unscale = ede2020_input(measured, mask)
    expected = (measured + 1) / torch.tensor([1.25, 4.0])[:, None, None, None]
    torch.testing.assert_close(scan, expected)
    torch.testing.assert_close(unscale(2 * scan - 1), measured)


def test_a_measured_vacuum_is_finite():
    vacuum = torch.full((1, 1, 4, 4), -1.0)
    scan, unscale = ede2020_input(vacuum, torch.ones_like(vacuum))
    assert (scan == 0).all()
    torch.testing.assert_close(unscale(2 * scan - 1), vacuum)


def test_sizes_survive_their_own_dictionary():
    assert Ede2020Config.from_dict(json.loads(json.dumps(TINY.to_dict()))) == TINY


@pytest.mark.parametrize("sizes", [{"inner": (64, 128)}, {"outer": (32, 48)}, {"outer": (64,)}])
def test_sizes_that_do_not_fit_are_refused(sizes):
    with pytest.raises(InputError, match="do not fit"):
        Ede2020Config(**sizes)
