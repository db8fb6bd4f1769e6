"""`stemgan catalogue train`: other backbones, presets, limits, tracking, many jobs."""

import re

import pytest
import torch
from omegaconf import OmegaConf

from stemgan.cli import main
from stemgan.cli.catalogues.train import CATALOGUE, text
from stemgan.cli.overrides import composed, configuration_folder

pytest.importorskip("transformers", reason="backbones need the extra catalogue")
pytest.importorskip("sklearn", reason="figures need the extra catalogue")

from stemgan_data_prep.catalogue.classifier import Classifier
from stemgan_data_prep.catalogue.classifier_file import load_classifier
from tests.classifying import checkpoint, overrides

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # Lightning's own, on small machines
    pytest.mark.usefixtures("small_networks"),
]
TRAIN = ["catalogue", "train"]
PRESETS = configuration_folder() / "catalogue"


@pytest.fixture(scope="module")
def other(kinds, tmp_path_factory):
    """Train what others start from."""
    run = tmp_path_factory.mktemp("runs") / "other"
    assert main([*TRAIN, *overrides(kinds, run, "epochs=1")]) == 0
    return run


@pytest.mark.parametrize("start", ["features", "fine-tune", "features-then-fine-tune"])
def test_a_backbone_of_another_run_is_kept_or_trained_on(kinds, other, tmp_path, start):
    words = overrides(kinds, tmp_path, f"start={start}", f"pretrained={other.as_posix()}")
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


def test_what_hydra_shows_and_runs_many_of(kinds, tmp_path, capsys):
    assert main([*TRAIN, "--cfg", "job", "backbone=resnet34"]) == 0
    assert "backbone: resnet34" in capsys.readouterr().out
    words = overrides(kinds, tmp_path / "runs", "epochs=1", "trainer.max_steps=1", "seed=0,1")
    assert main([*TRAIN, "-m", *words]) == 0
    for job in ("0", "1"):
        assert load_classifier(tmp_path / "runs" / job)[1].training["seed"] == int(job)


@pytest.mark.parametrize("name", sorted(path.stem for path in PRESETS.glob("*.yaml")))
def test_what_presets_say_trains(kinds, tmp_path, name):
    words = [f"catalogue={name}", *overrides(kinds, tmp_path, "trainer.max_steps=1")]
    words = [word for word in words if not word.startswith(("backbone=", "sizes=", "epochs="))]
    config = composed([*words, "start=scratch"], CATALOGUE)
    least = {"inception-v3": 75}.get(config.backbone, 32)
    sizes = [least + 8 * number for number in range(len(config.sizes))]
    assert main([*TRAIN, *words, "start=scratch", f"sizes={sizes}"]) == 0
    assert load_classifier(tmp_path)[1].backbone == config.backbone


def test_a_time_limit_ends_training_with_a_classifier(kinds, tmp_path):
    words = overrides(kinds, tmp_path, "epochs=10000", "model.patience=10000")
    assert main([*TRAIN, *words, "+trainer.max_time=00:00:00:01"]) == 0
    steps = load_classifier(tmp_path)[1].training["steps"]
    assert 0 < steps < 4 * 10000


def test_a_run_is_tracked_by_weights_and_biases_without_a_connection(
    kinds, tmp_path, monkeypatch
):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_SILENT", "true")
    offline = ["logger=wandb", "logger.wandb.offline=true", "report=true"]
    words = overrides(kinds, tmp_path, *offline, "trainer.max_steps=1")
    assert main([*TRAIN, *words]) == 0
    assert list((tmp_path / "wandb").glob("offline-run-*/files/media/images/confusion*.png"))


def test_a_loss_that_is_not_finite_ends_training(kinds, tmp_path, capsys, monkeypatch):
    def broken(self, logits, labels, smoothing):
        return logits.sum(1) * float("nan")

    monkeypatch.setattr(Classifier, "_loss", broken)
    with pytest.raises(SystemExit) as leaving:
        main([*TRAIN, *overrides(kinds, tmp_path)])
    assert leaving.value.code == 1
    assert "the loss of step 0 is not finite" in capsys.readouterr().err
    assert (tmp_path / "diverged_step_0.pt").is_file()


def test_a_run_without_test_pictures_says_so(kinds, tmp_path, capsys):
    words = overrides(kinds, tmp_path, "trainer.max_steps=1")
    words[words.index("split=[0.7,0.15,0.15]")] = "split=[0.8,0.2,0]"
    assert main([*TRAIN, *words]) == 0
    said = capsys.readouterr()
    assert "no picture is kept for a test" in said.err
    assert "6 validation images" in said.out


@pytest.mark.parametrize(("accuracy", "temperature"), [(0.25, 99.9994), (0.75, 1.2)])
def test_a_classifier_that_tells_nothing_is_said_to(accuracy, temperature):
    found = dict.fromkeys(("accuracy", "precision", "recall", "f1"), accuracy)
    found |= {"images": 8, "groups": 8, "most_frequent": 0.25}
    run = {"output_dir": "run", "steps": 3, "best_step": 2, "side": 32, "classes": ["a", "b"]}
    made = {"classifier": "c", "report": None, "temperature": temperature, "test": found}
    said = text(run | made)
    useless = accuracy == 0.25
    assert ("always naming the most frequent class (25.0 %)" in said) == useless
    assert ("the temperature 100 is at its bound" in said) == useless


def test_the_help_names_entries_that_there_are(capsys):
    assert main([*TRAIN, "--help"]) == 0
    entries = re.findall(r"^  ([a-z_.]+)=(\S+)", capsys.readouterr().out, re.MULTILINE)
    assert len(entries) == 16
    config = composed(["images=there"], CATALOGUE)
    for name, default in entries:
        if name == "catalogue":
            assert (PRESETS / f"{default}.yaml").is_file()
        elif name not in ("images", "output_dir"):
            value = OmegaConf.select(config, name, throw_on_missing=True)
            assert str(value).replace(" ", "").replace("None", "null") == default, name
        else:
            assert name in config
