"""The limit that completions are compared with is the posterior mean, and errors are ratios."""

import sys

import numpy as np
import pytest

from stemgan.errors import InputError
from stemgan.measurement import PartialScan
from stemgan.reconstruct import Reconstructor
from stemgan.weights import DEFAULT_MODEL
from tests.benchmarking import FOLDER, scripts


@pytest.fixture
def limit(monkeypatch):
    with scripts(monkeypatch, FOLDER, ("limit", "random_fields")) as script:
        yield script("limit")


@pytest.mark.parametrize("name", ["power-law", "stretched", "texture", "lattice"])
def test_the_limit_is_the_dense_solution(limit, name):
    fields = sys.modules["random_fields"]
    power, rng = fields.spectrum(name, 24), np.random.default_rng(0)
    truth = fields.field(power, rng)[:16, :17]
    mask = rng.random(truth.shape) < 0.3
    solved = fields.posterior_mean(truth, mask, power, 0.04)
    # Covariance of all pixels of the torus, by transforming unit impulses.
    all_pixels = np.eye(24 * 24).reshape(-1, 24, 24)
    covariance = np.stack([fields.filtered(one, power).ravel() for one in all_pixels])
    inside = np.pad(np.ones(truth.shape, bool), [(0, 8), (0, 7)]).ravel()
    at = np.pad(mask, [(0, 8), (0, 7)]).ravel()
    between = covariance[np.ix_(at, at)] + 0.04 * np.eye(at.sum())
    wanted = covariance[np.ix_(inside, at)] @ np.linalg.solve(between, truth[mask])
    assert solved.residual < 2e-6
    np.testing.assert_allclose(solved.image.ravel(), wanted, atol=1e-5)


@pytest.mark.parametrize("name", ["power-law", "lattice"])
def test_fields_have_their_spectrum(limit, name):
    fields, rng = sys.modules["random_fields"], np.random.default_rng(0)
    power = fields.spectrum(name, 32)
    drawn = np.stack([fields.field(power, rng) for _ in range(400)])
    found = (np.abs(np.fft.rfft2(drawn)) ** 2).mean(axis=0) / 32**2
    assert drawn.var() == pytest.approx(1, rel=0.1)
    assert np.abs(found[1:, 1:-1] / power[1:, 1:-1] - 1).mean() < 0.1


def test_a_table_is_added_to_and_nothing_beats_the_limit(limit, tmp_path, monkeypatch, capsys):
    table, words = (
        tmp_path / "r.csv",
        "--size 64 --scan random --coverage 1/10 --spectrum smooth",
    )
    options = [*words.split(), "--model", "nearest,gaussian-process"]
    monkeypatch.setattr(sys, "argv", ["limit", str(table), *options, "--fields", "2"])
    limit.main()
    first = table.read_text(encoding="utf-8").splitlines()
    assert len(first) == 1 + 2 * 3
    monkeypatch.setattr(sys, "argv", ["limit", str(table), *options, "--fields", "3"])
    limit.main()
    lines = table.read_text(encoding="utf-8").splitlines()
    assert lines[: len(first)] == first
    assert len(lines) == 1 + 3 * 3
    with table.open(encoding="utf-8") as file:
        found = limit.ratios(limit.csv.DictReader(file), "rmse")
    assert all(np.mean([*logs.values()]) > 0 for logs in found.values())
    assert "smooth       3 fields" in capsys.readouterr().out


def test_a_table_of_one_completion_is_refused(limit, tmp_path, monkeypatch):
    table = tmp_path / "old.csv"
    columns = [name for name in limit.COLUMNS if name != "meaning"]
    table.write_text(f"{','.join(columns)}\n{',' * (len(columns) - 1)}\n", encoding="utf-8")
    before = table.read_bytes()
    monkeypatch.setattr(sys, "argv", ["limit", str(table), "--fields", "1"])
    with pytest.raises(InputError, match=r"old\.csv was made before .* name another file"):
        limit.main()
    assert table.read_bytes() == before


def test_methods_are_warm_and_complete_field_and_blurred_field(limit, monkeypatch):
    called = []
    warm_up = limit.warm_up
    monkeypatch.setattr(limit, "warm_up", lambda methods: called.append(1) or warm_up(methods))
    ready = limit.load([DEFAULT_MODEL, "linear"])
    assert called
    rng = np.random.default_rng(0)
    dwell = (rng.random((48, 40)) < 0.2).astype(np.float32)
    scan = PartialScan(rng.normal(5, 2, dwell.shape).astype(np.float32), dwell)
    made = Reconstructor.load()(scan)
    image, soft = ready[DEFAULT_MODEL](scan)
    np.testing.assert_array_equal(image, made.raw)
    np.testing.assert_array_equal(soft, made.image)
    image, soft = ready["linear"](scan)
    np.testing.assert_allclose(soft, limit.blurred(image))
    assert {each.dtype for each in (image, soft)} == {np.dtype(np.float64)}
