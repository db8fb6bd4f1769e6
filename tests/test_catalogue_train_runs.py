"""`stemgan catalogue train`: other backbones, presets, limits, tracking, many jobs."""

import pytest
import torch

from stemgan.cli import main
from stemgan.cli.catalogues.train import CATALOGUE
from stemgan.cli.overrides import composed, configuration_folder

pytest.importorskip("transformers", reason="backbones need the extra catalogue")
pytest.importorskip("sklearn", reason="figures need the extra catalogue")

from stemgan_data_prep.catalogue.classifier import Classifier
from stemgan_data_prep.catalogue.classifier_file import load_classifier
from tests.classifying import checkpoint, overrides, pictures, small_networks

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's own, on small machines
TRAIN = ["catalogue", "train"]
PRESETS = configuration_folder() / "catalogue"


@pytest.fixture(scope="module", autouse=True)
def small():
    with pytest.MonkeyPatch.context() as patch:
        small_networks(patch)
        yield


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return pictures(tmp_path_factory.mktemp("pictures") / "kinds")


@pytest.fixture(scope="module")
def other(images, tmp_path_factory):
    """Train what others start from."""
    run = tmp_path_factory.mktemp("runs") / "other"
    assert main([*TRAIN, *overrides(images, run, "epochs=1")]) == 0
    return run


@pytest.mark.parametrize("start", ["features", "fine-tune", "features-then-fine-tune"])
def test_a_backbone_of_another_run_is_kept_or_trained_on(images, other, tmp_path, start):
    words = overrides(images, tmp_path, f"start={start}", f"pretrained={other.as_posix()}")
    assert main([*TRAIN, *words, "epochs=1", "model.head_epochs=1"]) == 0
    before, after = (load_classifier(path)[0] for path in (other, tmp_path))
    theirs = before.backbone.state_dict()
    last = checkpoint(tmp_path / "last.ckpt")
    kept = [
        torch.equal(theirs[name], last["state_dict"][f"network.backbone.{name}"])
        for name in theirs
    ]
    assert set(kept) == {start == "features"}  # what normalises, too
    assert last["phases"]["schedule"]["number"] == int(start == "features-then-fine-tune")
    assert not torch.equal(before.head[-1].weight, after.head[-1].weight)


def test_what_hydra_shows_and_runs_many_of(images, tmp_path, capsys):
    assert main([*TRAIN, "--cfg", "job", "backbone=resnet34"]) == 0
    assert "backbone: resnet34" in capsys.readouterr().out
    words = overrides(images, tmp_path / "runs", "epochs=1", "trainer.max_steps=1", "seed=0,1")
    assert main([*TRAIN, "-m", *words]) == 0
    for job in ("0", "1"):
        assert load_classifier(tmp_path / "runs" / job)[1].training["seed"] == int(job)


@pytest.mark.parametrize("name", sorted(path.stem for path in PRESETS.glob("*.yaml")))
def test_what_presets_say_trains(images, tmp_path, name):
    words = [f"catalogue={name}", *overrides(images, tmp_path, "trainer.max_steps=1")]
    words = [word for word in words if not word.startswith(("backbone=", "sizes=", "epochs="))]
    config = composed([*words, "start=scratch"], CATALOGUE)
    least = {"inception-v3": 75}.get(config.backbone, 32)
    sizes = [least + 8 * number for number in range(len(config.sizes))]
    assert main([*TRAIN, *words, "start=scratch", f"sizes={sizes}"]) == 0
    assert load_classifier(tmp_path)[1].backbone == config.backbone


def test_a_time_limit_ends_training_with_a_classifier(images, tmp_path):
    words = overrides(images, tmp_path, "epochs=10000", "model.patience=10000")
    assert main([*TRAIN, *words, "+trainer.max_time=00:00:00:01"]) == 0
    steps = load_classifier(tmp_path)[1].training["steps"]
    assert 0 < steps < 4 * 10000


def test_a_run_is_tracked_by_weights_and_biases_without_a_connection(
    images, tmp_path, monkeypatch
):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_SILENT", "true")
    offline = ["logger=wandb", "logger.wandb.offline=true", "report=true"]
    words = overrides(images, tmp_path, *offline, "trainer.max_steps=1")
    assert main([*TRAIN, *words]) == 0
    assert list((tmp_path / "wandb").glob("offline-run-*/files/media/images/confusion*.png"))


def test_a_loss_that_is_not_finite_ends_training(images, tmp_path, capsys, monkeypatch):
    def broken(self, logits, labels, smoothing):
        return logits.sum(1) * float("nan")

    monkeypatch.setattr(Classifier, "_loss", broken)
    with pytest.raises(SystemExit) as leaving:
        main([*TRAIN, *overrides(images, tmp_path)])
    assert leaving.value.code == 1
    assert "the loss of step 0 is not finite" in capsys.readouterr().err
    assert (tmp_path / "diverged_step_0.pt").is_file()
