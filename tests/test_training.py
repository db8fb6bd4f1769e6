"""Losses, the training module, weights files, and train and export from the command line."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from stemgan import losses
from stemgan.cli import main
from stemgan.cli.training.tracking import NAME, keep_run, known_run
from stemgan.errors import InputError
from stemgan.infill import gaussian_blur
from stemgan.metrics import blurred
from stemgan.metrics.validation import ValidationErrors
from stemgan.networks import Generator, GeneratorConfig
from stemgan.training import ReconstructionTraining
from stemgan.weights import load_generator, save_weights

SIZES = {
    "widths": [8, 8, 8],
    "depths": [1, 1, 1],
    "half_width": 4,
    "outer_width": 4,
    "spectral": 4,
}
SMALL = [f"model.generator.{key}={value}" for key, value in SIZES.items()]
QUICK = [
    *SMALL,
    "data.batch_size=2",
    "data.num_workers=0",
    "data.crops.size=64",
    "trainer.max_steps=4",
    "trainer.val_check_interval=2",
    "+trainer.enable_progress_bar=false",
]


def test_the_blur_is_that_of_the_metric():
    image = np.random.default_rng(0).random((20, 30)).astype(np.float32)
    tensor = gaussian_blur(torch.from_numpy(image)[None, None])[0, 0]
    np.testing.assert_allclose(tensor.numpy(), blurred(image), atol=1e-6)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        again = gaussian_blur(torch.from_numpy(image)[None, None])[0, 0]
    assert torch.equal(again, tensor)


def test_fidelity_is_the_error_as_a_share_of_the_range():
    truth = torch.rand(3, 1, 16, 16)
    span = torch.tensor([1.0, 2.0, 4.0])
    error = losses.relative_rmse(truth + 0.5, truth, span)
    assert torch.allclose(error, torch.tensor([0.5, 0.25, 0.125]), atol=1e-4)
    both = losses.fidelity(
        truth + 0.5, truth - 1, truth, truth, span, raw_weight=0.1, log_weight=0.0, limit=2.0
    )
    assert both.item() == pytest.approx(1.2 * error.mean().item(), rel=1e-5)


def test_a_share_of_a_small_error_counts_as_that_of_a_large_one():
    truth, span = torch.rand(2, 1, 16, 16), torch.ones(2)
    gradients = []
    for log_weight in (0.0, 1000.0):
        away = torch.tensor([0.02, 0.2])[:, None, None, None].requires_grad_()
        kept = {"raw_weight": 0.0, "log_weight": log_weight, "limit": 1.0}
        losses.fidelity(truth + away, truth, truth, truth, span, **kept).backward()
        gradients.append((away.grad * away.detach()).flatten())
    assert gradients[0][0] / gradients[0][1] == pytest.approx(0.1, rel=1e-3)
    assert gradients[1][0] / gradients[1][1] == pytest.approx(0.92, abs=0.02)


def test_hopeless_samples_keep_the_gradient_of_the_limit():
    error = torch.tensor([0.1, 0.2, 4.0], requires_grad=True)
    limited = losses.limited(error, 0.2)
    assert torch.allclose(limited, torch.tensor([0.1, 0.2, 0.2]))
    limited.sum().backward()
    assert torch.allclose(error.grad, torch.tensor([1.0, 1.0, 0.05]))


def test_uncertainty_is_least_at_the_true_deviation_and_moves_no_image():
    error = torch.full((1, 1, 8, 8), 0.3)
    image = error.clone().requires_grad_()
    at = [
        losses.uncertainty(torch.full_like(error, s), image, torch.zeros_like(error)).item()
        for s in np.log([0.2, 0.3, 0.4])
    ]
    assert at[1] < min(at[0], at[2])
    log_std = torch.zeros_like(error, requires_grad=True)
    losses.uncertainty(log_std, image, torch.zeros_like(error)).backward()
    assert image.grad is None
    assert log_std.grad is not None


def test_weights_come_back_as_they_were(tmp_path):
    generator = Generator(GeneratorConfig.from_dict(SIZES))
    for parameter in generator.parameters():
        torch.nn.init.normal_(parameter)
    save_weights(tmp_path / "w.safetensors", generator, {"steps": 3})
    loaded, header = load_generator(tmp_path / "w.safetensors")
    assert loaded.config == generator.config
    assert header["training"] == {"steps": 3}
    assert not loaded.training
    for name, value in generator.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value.half().float()), name


@pytest.mark.parametrize("content", [b"", b"not weights", b"\x00" * 64])
def test_what_is_no_weights_file_is_refused(tmp_path, content):
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"w\.safetensors"):
        load_generator(path)
    with pytest.raises(InputError, match="no model"):
        load_generator(tmp_path / "missing.safetensors")


def test_starting_weights_must_fit():
    model = ReconstructionTraining(SIZES)
    trained = Generator(GeneratorConfig.from_dict(SIZES))
    torch.nn.init.normal_(trained.outer.raw.head.weight)
    model.start_from(trained)
    for own in (model.generator, model.averaged.module):
        assert torch.equal(own.outer.raw.head.weight, trained.outer.raw.head.weight)
    with pytest.raises(InputError, match="sizes"):
        model.start_from(Generator())


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "simulated"
    words = ["-n", "12", "--size", "96", "--split", "0.7,0.3,0", "-o", str(path)]
    assert main(["synthesize", *words]) == 0
    return path


@pytest.fixture
def train(dataset, tmp_path, monkeypatch):
    def run(*overrides):
        monkeypatch.setattr("sys.argv", ["stemgan"])
        output = tmp_path / "run"
        words = [f"data.datasets=[{dataset}]", f"output_dir={output}", *QUICK, *overrides]
        return main(["train", *words]), output

    return run


@pytest.mark.filterwarnings("ignore")  # Lightning's own, on small machines
def test_training_leaves_checkpoints_metrics_and_its_configuration(train, tmp_path, capsys):
    code, output = train()
    assert code == 0
    names = {path.name for path in output.iterdir()}
    assert {"best.ckpt", "last.ckpt", "metrics", "config.yaml"} <= names
    metrics = output / "metrics" / "version_0" / "metrics.csv"
    header = metrics.read_text().splitlines()[0]
    assert "val/rmse_blurred" in header
    weights = tmp_path / "w.safetensors"
    capsys.readouterr()
    assert main(["export", str(output), "-o", str(weights), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["steps"] in (2, 4)
    checkpoint = torch.load(output / "best.ckpt", weights_only=True)
    loaded, header = load_generator(weights)
    assert header["training"]["configuration"]["data"]["batch_size"] == 2
    trained = checkpoint["state_dict"]["averaged.module.outer.raw.head.weight"]
    assert torch.equal(loaded.outer.raw.head.weight, trained.half().float())
    assert main(["export", str(output), "-o", str(weights)]) == 2


@pytest.mark.filterwarnings("ignore")
def test_of_adversarial_training_the_last_weights_are_exported(train, tmp_path, capsys):
    phases = ("model.fidelity_steps=2", "model.adversarial_steps=1", "trainer.max_steps=3")
    code, output = train(*phases, "model.discriminators={scales: [32], side: 32, widths: [4]}")
    assert code == 0
    assert saved_steps(output) == {"best": 2, "last": 3}
    capsys.readouterr()
    words = [str(output), "-o", str(tmp_path / "w.safetensors"), "--json"]
    assert main(["export", *words]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["steps"], figures["phase"]) == (3, "adversarial")


@pytest.mark.filterwarnings("ignore")
def test_training_resumes_where_it_stopped(train, tmp_path):
    assert train("trainer.max_steps=2")[0] == 0
    checkpoint = tmp_path / "run" / "last.ckpt"
    code, output = train(f"resume={checkpoint}")
    assert code == 0
    assert torch.load(output / "last.ckpt", weights_only=True)["global_step"] == 4
    assert len(list(output.glob("metrics/version_*/metrics.csv"))) == 2


def saved_steps(output):
    return {
        path.stem: torch.load(path, weights_only=True)["global_step"]
        for path in output.glob("*.ckpt")
    }


@pytest.mark.filterwarnings("ignore")
def test_the_last_checkpoint_is_the_last_whatever_was_best(train, monkeypatch):
    errors = iter([1.0, 1.0, 2.0, 2.0, 3.0, 3.0])  # of held-out and of seen images

    def worse(self):
        return {"rmse_blurred": torch.tensor(next(errors))}

    monkeypatch.setattr(ValidationErrors, "compute", worse)
    code, output = train("trainer.max_steps=5", "+trainer.limit_val_batches=1")
    assert code == 0
    assert saved_steps(output) == {"best": 2, "last": 5}


@pytest.mark.filterwarnings("ignore")
def test_a_run_that_breaks_keeps_where_it_stood(train, monkeypatch, tmp_path):
    step = ReconstructionTraining.training_step

    def broken(self, batch, batch_idx):
        if self.global_step == 3:
            raise FloatingPointError("planted")
        step(self, batch, batch_idx)

    monkeypatch.setattr(ReconstructionTraining, "training_step", broken)
    with pytest.raises(FloatingPointError):
        train()
    assert saved_steps(tmp_path / "run")["last"] == 3


@pytest.mark.filterwarnings("ignore")
def test_wandb_keeps_a_run_on_disk_when_it_is_offline_and_goes_on_with_it(train, monkeypatch):
    monkeypatch.setenv("WANDB_SILENT", "true")
    wandb = pytest.importorskip("wandb")
    offline = ("logger=wandb", "logger.wandb.offline=true")
    _, output = train(*offline, "trainer.max_steps=2", "trainer.val_check_interval=1")
    known = (output / "wandb_run.txt").read_text().strip()
    inits = []
    init = wandb.init

    def recorded(**given):
        inits.append(given)
        return init(**given)

    monkeypatch.setattr(wandb, "init", recorded)
    assert train(*offline, "trainer.max_steps=3", "resume=auto")[0] == 0
    assert [(one["id"], one["resume"]) for one in inits] == [(known, "allow")]
    assert (output / "wandb_run.txt").read_text().strip() == known
    logs = list(output.glob("wandb/offline-run-*/run-*.wandb"))
    assert {log.stem for log in logs} == {f"run-{known}"}
    # A training that starts afresh has a run of its own, whatever is left in the folder; and
    # one whose configuration names a run takes that.
    (output / "last.ckpt").unlink()
    assert train(*offline, "trainer.max_steps=1", "resume=auto")[0] == 0
    assert inits[-1]["id"] is None
    assert (output / "wandb_run.txt").read_text().strip() != known
    logger = OmegaConf.create({"_target_": "lightning.pytorch.loggers.WandbLogger"})
    assert set(known_run(logger, output)) == {"id"}
    assert known_run(OmegaConf.merge(logger, {"id": "mine"}), output) == {}
    assert known_run(OmegaConf.create({"_target_": "CSVLogger"}), output) == {}


def test_of_a_disabled_run_of_wandb_nothing_is_kept(tmp_path):
    loggers = pytest.importorskip("lightning.pytorch.loggers")
    for disabled in (True, False):
        experiment = SimpleNamespace(id="abcd", disabled=disabled)
        keep_run(
            [loggers.WandbLogger(experiment=experiment), loggers.CSVLogger(tmp_path)], tmp_path
        )
        assert (tmp_path / NAME).exists() != disabled
    assert (tmp_path / NAME).read_text() == "abcd\n"


@pytest.mark.filterwarnings("ignore")
def test_a_sweep_trains_every_combination(train):
    code, output = train("-m", "model.learning_rate=0.001,0.002", "trainer.max_steps=2")
    assert code == 0
    for job in ("0", "1"):
        assert (output / job / "last.ckpt").is_file()
        assert (output / job / "config.yaml").is_file()


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("dataa.x=1", "dataa"),
        ("model=unheard", "unheard"),
        ("data.datasets=null", "data.datasets"),
        ("resume=missing.ckpt", "missing.ckpt"),
        ("weights=missing", "missing"),
        ("data.datasets=[missing]", "missing"),
    ],
)
def test_wrong_overrides_are_a_sentence(train, capsys, override, words):
    code, _ = train(override)
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert code == 2
    assert words in error


def test_a_run_without_a_checkpoint_cannot_be_exported(tmp_path, capsys):
    assert main(["export", str(tmp_path), "-o", str(tmp_path / "w.safetensors")]) == 2
    assert "best.ckpt" in capsys.readouterr().err
    (tmp_path / "bad.ckpt").write_bytes(b"nonsense")
    words = [str(tmp_path / "bad.ckpt"), "-o", str(tmp_path / "w.safetensors")]
    assert main(["export", *words]) == 2
