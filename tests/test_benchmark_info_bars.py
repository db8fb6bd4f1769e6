"""The benchmark of scale bars keeps what it draws, with the truth."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from stemgan.images import read_micrograph
from stemgan.manifest import read_tables

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("info_bars")


def test_what_is_drawn_is_kept_with_its_scale_which_no_metadata_tells(bench, tmp_path):
    styles = ("zeiss", "jeol")
    bench.keep(tmp_path / "bars", 5, 2, 1, styles)
    files = sorted((tmp_path / "bars").glob("*.tif"))
    names = ["bar_0000_zeiss.tif", "bar_0001_jeol.tif", "bare_0002_zeiss.tif"]
    assert [file.name for file in files] == names
    table = read_tables([tmp_path / "bars" / "truth.csv"])
    for index, file in enumerate(files[:2]):
        truth = bench.render(5, index, styles)
        kept = read_micrograph(file)
        np.testing.assert_array_equal(kept.data, truth.image)
        assert kept.pixel_size is None
        row = table.row(file)
        assert float(row["pixel_size_nm"]) == pytest.approx(truth.pixel_size)
        assert row["label"] == truth.label
    assert not table.row(files[2]).get("pixel_size_nm")
