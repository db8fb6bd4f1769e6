"""What a method's result depends on."""

from pathlib import Path

import numpy as np
import pytest

from stemgan.errors import InputError
from stemgan.evaluate import methods
from stemgan.evaluate.methods import (
    check_name,
    fingerprint,
    is_raw,
    load_methods,
    model_of,
    weights_digest,
)
from stemgan.measurement import PartialScan
from stemgan.networks import Ede2020Config, Ede2020Generator
from stemgan.reconstruct import Reconstructor
from stemgan.weights import DEFAULT_MODEL, save_weights


@pytest.fixture
def fingerprint_with(monkeypatch):
    """Take a fingerprint as if a file had changed."""

    def taken(name, changed):
        read = Path.read_bytes
        with monkeypatch.context() as patch:
            patch.setattr(
                Path,
                "read_bytes",
                lambda path: read(path) + b"#" * path.as_posix().endswith(changed),
            )
            methods._code.cache_clear()
            found = fingerprint(name)
        methods._code.cache_clear()
        return found

    return taken


@pytest.mark.parametrize(
    "file",
    [
        "stemgan/baselines/gaussian_process.py",
        "stemgan/calibration/apply.py",
        "stemgan/infill.py",
        "stemgan/kriging/scans.py",
        "stemgan/networks/generator.py",
        "stemgan/reconstruct/estimates.py",
        "stemgan_kernels/vecchia.py",
    ],
)
def test_a_model_is_its_weights_and_the_code_that_runs_it(file, fingerprint_with):
    assert fingerprint_with(DEFAULT_MODEL, file) != fingerprint(DEFAULT_MODEL)
    classical = fingerprint_with("nearest", file) != fingerprint("nearest")
    assert classical == any(part in file for part in ("baselines", "kernels"))


def test_weights_and_what_is_not_run_leave_the_rest_alone(tmp_path, fingerprint_with):
    files = [tmp_path / "one.safetensors", tmp_path / "two.safetensors"]
    for number, file in enumerate(files):
        file.write_bytes(bytes([number]))
    assert len({fingerprint(str(file)) for file in files}) == 2
    assert len({weights_digest(str(file)) for file in files}) == 2
    assert fingerprint_with(DEFAULT_MODEL, "stemgan/cli/demo.py") == fingerprint(DEFAULT_MODEL)


def test_raw_is_a_models_other_completion():
    rng = np.random.default_rng(0)
    dwell = (rng.random((40, 50)) < 0.2).astype(np.float32)
    scan = PartialScan(rng.normal(5, 2, dwell.shape).astype(np.float32), dwell)
    names = DEFAULT_MODEL, f"{DEFAULT_MODEL}:raw"
    for name in names:
        check_name(name)
    ready = load_methods(names, "cpu")
    made = Reconstructor.load(device="cpu")(scan)
    for name, expected in zip(names, (made.image, made.raw), strict=True):
        np.testing.assert_array_equal(ready[name](scan), expected)
    assert len({weights_digest(name) for name in names}) == 1


def test_raw_is_told_by_a_names_end_alone():
    names = "stemgan-s:raw", "dir:raw/w.safetensors:raw", "stemgan-s", "dir:raw/w.safetensors"
    assert [is_raw(name) for name in names] == [True, True, False, False]
    assert [model_of(name) for name in names[:2]] == ["stemgan-s", names[3]]


def test_raw_is_of_models_that_have_it(tmp_path):
    for name in ("linear:raw", "stemgan:raw", "stemgan-s:rough"):
        with pytest.raises(InputError, match="no method, model or weights file"):
            check_name(name)
    file = tmp_path / "old.safetensors"
    sizes = Ede2020Config(inner=(6, 5, 4, 3, 2), blocks=1, outer=(4, 6), outer_blocks=1)
    save_weights(file, Ede2020Generator(sizes), {"steps": 1})
    with pytest.raises(InputError, match="completes the blurred truth alone"):
        load_methods([f"{file}:raw"], "cpu")
