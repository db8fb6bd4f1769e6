import json
from functools import partial

import numpy as np
import pytest

from stemgan.cli import main
from stemgan.data.shards import ShardedImages, ShardWriter
from stemgan.errors import InputError
from stemgan.synthetic import KINDS
from stemgan_data_prep.synthesize import synthesize


class Stop(Exception):
    """What ends a run before its time."""


def _stopping(after):
    def watch(numbers):
        for done, number in enumerate(numbers):
            if done == after:
                raise Stop
            yield number

    return watch


@pytest.mark.parametrize("noisy", [False, True])
def test_an_interrupted_run_goes_on_to_the_same_images(tmp_path, noisy, monkeypatch):
    small = partial(ShardWriter, per_shard=2)
    monkeypatch.setattr("stemgan_data_prep.synthesize.ShardWriter", small)
    synthesize(9, tmp_path / "whole", size=48, noisy=noisy)
    for after in (0, 5, 3):  # of what is left: 9, 9 and 5
        with pytest.raises(Stop):
            synthesize(9, tmp_path / "parts", size=48, noisy=noisy, watch=_stopping(after))
    assert synthesize(9, tmp_path / "parts", size=48, noisy=noisy)
    assert not synthesize(9, tmp_path / "parts", size=48, noisy=noisy)
    whole, parts = ShardedImages(tmp_path / "whole"), ShardedImages(tmp_path / "parts")
    assert all(np.array_equal(whole[i], parts[i]) for i in range(9))
    assert whole.columns == parts.columns


def test_images_say_what_they_show_and_how_large_it_is(tmp_path):
    synthesize(12, tmp_path / "set", size=48, noisy=True)
    columns = ShardedImages(tmp_path / "set").columns
    assert all(set(kind.split("+")) <= set(KINDS) for kind in columns["category"])
    assert all(0.001 < size < 100 for size in columns["pixel_size"])
    assert set(columns["unit"]) == {"nm"}
    assert all(0 < noise <= 1 for noise in columns["noise_fraction"])


def test_torch_draws_the_same_images_to_rounding(tmp_path):
    synthesize(6, tmp_path / "numpy", size=48)
    assert main(["synthesize", "-n", "6", "--size", "48", "--device", "cpu", "-o",
                 str(tmp_path / "torch")]) == 0  # fmt: skip
    one, two = ShardedImages(tmp_path / "numpy"), ShardedImages(tmp_path / "torch")
    assert max(np.abs(one[i] - two[i]).max() for i in range(6)) < 2e-3
    with pytest.raises(InputError, match="other settings"):
        synthesize(6, tmp_path / "torch", size=48)


def test_devices_that_are_not_there_are_refused(tmp_path, capsys):
    arguments = ["synthesize", "-n", "2", "--size", "48", "-o", str(tmp_path / "set")]
    assert main([*arguments, "--device", "nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err
    assert main([*arguments, "--device", "cpu", "--workers", "2"]) == 2
    assert "--workers" in capsys.readouterr().err
    assert not (tmp_path / "set").exists()


def test_noisy_images_in_processes_are_those_of_one(tmp_path, capsys):
    for name, workers in (("alone", "0"), ("two", "2")):
        assert main(["synthesize", "-n", "9", "--size", "48", "--noisy", "--workers", workers,
                     "-o", str(tmp_path / name), "--json"]) == 0  # fmt: skip
        assert json.loads(capsys.readouterr().out)["images"] == 9
    one, two = ShardedImages(tmp_path / "alone"), ShardedImages(tmp_path / "two")
    assert all(np.array_equal(one[i], two[i]) for i in range(9))
