"""What a training leaves beside its weights: pictures, curves, and where it is from."""

import csv
import json
import os
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from stemgan.cli import main
from stemgan.data.shards import ShardedImages
from stemgan.errors import InputError
from stemgan.images.pictures import picture
from stemgan.metrics import ErrorByDistance
from stemgan.provenance import revision
from stemgan.watching import ErrorCurves, Panels, Progress, UntilLossesPart
from stemgan.watching.provenance import data_digest
from stemgan_data_prep.synthesize import synthesize

SMALL = [
    "model.generator={widths:[8,8,8],depths:[1,1,1],half_width:4,outer_width:4,spectral:4}",
    "data.batch_size=2",
    "data.num_workers=0",
    "data.crops.size=64",
    "trainer.log_every_n_steps=2",
]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "set"
    synthesize(12, path, size=64, shares=(0.5, 0.5, 0.0))
    return path


@pytest.fixture(scope="module")
def run(dataset, tmp_path_factory):
    """Train 6 steps, to two validations, with everything watched, and 2 more after resuming."""
    output = tmp_path_factory.mktemp("runs") / "run"
    words = [*SMALL, f"data.datasets=[{dataset.as_posix()}]", f"output_dir={output.as_posix()}"]
    words += ["trainer.val_check_interval=3", "logger=wandb", "logger.wandb.offline=true"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_SILENT", "true")
        assert main(["train", *words, "trainer.max_steps=6"]) == 0
        assert main(["train", *words[:-2], "resume=auto", "trainer.max_steps=8"]) == 0
    assert "WANDB_MODE" not in os.environ
    return output


pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's own, on small machines


def test_panels_are_pictures_of_five_columns_and_four_rows(run):
    panels = sorted((run / "panels").iterdir())
    assert [path.stem for path in panels[:2]] == ["step_00000003", "step_00000006"]
    with Image.open(panels[0]) as image:
        row = picture([("a\nb", np.eye(64))] * 5)
        assert image.width == row.width
        assert image.height == pytest.approx(4 * row.height, abs=16)
        assert np.asarray(image).std() > 10


def test_curves_have_a_row_a_validation_and_ring(run, dataset):
    with (run / "error_by_distance.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {int(row["step"]) for row in rows} == {3, 6}
    first = [row for row in rows if row["step"] == "3"]
    held_out = ShardedImages(dataset).columns["split"].count("val")
    assert sum(int(row["pixels"]) for row in first) == held_out * 64 * 64
    edges = [float(row["distance_from"]) for row in first]
    assert edges == sorted(set(edges))
    assert Image.open(run / "error_by_distance.png").size[0] > 300


def test_speeds_losses_and_rates_are_logged(run):
    with (run / "metrics" / "version_0" / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    last = {key: float(v) for row in rows for key, v in row.items() if v}
    assert last["speed/images_per_s"] > 0
    assert 0 < last["speed/mfu"] < 1
    assert 0 <= last["speed/waiting"] <= 1
    for name in ("train/loss", "train/fidelity", "learning_rate/generator"):
        assert name in last
    for name in ("val/rmse_blurred", "seen/rmse_blurred", "val/log_spectrum"):
        assert last[name] > 0


def test_a_wandb_run_on_disk_holds_its_pictures_and_its_configuration(run):
    (folder,) = run.glob("wandb/offline-run-*")
    pictures = sorted(path.name for path in (folder / "files/media/images/val").iterdir())
    assert sum(name.startswith("panels") for name in pictures) == 2
    assert sum(name.startswith("error_by_distance") for name in pictures) == 2
    (log,) = folder.glob("*.wandb")
    for name in (b"val/panels", b"val/rmse_blurred", b"train/loss", b"group_power"):
        assert name in log.read_bytes()


def test_where_a_run_is_from_is_written_at_every_start(run, dataset):
    starts = json.loads((run / "run.json").read_text())["starts"]
    assert [start["step"] for start in starts] == [0, 6]
    for start in starts:
        assert start["versions"]["torch"] == torch.__version__
        assert start["datasets"] == [data_digest(dataset)]
        assert start["machine"]["device"] == "cpu"
        assert str(dataset.parent) not in json.dumps(start)


def test_the_digest_of_a_dataset_is_that_of_its_images(dataset, tmp_path):
    synthesize(12, tmp_path / "same", size=64, shares=(0.5, 0.5, 0.0))
    synthesize(12, tmp_path / "other", size=64, shares=(0.5, 0.5, 0.0), seed=1)
    of = {name: data_digest(tmp_path / name)["sha256"] for name in ("same", "other")}
    assert of["same"] == data_digest(dataset)["sha256"]
    assert of["other"] != of["same"]


def test_a_folder_outside_any_repository_has_no_revision(tmp_path):
    assert revision(tmp_path) is None


def trainer_at(step, **figures):
    return SimpleNamespace(
        global_step=step,
        max_steps=10,
        sanity_checking=False,
        is_global_zero=True,
        loggers=[],
        should_stop=False,
        num_val_batches=[3, 3],
        callback_metrics={
            key.replace("__", "/"): torch.tensor(v) for key, v in figures.items()
        },
    )


def test_curves_of_a_run_resumed_from_before_are_replaced(tmp_path):
    profile = ErrorByDistance()
    profile.update(np.ones((8, 8)), np.zeros((8, 8)))
    curves = ErrorCurves(tmp_path)
    for step in (2, 4, 6, 4):
        curves.on_validation_end(trainer_at(step), SimpleNamespace(errors_by_distance=profile))
    with (tmp_path / "error_by_distance.csv").open(newline="") as file:
        assert [int(row["step"]) for row in csv.DictReader(file)] == [2, 4]


def test_panels_of_scans_without_uncertainty_have_one_column_less(tmp_path):
    field, one = torch.rand(1, 1, 64, 64), torch.ones(1)
    batch = SimpleNamespace(
        target=field, infill=field, dwell=(field > 0.5).float(), span=one, coverage=one / 2
    )
    batch.family = torch.zeros(1, dtype=torch.long)
    panels, trainer = Panels(tmp_path, count=2), trainer_at(3)
    drawn = []
    for number in range(3):
        outputs = {"image": field, "log_std": None}
        panels.on_validation_batch_end(trainer, None, outputs, batch, number)
        drawn.append(len(panels._rows))
    assert drawn == [1, 2, 2]  # spread over the batches
    panels.on_validation_end(trainer, None)
    row = picture([("a\nb", np.eye(64))] * 4)
    with Image.open(tmp_path / "panels" / "step_00000003.png") as image:
        assert image.width == row.width
        assert image.height == pytest.approx(2 * row.height, abs=8)


@pytest.mark.parametrize(
    ("held_out", "seen", "stops"),
    [
        ([5, 4, 3, 2, 1], [5, 4, 3, 2, 1], None),
        ([5, 4, 4.1, 4.2, 4.3], [5, 4, 3.8, 3.6, 3.4], 3),
        ([5, 4, 4, 4, 4], [5, 4, 4, 4, 4], None),
        ([5, 4, 4.1, 3.9, 4], [5, 4, 3.8, 3.6, 3.4], None),
        ([5, 4, 4, 4, 4], [5, 4, 4.1, 4.2, 3.9], 4),
    ],
)
def test_training_stops_where_the_losses_part(held_out, seen, stops):
    stopping, stopped = UntilLossesPart(patience=2), None
    for i, (a, b) in enumerate(zip(held_out, seen, strict=True)):
        trainer = trainer_at(i, val__rmse_blurred=float(a), seen__rmse_blurred=float(b))
        stopping.on_validation_end(trainer, None)
        if trainer.should_stop and stopped is None:
            stopped = i
        again = UntilLossesPart(patience=2)  # as resumed from a checkpoint
        again.load_state_dict(stopping.state_dict())
        stopping = again
    assert stopped == stops


def test_stopping_needs_patience():
    with pytest.raises(InputError, match="patience"):
        UntilLossesPart(patience=0)


def test_without_a_terminal_progress_is_a_line_a_validation(capsys):
    groups = {"generator": torch.nn.Linear(40, 40), "judges": torch.nn.Linear(2, 1)}
    module = SimpleNamespace(phase="adversarial", device="cpu", groups=lambda: groups)
    progress = Progress()
    trainer = trainer_at(4, train__loss=0.5, val__rmse_blurred=3.25, speed__images_per_s=12.0)
    progress.on_train_start(trainer, module)
    progress.on_validation_end(trainer, module)
    progress.disable()
    progress.on_validation_end(trainer, module)
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "training 1,643 parameters on cpu: generator 1,640, judges 3",
        "step 4/10: adversarial, loss 0.5, val 3.25, img/s 12",
    ]
    assert said.out == ""
