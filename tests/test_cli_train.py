"""`stemgan train` and `export`: figures on stdout, sentences, and weights that travel."""

import json

import pytest
import torch

from stemgan.cli import main
from stemgan.weights import load_generator


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "simulated"
    words = ["-n", "12", "--size", "64", "--split", "0.7,0.3,0", "-o", str(path)]
    assert main(["synthesize", *words]) == 0
    return path


@pytest.fixture
def words(dataset, tmp_path):
    return [
        "model.generator.widths=[8,8,8]",
        "model.generator.depths=[1,1,1]",
        *(f"model.generator.{name}=4" for name in ("half_width", "outer_width", "spectral")),
        f"data.datasets=[{dataset}]",
        "data.batch_size=2",
        "data.num_workers=0",
        "data.crops.size=64",
        "trainer.val_check_interval=2",
        f"output_dir={tmp_path / 'run'}",
    ]


@pytest.mark.filterwarnings("ignore")  # Lightning's own, on small machines
def test_figures_are_all_that_stdout_holds(words, tmp_path, capsys):
    run = tmp_path / "run"
    capsys.readouterr()
    assert main(["train", *words, "trainer.max_steps=3", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["output_dir"] == str(run)
    assert figures["steps"] == 3
    assert 0 < figures["val_rmse_blurred"] < 100
    for name, known in (("best", True), ("last", False)):
        file = tmp_path / f"{name}.safetensors"
        assert main(["export", str(run / f"{name}.ckpt"), "-o", str(file)]) == 0
        training = load_generator(file)[1]["training"]
        assert ("val_rmse_blurred" in training) == known, name
        assert training["validation"]["steps"] == 2, name
        assert training["configuration"]["data"]["datasets"] == ["simulated"]
        assert str(tmp_path) not in json.dumps(training)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("data.crops.size=10", "choose 64 or more"),
        ("data.shares=[1,2]", "one share"),
        ("+data.unheard=1", "unheard"),
        ("seed=-1", "seed"),
        ("resume=BAD", "is not a checkpoint"),
        ("data.datasets=[missing]", "missing is not a dataset"),
        ("data.datasets=missing", "missing is not a dataset"),
        ("output_dir=BAD", "bad.ckpt cannot be made"),
        ("output_dir=BAD/run", "run cannot be made"),
        ("data.batch_size=two", "batch_size=two: give a whole number, 1 or more"),
        ("data.num_workers=-1", "num_workers=-1: give a whole number"),
        ("data.val_families=[spirals]", "val_families ['spirals']: choose from spiral,"),
        ("data.val_coverages=[2]", "val_coverages=2: give a number above 0, up to 1"),
        ("data.crops.size=64.5", "crops.size=64.5: give a whole number"),
        ("data.crops.families=spiral", "give a list, [spiral]"),
        ("data.crops.coverage=0.1", "give the least and the greatest"),
        ("data.crops.noisy_scans=2", "noisy_scans=2: give a number, 0 or more, up to 1"),
        ("model.learning_rate=fast", "learning_rate=fast: give a number above 0"),
        ("model.accumulate=1.5", "accumulate=1.5: give a whole number"),
        ("model.compiled=maybe", "say true or false"),
        ("model.generator.depths=[1,1]", "generator depths (1, 1): give a list of three"),
        ("model.generator.widths=[8,-8,8]", "generator widths=-8: give a whole number"),
        ("trainer.precision=foo", "Precision 'foo' is invalid"),
        ("checkpoint_minutes=x", "checkpoint_minutes=x: give a number above 0"),
        ("trainer.max_steps=few", "max_steps=few: give a whole number"),
        ("trainer.val_check_interval=0", "val_check_interval=0: give a whole number"),
    ],
)
def test_what_a_class_refuses_is_a_sentence_and_leaves_nothing(
    words, override, expected, tmp_path, capsys
):
    bad = tmp_path / "bad.ckpt"
    bad.write_bytes(b"nonsense")
    capsys.readouterr()
    assert main(["train", *words, override.replace("BAD", str(bad))]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("stemgan: ")
    assert expected in error
    assert [path.name for path in tmp_path.iterdir()] == ["bad.ckpt"]


def test_crops_too_small_for_discriminators_are_refused_ahead_of_their_phase(
    words, tmp_path, capsys
):
    phases = ["trainer.max_steps=9", "model.fidelity_steps=8", "model.adversarial_steps=1"]
    assert main(["train", *words, *phases]) == 2
    assert "scale 280 px does not fit into images of 64 px" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_json_is_of_a_single_run(words, capsys):
    assert main(["train", *words, "-m", "--json"]) == 2
    assert "single run" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["seed: 0\n", "epoch,step\n0,1\n", ""])
def test_other_files_are_no_checkpoints(text, tmp_path, capsys):
    other = tmp_path / "other"
    other.write_text(text)
    assert main(["export", str(other), "-o", str(tmp_path / "w.safetensors")]) == 2
    assert f"{other} is not a checkpoint that can be read" in capsys.readouterr().err


def test_checkpoints_run_no_code(tmp_path, capsys):
    torch.save({"hyper_parameters": print}, tmp_path / "a.ckpt")
    assert (
        main(["export", str(tmp_path / "a.ckpt"), "-o", str(tmp_path / "w.safetensors")]) == 2
    )
    assert "not a checkpoint" in capsys.readouterr().err
