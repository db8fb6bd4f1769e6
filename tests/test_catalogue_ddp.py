"""Two processes train a classifier as one does, before and after what is frozen."""

import pytest
import torch

from tests.classifying import checkpoint, overrides
from tests.training.runs import figures, start

pytest.importorskip("transformers", reason="backbones need the extra catalogue")
pytest.importorskip("sklearn", reason="figures need the extra catalogue")

from stemgan.cli import main
from stemgan_data_prep.catalogue.backbones import make_network
from stemgan_data_prep.catalogue.classifier_file import Info, load_classifier, save_classifier

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's own, on small machines
DDP = [
    "trainer=ddp",
    "trainer.accelerator=cpu",
    "trainer.devices=2",
    "trainer.precision=32-true",
]
COMMAND = "catalogue train"


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    """Write one with random weights."""
    file = tmp_path_factory.mktemp("weights") / "backbone.safetensors"
    torch.manual_seed(0)
    save_classifier(file, make_network("resnet18", 2), Info(("a", "b"), "resnet18", 32))
    return file


def test_two_processes_train_a_head_as_one_does_with_the_doubled_batch(
    kinds, backbone, tmp_path
):
    words = ["start=features", f"pretrained={backbone.as_posix()}", "model.dropout=0"]
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    together = start(
        [*overrides(kinds, shared, *words, *DDP), "data.batch_size=3"],
        tmp_path,
        command=COMMAND,
    )
    assert main([*COMMAND.split(), *overrides(kinds, alone, *words)]) == 0
    said = tmp_path / "said.txt"
    assert together.wait(timeout=300) == 0, said.read_text(encoding="utf-8")
    once, twice = figures(alone), figures(shared)
    assert {"val/loss", "val/macro_f1", "train/accuracy"} <= {name for _, name in twice}
    for (step, name), value in once.items():
        if name.startswith(("val/", "train/accuracy", "phase/", "learning_rate/")):
            assert twice[step, name] == pytest.approx(value, abs=1e-5), (step, name)
    one, two = (load_classifier(run)[0].state_dict() for run in (alone, shared))
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-4, atol=1e-5, msg=name)


def test_two_processes_learn_the_same_backbone_once_it_is_no_longer_frozen(
    kinds, backbone, tmp_path
):
    run = tmp_path / "run"
    words = ["start=features-then-fine-tune", f"pretrained={backbone.as_posix()}", "epochs=1"]
    words += ["model.head_epochs=1", "watching=classifier", "~watching.progress"]
    words += ["+watching.same._target_=tests.classifying.SameWeights", "data.batch_size=3"]
    together = start([*overrides(kinds, run, *DDP), *words], tmp_path, command=COMMAND)
    said = tmp_path / "said.txt"
    assert together.wait(timeout=300) == 0, said.read_text(encoding="utf-8")
    last = checkpoint(run / "last.ckpt")
    assert last["phases"]["schedule"]["finished"]
    frozen = load_classifier(backbone)[0].backbone.state_dict()
    learned = [
        name
        for name, value in frozen.items()
        if not torch.equal(value, last["state_dict"][f"network.backbone.{name}"])
    ]
    assert len(learned) == len(frozen)
