"""`stemgan train`: a mistyped override exits with 2 and names what was nearly meant."""

import sys

import pytest

from stemgan.cli import main
from stemgan.cli.hydra_jobs import split
from stemgan.cli.overrides import check, composed
from stemgan.errors import InputError

TYPOS = [
    ("model=stemgan_m", "did you mean 'stemgan_s'?"),
    ("experiment=demo", "did you mean 'demo_cpu'?"),
    ("trainer=gup", "did you mean 'gpu'?"),
    ("logger=[csv,wandbb]", "did you mean 'wandb'?"),
    ("hydra/launcher=jobilb", "did you mean 'joblib'?"),
    ("modle=stemgan_s", "did you mean 'model'?"),
    ("data.crops.siez=64", "did you mean 'data.crops.size'?"),
    ("data.crops.siez=[64,96]", "did you mean 'data.crops.size'?"),
    ("train.max_steps=5", "did you mean 'trainer.max_steps'?"),
    ("max_steps=5", "did you mean 'trainer.max_steps'?"),
    ("model.generator.width=[8,8,8]", "did you mean 'model.generator.widths'?"),
    ("model.warmup_steps=5", "write +model.warmup_steps=5"),
    ("+model.warm_up_steps=5", "did you mean 'warmup_steps'?"),
    ("++data.batch_sizes=5", "did you mean 'batch_size'?"),
    ("+trainer.enable_progress=false", "did you mean 'enable_progress_bar'?"),
    ("+sead=1", "did you mean 'seed'?"),
    ("~watching.panel", "did you mean 'watching.panels'?"),
    ("experiment=null", "write ~experiment"),
    ("data.datasets=[a", "is no override"),
    ("seed", "is no override"),
]


FLAGS = ([], ["-m"], ["--cfg", "job"])


@pytest.mark.parametrize(
    ("flags", "override", "expected"),
    [
        *[(flags, *TYPOS[0]) for flags in FLAGS],
        *[(FLAGS[(i + 1) % 2], *typo) for i, typo in enumerate(TYPOS, 1)],
    ],
)
def test_a_typo_is_a_sentence_with_the_near_miss(flags, override, expected, capsys):
    assert main(["train", "data.datasets=[nowhere]", override, *flags]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("stemgan: ")
    assert expected in line


@pytest.mark.parametrize(
    "override",
    [
        "seed=3",
        "+model.warmup_steps=5",
        "~watching.panels",
        "watching=none",
        "stopping=parted",
        "stopping=early",
        "logger=wandb",
        "output_dir=C:\\runs\\a b",
        "data.limits={sharpness:[0.1,null]}",
        "hydra/launcher=submitit_slurm",
    ],
)
def test_right_overrides_pass(override):
    composed([override])
    check([override])


def test_values_to_sweep_over_pass_where_there_are_many_runs():
    check(["seed=range(3)", "model.learning_rate=0.1,0.2", "trainer=cpu,gpu"])
    with pytest.raises(InputError, match="seed=1,2 has several values: add -m"):
        composed(["seed=1,2"])


@pytest.mark.parametrize(
    ("flag", "expected"),
    [("--mutlirun", "--multirun"), ("--cfgg", "--cfg"), ("--jsno", "--json"), ("-x", "--help")],
)
def test_a_mistyped_flag_is_a_sentence(flag, expected, capsys):
    assert main(["train", flag, "seed=1"]) == 2
    assert expected in capsys.readouterr().err


def test_flags_may_stand_anywhere():
    words = ["seed=1,2", "trainer=cpu", "-m", "--resolve"]
    assert split(words) == (["-m", "--resolve"], ["seed=1,2", "trainer=cpu"])
    with pytest.raises(InputError, match="--cfg shows one"):
        split(["seed=1,2", "--cfg", "job", "-m"])


def test_the_configuration_is_shown_and_the_process_is_as_before(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["stemgan", "train"])
    assert main(["train", "seed=7", "--cfg", "job"]) == 0
    shown = capsys.readouterr().out
    assert "\nseed: 7\n" in f"\n{shown}"
    assert "_target_: stemgan.training.ReconstructionTraining" in shown
    assert sys.argv == ["stemgan", "train"]


def test_the_name_of_a_run_is_fixed_when_it_is_composed():
    config = composed([])
    assert config.output_dir.startswith("runs/2")
    assert config.trainer.default_root_dir == config.output_dir


def test_a_slurm_job_has_one_folder_however_often_it_is_requeued(monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "123")
    monkeypatch.setenv("SLURM_NNODES", "2")
    monkeypatch.setenv("SLURM_NTASKS_PER_NODE", "4")
    config = composed(["trainer=slurm"])
    assert (config.output_dir, config.resume) == ("runs/slurm_123", "auto")
    assert (config.trainer.num_nodes, config.trainer.devices) == (2, 4)
    assert composed(["trainer=slurm", "output_dir=there"]).output_dir == "there"


@pytest.mark.parametrize(
    "word", ["trainer=cpu,gup", "data.crops.size=64 data.crops.siez=64,96"]
)
def test_every_value_of_a_sweep_is_checked_before_the_first_job(word):
    with pytest.raises(InputError, match="did you mean"):
        check(word.split())
