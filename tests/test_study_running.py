"""A study continues where it stopped, however it is shared out, and says what it is of."""

import csv
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from stemgan.errors import InputError
from stemgan.images import read_stack, write_image
from stemgan.metrics import blurred
from stemgan.study import run_study
from stemgan.study.conditions import take
from stemgan.study.examples import read_examples
from stemgan.study.folders import held
from stemgan.study.journal import NAME
from stemgan.study.planning import Request, make_plan

SMALL = Request(
    images=["synthetic"],
    synthetic={"count": 3, "size": 48, "kinds": ["crystal", "holes"]},
    scans=["spiral", "random"],
    coverages=["1/4"],
    doses=[None, 8.0],
    methods=["nearest", "linear"],
    controls=False,
    examples=1,
)


def request(**changes):
    return Request(**{**SMALL.__dict__, **changes})


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [
            {k: v for k, v in row.items() if "seconds" not in k} for row in csv.DictReader(file)
        ]


def tables(folder: Path) -> dict[str, list[dict[str, str]]]:
    return {name: rows(folder, name) for name in ("results", "curves", "summary", "paired")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "whole"
    outcome = run_study(make_plan(SMALL), folder, report=False)
    assert (outcome.tasks, outcome.done, outcome.run, outcome.failed) == (12, 12, 12, 0)
    return folder


def test_a_study_has_a_row_for_each_image_setting_and_method(whole):
    results = rows(whole, "results")
    assert len(results) == 3 * 4 * 2
    keys = {(r["image"], r["scan"], r["coverage"], r["dose"], r["method"]) for r in results}
    assert len(keys) == len(results)
    read = parquet.read_table(whole / "results.parquet").to_pylist()
    assert [row["image"] for row in read] == [row["image"] for row in results]
    assert read[0]["dose"] is None
    assert isinstance(read[0]["rmse_blurred"], float)


def test_what_a_row_says_is_so(whole):
    plan = make_plan(SMALL)
    row = next(
        r for r in rows(whole, "results") if r["dose"] == "8" and r["method"] == "nearest"
    )
    setting = next(s for s in plan.settings if s.dose == 8 and s.name == row["scan"])
    source = next(s for s in plan.sources if s.name == row["image"])
    scanned = take(source, setting, plan.seed, plan.timing)
    error = scanned.scan.nearest[1] - blurred(scanned.truth)
    expected = 100 * np.sqrt(np.mean(error**2)) / np.ptp(scanned.truth)
    assert float(row["rmse_blurred"]) == pytest.approx(expected, rel=1e-6)
    assert float(row["achieved"]) == pytest.approx(scanned.scan.mask.mean())
    assert float(row["electrons"]) == pytest.approx(8 / scanned.scan.mask.mean())


def test_maps_hold_the_mean_error_of_scans_with_one_mask(whole):
    files = sorted(path.name for path in (whole / "systematic_error").glob("*.tif"))
    assert files == [
        f"spiral-1-4{dose}_{method}.tif"
        for dose in ("-8-e", "")
        for method in ("linear", "nearest")
    ]
    plan = make_plan(SMALL)
    spiral = plan.settings[0]
    errors = []
    for source in plan.sources:
        scanned = take(source, spiral, 0, plan.timing)
        off = scanned.scan.nearest[1] - blurred(scanned.truth)
        errors.append(100 * off / np.ptp(scanned.truth))
    pages = read_stack(whole / "systematic_error" / "spiral-1-4_nearest.tif")
    expected = np.mean(errors, 0), np.abs(errors).mean(0), np.sqrt(np.square(errors).mean(0))
    for page, values in zip(pages, expected, strict=True):
        np.testing.assert_allclose(page.data, values, atol=1e-3)


def test_examples_are_the_best_the_median_and_the_worst(whole):
    examples = list(read_examples(whole))
    assert [record["rank"] for record, _ in examples] == ["best", "median", "worst"]
    errors = [record["rmse_blurred"] for record, _ in examples]
    assert errors == sorted(errors)
    for record, arrays in examples:
        assert record["scan"] == "spiral"
        assert (np.isfinite(arrays["partial"]).mean()) == pytest.approx(1 / 4, abs=0.02)
        error = arrays["completion"] - blurred(arrays["truth"])
        found = 100 * np.sqrt(np.mean(error**2)) / np.ptp(arrays["truth"])
        assert found == pytest.approx(record["rmse_blurred"], rel=1e-4)


def test_a_finished_study_has_nothing_left(whole):
    before = (whole / NAME.format(0)).read_bytes()
    assert run_study(make_plan(SMALL), whole, report=False).run == 0
    assert (whole / NAME.format(0)).read_bytes() == before


def test_a_study_that_was_cut_off_ends_the_same(whole, tmp_path):
    folder = tmp_path / "cut"
    folder.mkdir()
    lines = (whole / NAME.format(0)).read_bytes().splitlines(keepends=True)
    (folder / NAME.format(0)).write_bytes(b"".join(lines[:6]) + lines[6][:50])
    outcome = run_study(make_plan(SMALL), folder, report=False)
    # Four tasks are in the journal, but the errors of three are in no map yet.
    assert 12 - 4 <= outcome.run <= 12
    assert tables(folder) == tables(whole)
    one, other = (
        read_stack(path / "systematic_error" / "spiral-1-4_linear.tif")[2].data
        for path in (folder, whole)
    )
    np.testing.assert_allclose(one, other, rtol=1e-5)


_KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_study_running import SMALL
from stemgan.study import run_study
from stemgan.study.planning import make_plan
run_study(make_plan(SMALL), Path(sys.argv[1]), report=False)
"""


def test_a_killed_study_ends_the_same(whole, tmp_path):
    script = tmp_path / "run.py"
    script.write_text(_KILLED)
    words = [sys.executable, str(script), str(tmp_path / "killed"), str(Path(__file__).parent)]
    journal = tmp_path / "killed" / NAME.format(0)
    with subprocess.Popen(words) as process:
        for _ in range(6000):
            if journal.is_file() and journal.read_bytes().count(b"\n") > 4:
                break
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
    folder = tmp_path / "killed"
    assert not (folder / "results.csv").exists()
    assert 0 < run_study(make_plan(SMALL), folder, report=False).run <= 12
    assert tables(folder) == tables(whole)


def test_two_processes_end_as_one(whole, tmp_path):
    run_study(make_plan(SMALL), tmp_path / "two", workers=2, report=False)
    assert tables(tmp_path / "two") == tables(whole)


def test_the_last_part_writes_the_tables_and_they_are_the_same(whole, tmp_path):
    folder, plan = tmp_path / "parts", make_plan(SMALL)
    first = run_study(plan, folder, part=1, parts=2, report=False)
    assert (first.run, first.done, first.files) == (6, 6, [])
    assert not (folder / "results.csv").exists()
    last = run_study(plan, folder, part=0, parts=2, report=False)
    assert (last.run, last.done) == (6, 12)
    assert tables(folder) == tables(whole)
    one, other = (
        read_stack(path / "systematic_error" / "spiral-1-4_linear.tif")[1].data
        for path in (folder, whole)
    )
    np.testing.assert_allclose(one, other, rtol=1e-5)
    starts = json.loads((folder / "provenance.json").read_text())["starts"]
    assert [(start["part"], start["parts"]) for start in starts] == [(0, 2), (1, 2)]


def test_one_part_runs_once_at_a_time(tmp_path):
    plan = make_plan(SMALL)
    (tmp_path / "s").mkdir()
    with held(tmp_path / "s", "part 0"), pytest.raises(InputError, match="another run"):
        run_study(plan, tmp_path / "s", report=False)


def test_a_study_grows(whole, tmp_path):
    folder = tmp_path / "grown"
    run_study(make_plan(request(scans=["random"], doses=[8.0])), folder, report=False)
    outcome = run_study(make_plan(SMALL), folder, report=False)
    assert outcome.run == 12 - 3
    assert tables(folder) == tables(whole)
    with_controls = request(controls=True, doses=[None, 8.0, 9.0])
    assert run_study(make_plan(with_controls), folder, report=False).run == 6 + 2 * 3


def test_another_study_is_refused_unless_overwritten(tmp_path):
    small = request(scans=["random"], doses=[None], methods=["nearest"])
    run_study(make_plan(small), tmp_path / "s", report=False)
    other = Request(**{**small.__dict__, "seed": 1})
    with pytest.raises(InputError, match=r"another seed \(0, not 1\).*overwrite=true"):
        run_study(make_plan(other), tmp_path / "s", report=False)
    before = rows(tmp_path / "s", "results")
    outcome = run_study(make_plan(other), tmp_path / "s", overwrite=True, report=False)
    assert outcome.run == outcome.tasks
    assert rows(tmp_path / "s", "results") != before


def test_a_study_is_not_overwritten_while_a_part_runs(whole):
    before = rows(whole, "results")
    with held(whole, "part 3"), pytest.raises(InputError, match=r"part 3 in .* another run"):
        run_study(make_plan(SMALL), whole, overwrite=True, report=False)
    assert rows(whole, "results") == before


def test_an_image_that_has_changed_is_refused(tmp_path):
    for name, side in (("a", 48), ("b", 48)):
        image = np.random.default_rng(side).random((side, side), np.float32)
        write_image(tmp_path / f"{name}.tif", image)
    files = [tmp_path / "a.tif", tmp_path / "b.tif"]
    small = request(images=files, scans=["random"], doses=[None], methods=["nearest"])
    run_study(make_plan(small), tmp_path / "s", report=False)
    size = files[0].stat().st_size
    write_image(files[0], np.ones((48, 48), np.float32) * np.arange(48), overwrite=True)
    assert files[0].stat().st_size == size
    with pytest.raises(InputError, match="other images of the same names"):
        run_study(make_plan(small), tmp_path / "s", report=False)


def test_a_study_continues_from_another_folder_with_the_same_images(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    image = np.random.default_rng(0).random((48, 48), np.float32)
    write_image(tmp_path / "a" / "one.tif", image)
    small = {"scans": ["random"], "doses": [None], "methods": ["nearest"]}
    monkeypatch.chdir(tmp_path)
    first = request(images=[Path("a/one.tif")], **small)
    assert run_study(make_plan(first), tmp_path / "s", report=False).run == 1
    monkeypatch.chdir(tmp_path / "a")
    again = request(images=[Path("one.tif")], **small)
    assert run_study(make_plan(again), tmp_path / "s", report=False).run == 0


def test_a_task_that_cannot_be_is_a_row_of_failures(tmp_path):
    small = request(scans=["dots"], doses=[None], lags=[0.0, 1e6], methods=["nearest"])
    outcome = run_study(make_plan(small), tmp_path / "s", report=False)
    assert (outcome.tasks, outcome.failed) == (6, 3)
    assert len(rows(tmp_path / "s", "results")) == 3
    assert {"lag" in row["reason"] for row in rows(tmp_path / "s", "failures")} == {True}
    assert run_study(make_plan(small), tmp_path / "s", report=False).run == 0


def test_files_that_no_study_wrote_are_left(tmp_path):
    (tmp_path / "results.csv").write_text("mine")
    with pytest.raises(InputError, match=r"results.csv is no study's"):
        run_study(make_plan(SMALL), tmp_path, overwrite=True, report=False)
    assert (tmp_path / "results.csv").read_text() == "mine"


def test_a_method_that_cannot_run_leaves_nothing(tmp_path):
    (tmp_path / "no.safetensors").write_bytes(b"nothing")
    broken = request(methods=[str(tmp_path / "no.safetensors")])
    with pytest.raises(InputError, match=r"no\.safetensors"):
        run_study(make_plan(broken), tmp_path / "s", report=False)
    assert not (tmp_path / "s").exists()
