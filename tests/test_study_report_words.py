import re

import pytest

from stemgan.study.report.loading import load
from stemgan.study.report.words import answer, missed
from stemgan.study.tables import write_table
from tests import study_tables


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return study_tables.write_all(tmp_path_factory.mktemp("study"))


def test_the_answer_names_the_better_path_and_how_sure_that_is(folder):
    said = answer(load(folder))
    assert said[0].startswith("No noise: use dots at 1/17.9: 2.5 % error, 447 ms; at 1/50:")
    assert said[0].endswith("Completed by network.")
    assert "dots leaves the least mean error of 2 scans" in said[1]
    more = re.search(
        r"spiral leaves ([\d.]+) % more error \(\+([\d.]+) to \+([\d.]+) %\)", said[1]
    )
    value, low, high = map(float, more.groups())
    assert low <= value <= high
    assert value == pytest.approx(25, abs=2)  # 1 / 0.8
    text = "\n".join(said)
    assert "Equal dose, 10 electrons/px" in text
    assert "the best full one (full scan, denoised)" in text
    assert re.search(r"5[0-5] % \(\d+ to \d+ %\) are found by spiral at 1/17.9", text)
    assert "come from 6 groups only" in text


def test_the_answer_does_not_call_a_chance_a_difference(tmp_path):
    study_tables.SCANS["dots"] = 1.0
    try:
        study_tables.write(tmp_path, "results")
    finally:
        study_tables.SCANS["dots"] = 0.8
    said = answer(load(tmp_path))
    assert re.match(
        r"No noise: use (dots or spiral|spiral or dots): which is better is", said[0]
    )
    assert "is not surely worse" in said[1]


def test_the_answer_says_how_many_groups_would_tell(tmp_path):
    write_table(tmp_path, "results", study_tables.results(groups=4))
    said = answer(load(tmp_path))
    assert "use dots at 1/17.9" in said[0]
    assert "4 groups of images cannot tell which is better, at least 6 are needed" in said[0]


def test_full_scans_do_not_choose_the_method(tmp_path):
    rows = study_tables.results()
    full = [
        {**row, "scan": "raster", "coverage": "1", "achieved": 1.0}
        | {"rmse_blurred": 99.0 if row["method"] == "network" else 0.1}
        for row in rows
        if (row["scan"], row["coverage"], row["control"]) == ("spiral", "1/50", "")
    ]
    write_table(tmp_path, "results", rows + full)
    said = answer(load(tmp_path))
    assert said[0].endswith("Completed by network.")
    assert "raster" not in said[0] + said[1]


def test_jumps_that_cost_nothing_are_said_to_be_free(tmp_path):
    rows = [
        {**row, "jumps": 800.0 * (row["scan"] == "dots"), "settling_s": 0.0, "flyback_s": 0.0}
        for row in study_tables.results()
    ]
    write_table(tmp_path, "results", rows)
    assert "447 ms (jumps counted as free); at" in answer(load(tmp_path))[0]


def test_too_few_images_for_a_threshold_are_no_misses(tmp_path):
    rows = [
        row for row in study_tables.detection() if row["image"] in ("vacancy-1", "vacancy-2")
    ]
    write_table(tmp_path, "detection", rows)
    study = load(tmp_path)
    assert {row["misses"] for row in study.detection} == {None}
    assert "2 images are too few" in answer(study)[0]
    assert "at least 11 are needed (features.images=11)" in answer(study)[0]


def test_of_no_miss_the_uncertainty_flags_none(tmp_path):
    rows = [
        {**row, "score": float(row["present"]) + row["score"] / 100}
        for row in study_tables.detection()
    ]
    write_table(tmp_path, "detection", rows)
    found = load(tmp_path).detection
    assert {row["misses"] for row in found if row["kind"] == "all"} == {0}
    assert "100 %" in missed(found)[0]
    assert "flagged" not in missed(found)[0]
