"""Logits of a general network: its own head, from the file of its weights."""

import json

import numpy as np
import pytest
import tifffile
import torch
from safetensors.torch import save_file

from stemgan.cli.catalogues import explore
from stemgan.errors import InputError
from stemgan_data_prep.catalogue.backbones import make_network
from stemgan_data_prep.catalogue.classifier_file import FILE_NAME, Info, save_classifier

transformers = pytest.importorskip("transformers", reason="ResNet needs transformers")
torch.manual_seed(1)


def published(kind, **options):
    """A network with a head of 7 classes, as transformers has it."""
    config = getattr(transformers, f"{kind}Config")(num_labels=7, **options)
    return getattr(transformers, f"{kind}ForImageClassification")(config).eval()


@pytest.mark.parametrize(
    ("name", "kind", "options"),
    [
        (
            "resnet18",
            "ResNet",
            {
                "layer_type": "basic",
                "hidden_sizes": [64, 128, 256, 512],
                "depths": [2, 2, 2, 2],
            },
        ),
        ("efficientnet-b0", "EfficientNet", {"width_coefficient": 1.0, "hidden_dim": 1280}),
    ],
)
def test_logits_are_those_of_the_whole_network(name, kind, options, tmp_path):
    if kind == "EfficientNet":
        options |= {"depth_coefficient": 1.0, "depthwise_padding": []}
    theirs = published(kind, **options)
    started = make_network(name, 1).backbone.net.state_dict()  # theirs begins near 0
    theirs.base_model.load_state_dict(started)
    for value in theirs.classifier.parameters():
        torch.nn.init.normal_(value)
    path = tmp_path / "model.safetensors"
    save_file({key: value.contiguous() for key, value in theirs.state_dict().items()}, path)
    ours = make_network(name, None, pretrained=path).eval()
    pictures = torch.rand(2, 1, 64, 64)
    with torch.no_grad():
        expected = theirs((pictures - ours.mean) / ours.deviation).logits
        found = ours.features(pictures, "logits")
    assert found.shape == (2, ours.classes) == (2, 7)
    assert expected.std() > 0
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_the_head_of_inception_is_not_the_auxiliary_one(tmp_path):
    theirs = make_network("inception-v3", 1).backbone.net.state_dict()
    heads = {"AuxLogits.fc": (1000, 768), "fc": (1000, 2048)}
    for name, shape in heads.items():
        theirs |= {f"{name}.weight": torch.rand(shape), f"{name}.bias": torch.rand(shape[0])}
    torch.save(theirs, tmp_path / "inception_v3.pth")
    ours = make_network("inception-v3", None, pretrained=tmp_path / "inception_v3.pth")
    assert torch.equal(ours.head[-1].weight, theirs["fc.weight"])
    assert torch.equal(ours.head[-1].bias, theirs["fc.bias"])


def test_the_head_of_a_classifier_of_ours_is_kept(tmp_path):
    trained = make_network("resnet18", 3)
    save_classifier(tmp_path / FILE_NAME, trained, Info(("a", "b", "c"), "resnet18", 32))
    ours = make_network("resnet18", None, pretrained=tmp_path)
    assert torch.equal(ours.head[-1].weight, trained.head[-1].weight)


def test_a_head_that_is_not_there_is_refused(tmp_path):
    backbone = make_network("resnet18", 1).backbone.net.state_dict()
    torch.save(backbone, tmp_path / "w.pth")
    with pytest.raises(InputError, match=r"w\.pth has no head on 512 features"):
        make_network("resnet18", None, pretrained=tmp_path / "w.pth")
    with pytest.raises(InputError, match="give pretrained weights"):
        make_network("resnet18", None)


def test_an_archive_is_explored_by_the_logits_of_a_general_network(tmp_path, capsys):
    rng = np.random.default_rng(0)
    (tmp_path / "archive").mkdir()
    for number in range(24):
        picture = rng.normal(100, 10, (40, 40)).astype(np.float32)
        tifffile.imwrite(tmp_path / "archive" / f"{number}.tif", picture)
    trained = make_network("resnet18", 9)
    torch.save(trained.state_dict(), tmp_path / "w.pth")
    words = [str(tmp_path / "archive"), "--backbone", "resnet18", "--layer", "logits"]
    words += ["--pretrained", str(tmp_path / "w.pth"), "--side", "32", "--dims", "0"]
    words += ["--clusters", "2,3", "--methods", "ward", "--map", "pca", "--labels", "none"]
    explore.main([*words, "-o", str(tmp_path / "structure"), "--json"])
    assert json.loads(capsys.readouterr().out)["layer"] == "logits"
    kept = next((tmp_path / "structure" / "cache").glob("features-*.npz"))
    with np.load(kept) as arrays:
        assert arrays["features"].shape == (24, 9)
