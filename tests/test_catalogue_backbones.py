"""Backbones: published sizes, layers, freezing, and that nothing asks the network."""

import socket
import sys
from types import ModuleType

import pytest
import torch
from torch import nn

from stemgan.errors import InputError
from stemgan_data_prep.catalogue.backbones import BACKBONES, make_network
from stemgan_data_prep.catalogue.backbones.efficient import Skipping
from stemgan_data_prep.catalogue.extras import needed

PARAMETERS = {  # as published with 1,000 classes, less their heads
    "resnet18": 11_689_512 - 513_000,
    "resnet34": 21_797_672 - 513_000,
    "resnet50": 25_557_032 - 2_049_000,
    "resnet101": 44_549_160 - 2_049_000,
    "efficientnet-b0": 5_288_548 - 1_281_000,
    "efficientnet-b1": 7_794_184 - 1_281_000,
    "efficientnet-b2": 9_109_994 - 1_409_000,
    "efficientnet-b3": 12_233_232 - 1_537_000,
    "inception-v3": 23_834_568 - 2_049_000,
}


@pytest.fixture(scope="module", autouse=True)
def no_network():
    """Make every attempt to reach another machine an error."""

    def refuse(*_args, **_keywords):
        raise AssertionError("something asked the network")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", refuse)
        patch.setattr(socket.socket, "connect", refuse)
        yield


def made(backbone, *arguments, **options):
    if not backbone.startswith("inception"):
        pytest.importorskip("transformers", reason="ResNet and EfficientNet need transformers")
    return make_network(backbone, *arguments, **options)


@pytest.fixture(scope="module")
def inception():
    return make_network("inception-v3", 5).eval()


def test_every_backbone_has_a_published_size():
    assert set(PARAMETERS) == set(BACKBONES)


@pytest.mark.parametrize("backbone", [name for name in BACKBONES if name != "resnet101"])
def test_backbones_have_the_published_size_and_give_every_layer(backbone):
    network = made(backbone, 7).eval()
    assert sum(value.numel() for value in network.backbone.parameters()) == PARAMETERS[backbone]
    pictures = torch.rand(2, 1, 80, 76)
    with torch.no_grad():
        pooled = network.features(pictures)
        assert pooled.shape == (2, network.head[-1].in_features)
        torch.testing.assert_close(network(pictures), network.head(pooled))
        torch.testing.assert_close(network.features(pictures, "logits"), network(pictures))
        assert network(pictures).shape == (2, 7)
        widths = [network.features(pictures, layer).shape for layer in network.layers]
    assert all(len(shape) == 2 and shape[0] == 2 for shape in widths)
    assert network.layers[-2:] == ("pooled", "logits")


def test_the_last_stage_of_a_resnet_is_what_is_pooled():
    network = made("resnet18", 3).eval()
    pictures = torch.rand(2, 1, 64, 64)
    torch.testing.assert_close(network.features(pictures, "stage4"), network.features(pictures))


@pytest.mark.parametrize(
    ("side", "grids"),
    [(75, (7, 3, 1)), (96, (9, 4, 1)), (224, (25, 12, 5)), (299, (35, 17, 8))],
)
def test_inception_has_the_grids_of_the_paper(inception, side, grids):
    pictures = torch.zeros(1, 3, side, side)
    with torch.no_grad():
        maps = [inception.backbone(pictures, f"stage{stage}") for stage in (2, 3, 4)]
    channels = (288, 768, 2048)
    assert [tuple(map_.shape) for map_ in maps] == [
        (1, count, grid, grid) for count, grid in zip(channels, grids, strict=True)
    ]


def test_inception_has_the_names_of_torchvision(inception):
    shapes = {name: tuple(v.shape) for name, v in inception.backbone.net.state_dict().items()}
    assert shapes["Conv2d_1a_3x3.conv.weight"] == (32, 3, 3, 3)
    assert shapes["Mixed_5b.branch5x5_2.conv.weight"] == (64, 48, 5, 5)
    assert shapes["Mixed_6c.branch7x7dbl_4.conv.weight"] == (160, 160, 7, 1)
    assert shapes["Mixed_7a.branch7x7x3_4.bn.running_var"] == (192,)
    assert shapes["Mixed_7c.branch3x3dbl_3b.conv.weight"] == (384, 384, 3, 1)
    assert sum(name.endswith("conv.weight") for name in shapes) == 94


def test_pictures_that_are_too_small_are_refused(inception):
    with pytest.raises(InputError, match="74 px are too small for inception-v3: give 75 px"):
        inception(torch.zeros(1, 1, 74, 90))


def test_pictures_are_normalised_as_the_weights_expect(inception):
    seen = {}
    handle = inception.backbone.register_forward_pre_hook(
        lambda _module, inputs: seen.update(pictures=inputs[0])
    )
    with torch.no_grad():
        inception(torch.linspace(0, 1, 75 * 75).reshape(1, 1, 75, 75))
    handle.remove()
    assert seen["pictures"].shape == (1, 3, 75, 75)
    assert seen["pictures"].min() == -1
    assert seen["pictures"].max() == 1


def test_a_frozen_backbone_neither_learns_nor_drifts():
    network = made("resnet18", 3).frozen().train()
    before = {name: value.clone() for name, value in network.backbone.state_dict().items()}
    network(torch.rand(4, 1, 32, 32)).sum().backward()
    assert all(value.grad is None for value in network.backbone.parameters())
    assert network.head[-1].weight.grad is not None
    assert network.head.training
    torch.testing.assert_close(dict(network.backbone.state_dict()), before)

    network.frozen(False)
    network(torch.rand(4, 1, 32, 32)).sum().backward()
    assert all(value.grad is not None for value in network.backbone.parameters())
    name = "net.embedder.embedder.normalization.running_mean"
    assert not torch.equal(network.backbone.state_dict()[name], before[name])


def test_freezing_in_evaluation_stays_in_evaluation(inception):
    inception.frozen()
    inception.frozen(False)
    assert not any(module.training for module in inception.modules())


def test_an_efficientnet_starts_with_gains_of_one_and_slow_statistics():
    network = made("efficientnet-b0", 3)
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert all(torch.equal(norm.weight, torch.ones_like(norm.weight)) for norm in norms)
    assert {norm.momentum for norm in norms} == {0.1}
    assert max(m.rate for m in network.modules() if isinstance(m, Skipping)) == pytest.approx(
        0.2 * 15 / 16
    )
    with torch.no_grad():  # in training, as eval mode has no statistics yet
        stage = network.train().features(torch.rand(4, 1, 64, 64), "stage7")
    assert stage.std(0).mean() > 0.05  # the library's own start leaves 1e-4 and less


def test_skipping_leaves_out_whole_samples_and_keeps_the_mean():
    torch.manual_seed(0)
    skipped = Skipping(0.25).train()(torch.ones(4000, 2, 3, 3))
    per_sample = skipped.flatten(1)
    assert torch.equal(per_sample.min(1).values, per_sample.max(1).values)
    assert per_sample.mean() == pytest.approx(1, abs=0.05)
    assert torch.equal(Skipping(0.25).eval()(torch.ones(2, 1, 1, 1)), torch.ones(2, 1, 1, 1))


@pytest.mark.parametrize(
    ("backbone", "message"),
    [("resnet-50", "did you mean resnet50?"), ("alexnet", "choose resnet18, ")],
)
def test_unknown_backbones_are_refused(backbone, message):
    with pytest.raises(InputError, match=message):
        make_network(backbone, 3)


def test_unknown_layers_are_refused(inception):
    with pytest.raises(InputError, match="did you mean stage3"):
        inception.features(torch.zeros(1, 1, 75, 75), "stage33")


@pytest.mark.parametrize(("classes", "dropout"), [(0, 0.2), (3, 1.0), (3, -0.1)])
def test_numbers_out_of_range_are_refused(classes, dropout):
    with pytest.raises(InputError, match="give a"):
        make_network("inception-v3", classes, dropout=dropout)


def test_timm_is_refused_with_the_reason_where_it_does_not_import(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(InputError, match=r"timm need it .*None in sys.modules"):
        make_network("timm:resnet18", 3)


def test_a_model_of_timm_is_asked_for_without_weights(monkeypatch):
    asked = {}

    def create_model(name, **options):
        asked.update(name=name, **options)
        net = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 6))
        net.num_features, net.pretrained_cfg = 6, {"mean": (0.1,) * 3, "std": (0.2,) * 3}
        return net

    module = ModuleType("timm")
    module.create_model = create_model
    monkeypatch.setitem(sys.modules, "timm", module)
    network = make_network("timm:small", 3).eval()
    assert asked == {"name": "small", "pretrained": False, "num_classes": 0}
    assert network.layers == ("pooled", "logits")
    assert network(torch.rand(2, 1, 40, 40)).shape == (2, 3)
    assert network.mean.flatten().tolist() == pytest.approx([0.1] * 3)


def test_what_is_missing_names_the_extra(monkeypatch):
    with pytest.raises(InputError, match=r"no_such_thing is missing.*stemgan\[catalogue\]"):
        needed("no_such_thing")
    monkeypatch.setattr(
        "stemgan_data_prep.catalogue.extras.import_module",
        lambda _name: (_ for _ in ()).throw(OSError("libcudart is not there\nmore")),
    )
    with pytest.raises(InputError, match=r"\(libcudart is not there\)"):
        needed("heavy")
