"""`stemgan train`: going on, being stopped, and many jobs from one command."""

import os
import signal
import sys

import pytest
import torch

from stemgan.cli import main
from stemgan.cli.training.processes import until_stopped
from stemgan.training import Diverged, ReconstructionTraining
from stemgan_data_prep.synthesize import synthesize

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's own, on small machines


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "set"
    synthesize(8, path, size=64, shares=(0.5, 0.5, 0.0))
    return path


@pytest.fixture
def words(dataset, tmp_path):
    return [
        "model.generator={widths:[8,8,8],depths:[1,1,1],half_width:4,outer_width:4,spectral:4}",
        f"data.datasets=[{dataset.as_posix()}]",
        "data.batch_size=2",
        "data.samples_per_epoch=4",
        "data.num_workers=0",
        "data.crops.size=64",
        "watching=none",
        "+trainer.enable_progress_bar=false",
        f"output_dir={(tmp_path / 'run').as_posix()}",
    ]


def steps(path):
    return torch.load(path, weights_only=True)["global_step"]


def test_a_checkpoint_goes_on_in_a_model_like_its_own_alone(words, tmp_path, capsys):
    last = tmp_path / "run" / "last.ckpt"
    once = [*words, "trainer.max_steps=1"]
    assert main(["train", *once, "resume=auto"]) == 0  # there is none yet
    assert "training starts afresh" in capsys.readouterr().err
    assert main(["train", *once]) == 2
    assert "holds another run: go on with it by resume=auto" in capsys.readouterr().err
    assert main(["train", *once, "model.generator.half_width=8", f"resume={last.parent}"]) == 2
    assert "another model, or of other sizes" in capsys.readouterr().err
    capsys.readouterr()
    assert main(["train", *words, "resume=auto", "trainer.max_steps=2"]) == 0
    assert "afresh" not in capsys.readouterr().err
    assert steps(last) == 2


def test_weights_of_another_architecture_are_refused(words, capsys):
    small = "++model.generator={inner:[4,4,8,8,8],blocks:1,outer:[4,4],outer_blocks:1}"
    assert main(["train", "model=ede2020", *words[1:], small, "weights=stemgan-s"]) == 2
    error = capsys.readouterr().err
    assert "are of a Generator, the model is a Ede2020Generator" in error


def test_an_epoch_without_a_batch_is_refused(words, tmp_path, capsys):
    assert main(["train", *words, "data.batch_size=5"]) == 2
    assert "give data.samples_per_epoch" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("fidelity", [[], ["model.fidelity_steps=5"]])
def test_adversarial_steps_that_never_come_are_refused(words, fidelity, tmp_path, capsys):
    phases = ["model.adversarial_steps=2", *fidelity, "trainer.max_steps=5"]
    assert main(["train", *words, *phases]) == 2
    assert "model.fidelity_steps=5: give that" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("rank", "code"), [("0", 1), ("1", 0)])
def test_of_a_divergence_the_first_process_tells(rank, code, monkeypatch, capsys):
    monkeypatch.setenv("LOCAL_RANK", rank)
    with pytest.raises(SystemExit) as leaving, until_stopped():
        raise Diverged("step 3 is not finite")
    assert leaving.value.code == code
    said = "stemgan: step 3 is not finite\n"
    assert capsys.readouterr().err == (said if code else "")


def test_a_slurm_preset_outside_slurm_is_a_sentence(words, capsys, monkeypatch):
    for name in [name for name in os.environ if name.startswith("SLURM_")]:
        monkeypatch.delenv(name)
    assert main(["train", "trainer=slurm", "trainer.accelerator=cpu", *words]) == 2
    assert "choose trainer=ddp" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_with_its_code_and_says_how_to_go_on(
    words, tmp_path, capsys, monkeypatch, number
):
    step = ReconstructionTraining.training_step

    def interrupted(self, batch, batch_idx):
        step(self, batch, batch_idx)
        if self.global_step == 2:
            os.kill(os.getpid(), number)

    monkeypatch.setattr(ReconstructionTraining, "training_step", interrupted)
    with pytest.raises(SystemExit) as leaving:
        main(["train", *words, "trainer.max_steps=9"])
    assert leaving.value.code == 128 + number
    last = tmp_path / "run" / "last.ckpt"
    assert f"go on with output_dir={last.parent} resume=auto" in capsys.readouterr().err
    assert steps(last) == 2


def test_jobs_side_by_side_each_have_their_folder(words, tmp_path):
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    launcher = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    assert main(["train", *words, *launcher, "trainer.max_steps=1", "seed=0,1", "-m"]) == 0
    for job in ("0", "1"):
        config = (tmp_path / "run" / job / "config.yaml").read_text()
        assert f"\nseed: {job}\n" in f"\n{config}"
        assert steps(tmp_path / "run" / job / "last.ckpt") == 1


def test_what_one_of_several_jobs_refuses_is_a_sentence(words, capsys):
    assert main(["train", *words, "seed=-1,-2", "-m"]) == 2
    assert "stemgan: a seed is 0 or more, not -1" in capsys.readouterr().err
