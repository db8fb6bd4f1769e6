"""`stemgan export`: weights of both architectures, and what they say of their training."""

import json

import numpy as np
import pytest
import torch

from stemgan.cli import main
from stemgan.cli.summaries import without_places
from stemgan.data import Batch
from stemgan.measurement import PartialScan, intensity_scale
from stemgan.reconstruct import Reconstructor
from stemgan.training import Ede2020Training, ReconstructionTraining
from stemgan.weights import load_generator

SIZES = {
    "widths": [8, 8, 8],
    "depths": [1, 1, 1],
    "half_width": 4,
    "outer_width": 4,
    "spectral": 4,
}
SIZES_2020 = {"inner": [6, 5, 4, 3, 2], "blocks": 1, "outer": [4, 6], "outer_blocks": 1}
CONFIGURATION = """\
output_dir: /home/somebody/run
weights: C:\\somewhere\\start.safetensors
data:
  datasets: [/home/somebody/real]
  batch_size: 3
watching:
  panels: {folder: /home/somebody/run, count: 4}
"""


def start(step, processes, revision):
    data = [{"name": "real", "images": 7, "sha256": "ab"}]
    return {
        "step": step,
        "processes": processes,
        "code": {"revision": revision, "changed": False},
        "datasets": data,
        "machine": {"system": "somebody's"},
    }


def untrained(kind, noise=0):
    torch.manual_seed(0)
    if kind == "ede2020":
        return Ede2020Training(SIZES_2020, fidelity_steps=8, replay=False)
    sizes = {**SIZES, "noise": noise}
    return ReconstructionTraining(sizes, fidelity_steps=8, adversarial_steps=4)


def saved(run, module, steps, name="best.ckpt", skipped=0):
    """Write a checkpoint as Lightning would, in a run's folder."""
    run.mkdir(exist_ok=True)
    progress = {"total": {"processed": steps + skipped}}
    checkpoint = {
        "global_step": steps,
        "hyper_parameters": dict(module.hparams),
        "state_dict": module.state_dict(),
        "loops": {"fit_loop": {"epoch_loop.batch_progress": progress}},
        "callbacks": {
            "ModelCheckpoint{}": {
                "best_model_path": "C:\\run\\best.ckpt",
                "best_model_score": torch.tensor(4.25),
            }
        },
    }
    torch.save(checkpoint, run / name)
    return run


@pytest.fixture
def run(tmp_path):
    run = saved(tmp_path / "run", untrained("stemgan"), 10)
    (run / "config.yaml").write_text(CONFIGURATION)
    starts = [start(0, 1, "a"), start(8, 1, "b"), start(4, 2, "c")]
    (run / "run.json").write_text(json.dumps({"starts": starts}))
    for version, rows in (("2", "5,7.5,,\n9,4.25,0.5,6\n"), ("10", "7,5,,\n,,0.1,\n11,3,,\n")):
        folder = run / "metrics" / f"version_{version}"
        folder.mkdir(parents=True)
        header = "step,val/rmse_blurred,train/loss,seen/rmse_blurred\n"
        (folder / "metrics.csv").write_text(header + rows)
    return run


def exported(capsys, source, output):
    assert main(["export", str(source), "-o", str(output), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_weights_say_how_they_were_trained(run, tmp_path, capsys):
    figures = exported(capsys, run, tmp_path / "w.safetensors")
    _, header = load_generator(tmp_path / "w.safetensors")
    training = header["training"]
    assert training["steps"] == 10
    assert training["phase"] == "adversarial"
    assert training["val_rmse_blurred"] == 4.25
    assert training["validation"] == {
        "steps": 10,
        "val/rmse_blurred": 4.25,
        "seen/rmse_blurred": 6,
    }
    # 4 steps of one process, then the run went on from there with two.
    assert training["images_seen"] == 3 * (4 * 1 + 6 * 2)
    assert training["code"]["revision"] == "c"
    assert training["datasets"] == start(0, 1, "")["datasets"]
    assert training["configuration"]["weights"] == "start.safetensors"
    assert "somebody" not in json.dumps(header)
    del training["configuration"]
    assert figures == {"architecture": "stemgan", **training}


def test_a_checkpoint_has_the_last_validation_before_it(run, tmp_path, capsys):
    saved(run, untrained("stemgan"), 8, "last.ckpt")
    figures = exported(capsys, run / "last.ckpt", tmp_path / "w.safetensors")
    assert figures["phase"] == "fidelity"
    assert figures["validation"] == {"steps": 8, "val/rmse_blurred": 5.0}
    assert "val_rmse_blurred" not in figures  # it is that of other weights
    # Batches that only filled the replay buffer made no step.
    saved(run, untrained("stemgan"), 5, "last.ckpt", skipped=3)
    figures = exported(capsys, run / "last.ckpt", tmp_path / "v.safetensors")
    assert figures["validation"] == {"steps": 5, "val/rmse_blurred": 5.0}


@pytest.mark.parametrize("kind", ["stemgan", "ede2020"])
def test_a_bare_checkpoint_is_exported_too(kind, tmp_path, capsys):
    saved(tmp_path, untrained(kind), 2)
    figures = exported(capsys, tmp_path / "best.ckpt", tmp_path / "w.safetensors")
    assert figures["architecture"] == kind
    assert set(figures) == {"architecture", "steps", "phase", "stemgan", "val_rmse_blurred"}


def batch_of(partial):
    """Make of a scan what training would be given of it."""
    from stemgan.baselines import complete

    scale = intensity_scale(partial)
    distance, infill = partial.nearest
    kriged = complete(partial, "gaussian-process")
    planes = (scale.apply(infill), partial.dwell, distance, scale.apply(kriged))
    infill, dwell, distance, kriged = (torch.from_numpy(p)[None, None] for p in planes)
    rest = dict.fromkeys(Batch._fields)
    given = {"infill": infill, "dwell": dwell, "distance": distance, "kriged": kriged}
    return Batch(**(rest | given)), scale


@pytest.mark.parametrize(("kind", "noise"), [("stemgan", 0), ("stemgan", 1), ("ede2020", 0)])
def test_exported_weights_complete_as_validation_did(kind, noise, tmp_path, capsys):
    module = untrained(kind, noise)
    for parameter in module.validated.parameters():
        parameter.requires_grad_(False).copy_(parameter.half().float())
    saved(tmp_path, module, 2)
    exported(capsys, tmp_path, tmp_path / "w.safetensors")
    dwell = (np.random.default_rng(0).random((64, 96)) < 0.1).astype(np.float32)
    values = np.random.default_rng(1).normal(100, 30, dwell.shape).astype(np.float32)
    partial = PartialScan(values, dwell)
    batch, scale = batch_of(partial)
    validated = module.eval().complete(batch)
    found = Reconstructor.load(tmp_path / "w.safetensors", "cpu")(partial)
    for image, wanted in ((found.image, validated.image), (found.raw, validated.raw)):
        np.testing.assert_allclose(image, scale.invert(wanted[0, 0].numpy()), atol=2e-3)
    assert np.array_equal(found.image, found.raw) == (kind == "ede2020")


@pytest.mark.parametrize(("steps", "noise"), [(8, 0), (9, 2)])
def test_texture_is_exported_once_it_was_trained(steps, noise, tmp_path, capsys):
    saved(tmp_path, untrained("stemgan", noise=2), steps)
    exported(capsys, tmp_path, tmp_path / "w.safetensors")
    assert load_generator(tmp_path / "w.safetensors")[0].config.noise == noise


def test_a_checkpoint_of_other_sizes_is_refused(tmp_path, capsys):
    module = untrained("ede2020")
    module.hparams["generator"] = {**SIZES_2020, "blocks": 2}
    saved(tmp_path, module, 2)
    assert main(["export", str(tmp_path), "-o", str(tmp_path / "w.safetensors")]) == 2
    error = capsys.readouterr().err
    assert "not a checkpoint of this version" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "w.safetensors").exists()


def test_paths_of_any_system_are_cut_to_names():
    node = {
        "data": {"datasets": ["a/b", "C:\\c\\d"], "n": 3},
        "output_dir": "/x",
        "weights": None,
    }
    assert without_places(node) == {
        "data": {"datasets": ["b", "d"], "n": 3},
        "weights": None,
    }
