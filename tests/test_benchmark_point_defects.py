"""The benchmark of missing columns: it counts cases, continues, and draws its picture."""

import sys

import pytest
from PIL import Image

from tests.benchmarking import FOLDER, scripts


@pytest.fixture
def benchmark(monkeypatch):
    with scripts(monkeypatch, FOLDER, ("point_defects", "point_defects_drawing")) as script:
        yield script("point_defects")


def run(benchmark, folder, cases, monkeypatch):
    options = ["--cases", str(cases), "--coverage", "1/10", "--methods", "nearest"]
    monkeypatch.setattr(sys, "argv", ["x", "-o", str(folder), "--size", "128", *options])
    benchmark.main()


def test_it_counts_cases_and_draws_them(benchmark, tmp_path, monkeypatch, capsys):
    run(benchmark, tmp_path, 22, monkeypatch)
    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if line.startswith("all")).split()[1] == "22"
    with Image.open(tmp_path / "point_defects.png") as picture:
        assert min(picture.size) > 1000
    assert "detection_rate" in (tmp_path / "point_defects.csv").read_text()


def test_it_continues(benchmark, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(benchmark, "draw", lambda *args: drawn.append(args))
    run(benchmark, tmp_path, 22, monkeypatch)
    done, table = (tmp_path / name for name in ("rows.jsonl", "point_defects.csv"))
    first, said = done.read_text(), table.read_text()
    run(benchmark, tmp_path, 22, monkeypatch)
    assert (done.read_text(), table.read_text()) == (first, said)
    run(benchmark, tmp_path, 30, monkeypatch)
    assert done.read_text().startswith(first)
    assert len(done.read_text()) > len(first)
    assert len(drawn) == 3
