"""What a method's result depends on."""

from pathlib import Path

import pytest

from stemgan.evaluate import methods
from stemgan.evaluate.methods import fingerprint, weights_digest
from stemgan.weights import DEFAULT_MODEL


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
