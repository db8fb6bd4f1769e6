"""Weights of backbones from files, folders and the user's cache; classifiers in files."""

import socket

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional

from stemgan.errors import InputError
from stemgan_data_prep.catalogue.backbones import make_network
from stemgan_data_prep.catalogue.classifier_file import (
    FILE_NAME,
    Info,
    find_classifier,
    load_classifier,
    save_classifier,
)

pytest.importorskip("transformers", reason="ResNet and EfficientNet need transformers")
THREE = Info(("fibres", "powder", "tips"), "resnet18", 64, 1.5, {"steps": 7, "loss": 0.25})


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_args, **_keywords):
        raise AssertionError("something asked the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(scope="module")
def network():
    """A ResNet-18 whose statistics and biases are not those of a new one."""
    torch.manual_seed(1)
    network = make_network("resnet18", 3)
    with torch.no_grad():
        for _ in range(3):
            network(torch.rand(8, 1, 32, 32))
    network.mean.fill_(0.4)
    return network.eval()


@pytest.fixture(scope="module")
def classifier(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / FILE_NAME
    save_classifier(path, network, THREE)
    return path


def tensors_of(network):
    return {name: value.clone() for name, value in network.backbone.net.state_dict().items()}


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


def test_a_classifier_file_gives_the_same_logits_and_words(network, classifier):
    state = torch.get_rng_state()
    loaded, info = load_classifier(classifier)
    assert torch.equal(torch.get_rng_state(), state)
    assert info == THREE
    assert not loaded.training
    pictures = torch.rand(2, 1, 40, 36)
    with torch.no_grad():
        assert torch.equal(loaded(pictures), network(pictures))
    assert find_classifier(classifier.parent) == classifier
    assert load_classifier(classifier.parent)[1] == THREE


def test_half_a_classifier_file_gives_nearly_the_same_logits(network, classifier, tmp_path):
    path = tmp_path / "half.safetensors"
    save_classifier(path, network, THREE, half=True)
    assert path.stat().st_size == pytest.approx(classifier.stat().st_size / 2, rel=0.01)
    pictures = torch.rand(2, 1, 32, 32)
    with torch.no_grad():
        logits, exact = load_classifier(path)[0](pictures), network(pictures)
    torch.testing.assert_close(logits, exact, atol=0.01 * float(exact.abs().max()), rtol=0)
    kinds = {name: value.dtype for name, value in load_file(path).items()}
    assert kinds["backbone.net.embedder.embedder.convolution.weight"] == torch.float16
    assert kinds["backbone.net.embedder.embedder.normalization.running_var"] == torch.float32
    assert kinds["mean"] == torch.float32


@pytest.mark.parametrize(
    "info",
    [Info(("a", "b"), "resnet18", 64), Info(("a", "b", "c"), "resnet34", 64)],
)
def test_a_file_must_say_what_its_network_is(network, tmp_path, info):
    with pytest.raises(InputError, match="of a resnet18 with 3"):
        save_classifier(tmp_path / "c.safetensors", network, info)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "changes",
    [{"classes": ()}, {"classes": ("a", "a")}, {"side": 0}, {"temperature": 0.0}],
)
def test_words_that_make_no_sense_are_refused(changes):
    with pytest.raises(InputError, match="give"):
        Info(**{"classes": ("a", "b"), "backbone": "resnet18", "side": 64, **changes})


def test_weights_that_are_not_finite_are_not_written(tmp_path):
    network = make_network("efficientnet-b0", 2)
    nn.init.constant_(network.head[-1].weight, torch.inf)
    with pytest.raises(InputError, match=r"weights head\.1\.weight are not finite in float32"):
        save_classifier(tmp_path / "c.safetensors", network, Info(("a", "b"), network.name, 64))
    assert not list(tmp_path.iterdir())


def test_what_is_no_classifier_is_refused_in_a_sentence(classifier, tmp_path):
    path = tmp_path / "c.safetensors"
    with pytest.raises(InputError, match=r"there is no classifier .*c\.safetensors"):
        load_classifier(path)
    path.write_bytes(classifier.read_bytes()[:-100])
    with pytest.raises(InputError, match="not a readable weights file"):
        load_classifier(path)
    save_file({"weight": torch.zeros(3)}, path)
    with pytest.raises(InputError, match="holds no classifier of this version"):
        load_classifier(path)
    header = {"format": "stemgan-classifier-1", "classifier": '{"classes": ["a", "b"]}'}
    save_file({"weight": torch.zeros(3)}, path, header)
    with pytest.raises(InputError, match="not a whole classifier"):
        load_classifier(path)


def test_a_backbone_comes_from_a_classifier_of_other_classes(network, classifier):
    other = make_network("resnet18", 6, pretrained=classifier)
    assert same(tensors_of(other), tensors_of(network))
    assert torch.equal(other.mean, network.mean)
    assert other.head[-1].out_features == 6
    assert other.origin == f"120 tensors of {classifier}"
    by_run = make_network("resnet18", 2, pretrained=classifier.parent)
    assert same(tensors_of(by_run), tensors_of(network))


def test_a_backbone_does_not_come_from_another(classifier):
    with pytest.raises(InputError, match="holds a resnet18, not a resnet34"):
        make_network("resnet34", 3, pretrained=classifier)


def test_a_folder_and_a_name_in_the_cache_are_read(network, tmp_path, monkeypatch):
    from huggingface_hub import constants

    snapshot = tmp_path / "models--lab--resnet18.a1" / "snapshots" / "0123"
    snapshot.mkdir(parents=True)
    named = {f"resnet.{name}": value for name, value in tensors_of(network).items()}
    save_file({**named, "classifier.1.bias": torch.zeros(1000)}, snapshot / "model.safetensors")
    references = tmp_path / "models--lab--resnet18.a1" / "refs"
    references.mkdir()
    (references / "main").write_text("0123")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    for source in ("lab/resnet18.a1", snapshot):
        assert same(tensors_of(make_network("resnet18", 2, pretrained=source)), named_of(named))
    for missing in ("lab/another", "no_such_file.pth", tmp_path / "nothing"):
        with pytest.raises(InputError, match="nothing is fetched here"):
            make_network("resnet18", 2, pretrained=missing)
    with pytest.raises(InputError, match=r"holds no weights: it needs classifier\.safetensors"):
        make_network("resnet18", 2, pretrained=references)


def named_of(prefixed):
    return {name.removeprefix("resnet."): value for name, value in prefixed.items()}


def test_a_tensor_that_is_missing_or_of_another_shape_is_named(network, tmp_path):
    path, tensors = tmp_path / "w.pth", tensors_of(network)
    fresh = make_network("resnet18", 2)
    before = tensors_of(fresh)
    from stemgan_data_prep.catalogue.backbones.pretrained import load_pretrained

    name = "encoder.stages.3.layers.1.layer.1.convolution.weight"
    whole = tensors.pop(name)
    torch.save(tensors, path)
    with pytest.raises(InputError, match=r"99 of the 100 tensors .*3\.layers\.1\.layer\.1"):
        load_pretrained(fresh, path)
    torch.save({**tensors, name: whole[:, :, :1]}, path)
    with pytest.raises(InputError, match=r"\(512, 512, 1, 3\) where resnet18 has"):
        load_pretrained(fresh, path)
    torch.save({"other.weight": whole}, path)
    with pytest.raises(InputError, match="has 0 of the 100 tensors"):
        load_pretrained(fresh, path)
    assert same(tensors_of(fresh), before)
    assert fresh.origin == "random"


class Harmful:
    """Reading it would write a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_file_cannot_run_code(tmp_path):
    path, written = tmp_path / "w.pth", tmp_path / "written"
    torch.save({"state_dict": Harmful(written)}, path)
    with pytest.raises(InputError, match="without running code"):
        make_network("resnet18", 2, pretrained=path)
    assert not written.exists()


@pytest.mark.parametrize(
    "content", [b"", b"no weights", b"\x80\x02.", b"PK\x03\x04", bytes(99)]
)
def test_a_file_of_something_else_is_refused(tmp_path, content):
    path = tmp_path / "w.pth"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"w\.pth is no state dict"):
        make_network("efficientnet-b0", 2, pretrained=path)


class Block(nn.Module):
    """A block of two convolutions, its parts named as torchvision names them."""

    def __init__(self, channels, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        if stride == 2:
            convolution = nn.Conv2d(channels, width, 1, stride, bias=False)
            self.downsample = nn.Sequential(convolution, nn.BatchNorm2d(width))

    def forward(self, x):
        y = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        return functional.relu(y + (self.downsample(x) if hasattr(self, "downsample") else x))


class ResNet18(nn.Module):
    """A ResNet-18, its parts named as torchvision names them."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = nn.Sequential(Block(64, 64, 1), Block(64, 64, 1))
        self.layer2 = nn.Sequential(Block(64, 128, 2), Block(128, 128, 1))
        self.layer3 = nn.Sequential(Block(128, 256, 2), Block(256, 256, 1))
        self.layer4 = nn.Sequential(Block(256, 512, 2), Block(512, 512, 1))
        self.fc = nn.Linear(512, 1000)

    def forward(self, x):
        x = functional.max_pool2d(functional.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        return self.layer4(self.layer3(self.layer2(self.layer1(x)))).mean((-2, -1))


def test_a_resnet_with_the_names_of_torchvision_computes_the_same(tmp_path):
    theirs = ResNet18()
    with torch.no_grad():
        theirs(torch.rand(4, 3, 64, 64))  # statistics that are not those of a new one
    theirs.eval()
    path = tmp_path / "resnet18.pth"
    torch.save(theirs.state_dict(), path)
    ours = make_network("resnet18", 2, pretrained=path).eval()
    pictures = torch.rand(2, 1, 64, 48)
    with torch.no_grad():
        expected = theirs((pictures - ours.mean) / ours.deviation)
        torch.testing.assert_close(ours.features(pictures), expected, atol=1e-4, rtol=1e-4)


def test_an_inception_file_of_torchvision_loads(tmp_path):
    theirs = tensors_of(make_network("inception-v3", 4))
    old = {name: value for name, value in theirs.items() if "num_batches" not in name}
    extras = {"fc.weight": torch.zeros(1000, 2048), "AuxLogits.fc.bias": torch.zeros(1000)}
    path = tmp_path / "inception_v3.pth"
    torch.save({**old, **extras}, path)
    ours = make_network("inception-v3", 3, pretrained=path)
    assert same(tensors_of(ours), theirs)
    assert ours.origin.startswith(f"{len(old)} tensors of ")
