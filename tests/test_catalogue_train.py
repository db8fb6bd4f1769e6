"""`stemgan catalogue train`: a classifier in a folder, going on exactly, sentences."""

import csv
import json
import os
import signal
import sys

import pytest
import torch

from stemgan.cli import main
from tests.classifying import KINDS, checkpoint, overrides, pictures

pytest.importorskip("transformers", reason="backbones need the extra catalogue")
pytest.importorskip("sklearn", reason="figures need the extra catalogue")

from stemgan_data_prep.catalogue.classifier import Classifier
from stemgan_data_prep.catalogue.classifier_file import load_classifier
from stemgan_data_prep.catalogue.sides import read_split

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # Lightning's own, on small machines
    pytest.mark.usefixtures("small_networks"),
]
TRAIN = ["catalogue", "train"]
PHASES = ["sizes=[32,40]", "epochs=[2,1]"]


@pytest.fixture(scope="module")
def whole(kinds, tmp_path_factory):
    """Train through two sizes, without an interruption, and write the report."""
    run = tmp_path_factory.mktemp("runs") / "whole"
    assert main([*TRAIN, *overrides(kinds, run, *PHASES, "report=true")]) == 0
    return run


def same_weights(one, two):
    """Compare networks, the bits of them."""
    first, second = (checkpoint(path)["state_dict"] for path in (one, two))
    assert first.keys() == second.keys()
    return all(torch.equal(first[name], second[name]) for name in first)


def test_a_run_holds_all_that_was_promised(whole):
    expected = {"best.ckpt", "last.ckpt", "classifier.safetensors", "split.csv", "config.yaml"}
    assert expected <= {path.name for path in whole.iterdir()}
    assert {"report.html", "figures.json", "confusion.png"} <= {
        path.name for path in (whole / "report").iterdir()
    }
    with (whole / "metrics" / "version_0" / "metrics.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    sides = [float(row["phase/side"]) for row in rows if row["phase/side"]]
    assert sides == [32, 32, 40]
    assert all(row["val/macro_f1"] for row in rows if row["val/loss"])
    assert rows[-1]["final_test/accuracy"]


def test_a_run_says_what_it_was_made_of(kinds, whole, tmp_path):
    said = []
    for number, labelled in enumerate((kinds, pictures(tmp_path / "kinds", count=12))):
        words = overrides(labelled, tmp_path / str(number), "trainer.max_steps=1")
        words = [word for word in words if word != "watching=none"]
        assert main([*TRAIN, *words, "seed=0"]) == 0
        text = (tmp_path / str(number) / "run.json").read_text(encoding="utf-8")
        said.append(json.loads(text)["starts"][0]["datasets"][0])
    assert said[0] == said[1]  # the same pictures in another place
    assert said[0]["images"] == {"train": 24, "val": 6, "test": 6}


def test_no_group_is_on_two_sides(whole):
    groups = [
        {picture.group for picture in read_split(whole / "split.csv", split)}
        for split in ("train", "val", "test")
    ]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 36


def test_the_file_is_the_best_checkpoint_with_a_temperature(whole):
    network, info = load_classifier(whole)
    best = checkpoint(whole / "best.ckpt")
    assert info.classes == KINDS
    assert info.side == (40 if best["phases"]["schedule"]["number"] else 32)
    assert 0.01 < info.temperature < 100
    assert info.training["best_step"] == best["global_step"]
    assert str(whole.parent) not in json.dumps(info.training)
    for name, value in network.state_dict().items():
        assert torch.equal(value, best["state_dict"][f"network.{name}"]), name


def test_the_report_judges_the_test_pictures(whole):
    figures = json.loads((whole / "report" / "figures.json").read_text(encoding="utf-8"))
    test = read_split(whole / "split.csv", "test")
    assert figures["images"] == len(test) > 0
    assert load_classifier(whole)[1].training["test"]["accuracy"] == figures["accuracy"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals")
@pytest.mark.parametrize("steps", [3, 8, 10], ids=["within", "at_a_phase", "in_the_next"])
def test_an_interrupted_run_goes_on_exactly(kinds, whole, tmp_path, monkeypatch, steps):
    words = overrides(kinds, tmp_path / "run", *PHASES)
    step = Classifier.training_step

    def interrupted(self, batch, batch_idx):
        if self.global_step == steps - 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(self, batch, batch_idx)

    monkeypatch.setattr(Classifier, "training_step", interrupted)
    with pytest.raises(SystemExit) as leaving:
        main([*TRAIN, *words])
    assert leaving.value.code == 128 + signal.SIGTERM
    monkeypatch.setattr(Classifier, "training_step", step)
    assert checkpoint(tmp_path / "run" / "last.ckpt")["global_step"] == steps
    begin, totals = Classifier.on_train_start, []

    def counted(self):
        totals.append(self.trainer.max_steps)
        begin(self)

    monkeypatch.setattr(Classifier, "on_train_start", counted)
    assert main([*TRAIN, *words, "resume=auto"]) == 0
    assert totals == [12]
    for name in ("last.ckpt", "best.ckpt"):
        assert same_weights(whole / name, tmp_path / "run" / name), name


def test_a_run_whose_folder_was_moved_knows_its_best_weights(kinds, tmp_path, monkeypatch):
    def worse_and_worse(self, batch, batch_idx):
        self.val_loss.update(torch.tensor(float(self.global_step)))
        self.log("val/loss", self.val_loss)

    monkeypatch.setattr(Classifier, "validation_step", worse_and_worse)
    words = overrides(kinds, tmp_path / "run", *PHASES)
    assert main([*TRAIN, *words, "trainer.max_steps=5"]) == 0
    first = checkpoint(tmp_path / "run" / "best.ckpt")["global_step"]
    run = (tmp_path / "run").rename(tmp_path / "moved")
    assert main([*TRAIN, *overrides(kinds, run, *PHASES), "resume=auto"]) == 0
    assert checkpoint(run / "last.ckpt")["global_step"] > 5
    assert checkpoint(run / "best.ckpt")["global_step"] == first < 5


def test_a_finished_run_is_only_judged_again(kinds, whole, capsys, monkeypatch):
    def fails(self, batch, batch_idx):
        raise AssertionError("trained")

    monkeypatch.setattr(Classifier, "training_step", fails)
    before, info = load_classifier(whole)
    words = overrides(kinds, whole, *PHASES, "resume=auto", "--json")
    capsys.readouterr()
    assert main([*TRAIN, *words]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["classes"] == list(KINDS)
    assert figures["steps"] == 12
    network, again = load_classifier(whole)
    assert again == info
    assert torch.equal(network.head[-1].weight, before.head[-1].weight)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["backbone=resnet19"], "did you mean"),
        (["start=tuned"], "choose from scratch, features"),
        (["start=features"], "give pretrained=FILE"),
        (["pretrained=none.pth", "start=fine-tune"], "none.pth"),
        (["sizes=[64,32]"], "increasing"),
        (["sizes=[]"], "one side"),
        (["sizes=[16]", "backbone=inception-v3"], "too small"),
        (["epochs=[1,2]"], "one number, or one a size"),
        (["epochs=many"], "epochs=many: give a whole number"),
        (["data.batch_size=1"], "batch_size=1"),
        (["trainer.max_steps=0"], "max_steps=0"),
        (["model.monitor=accuracy"], "loss or macro_f1"),
        (["model.class_weights=some"], "balanced or none"),
        (["sise=[32]"], "did you mean 'sizes'"),
        (["split=[0.5,0.5]"], "0.5,0.5"),
        (["trainer.val_check_interval=3"], "follows every epoch"),
        (["trainer.max_epochs=3"], "by epochs=N"),
        (["images=null"], "say images=FOLDER"),
        (["images=nowhere"], "nowhere"),
        (["seed=-1"], "0 or more"),
    ],
)
def test_a_mistake_is_a_sentence_and_leaves_no_folder(kinds, tmp_path, capsys, words, said):
    run = tmp_path / "run"
    assert main([*TRAIN, *overrides(kinds, run, *words)]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not run.exists()


def test_a_backbone_that_does_not_import_is_a_sentence(kinds, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    run = tmp_path / "run"
    assert main([*TRAIN, *overrides(kinds, run, "backbone=timm:inception_v4")]) == 2
    error = capsys.readouterr().err
    assert "backbones of timm need it" in error
    assert error.count("\n") == 1


def test_another_training_is_not_gone_on_with(kinds, whole, tmp_path, capsys):
    assert main([*TRAIN, *overrides(kinds, whole, *PHASES)]) == 2
    assert "go on with it by resume=auto" in capsys.readouterr().err
    apart = [*PHASES, f"resume={(whole / 'last.ckpt').as_posix()}"]
    assert main([*TRAIN, *overrides(kinds, tmp_path / "apart", *apart)]) == 2
    assert f"give output_dir={whole} resume=auto" in capsys.readouterr().err
    assert not (tmp_path / "apart").exists()
    fewer = pictures(tmp_path / "fewer", count=9)
    assert main([*TRAIN, *overrides(fewer, whole, *PHASES, "resume=auto")]) == 2
    assert "pictures are not those of" in capsys.readouterr().err
    other = ["model.augmentation.noise=0", "resume=auto"]
    assert main([*TRAIN, *overrides(kinds, whole, *PHASES, *other)]) == 2
    assert "trained with another augmentation" in capsys.readouterr().err


def test_an_output_among_the_images_is_refused(kinds, capsys):
    assert main([*TRAIN, *overrides(kinds, kinds / "run")]) == 2
    assert "whose images are trained on" in capsys.readouterr().err
    assert not (kinds / "run").exists()
