"""What is one is said of one thing, wherever amounts are said."""

import doctest

from stemgan import amounts
from stemgan.study.report.loading import load
from stemgan.study.report.sections import about
from stemgan.study.tables import write_table
from stemgan.study.verdicts import sentence
from tests import study_tables


def test_examples():
    result = doctest.testmod(amounts)
    assert result.attempted > 0
    assert result.failed == 0


def test_a_study_of_one_image_says_so(tmp_path):
    rows = [row for row in study_tables.results() if row["image"] == study_tables.WORST]
    write_table(tmp_path, "results", rows)
    assert "1 image in 1 group. " in about(load(tmp_path))
    head = {"method": "linear", "question": "is spiral better than dots", "answer": "no"}
    figures = dict.fromkeys(("value", "value_low", "value_high", "p"))
    row = {**head, **figures, "dose": 1, "unit": "ratio", "metric": "rmse_blurred"}
    said = sentence({**row, "images": 1, "groups": 1})
    assert said.startswith("linear, 1 electron/px: ")
    assert said.endswith("1 image in 1 group")
