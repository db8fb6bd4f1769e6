"""The example that shows every family of scan paths."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stemgan.scan import FAMILIES, ScanDesign

EXAMPLE = Path(__file__).parents[1] / "examples" / "scan_families.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("scan_families", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_sheet_shows_and_costs_every_family(example, tmp_path, monkeypatch, capsys):
    output = tmp_path / "f.png"
    arguments = ["-o", str(output), "--coverage", "1/9", "--shape", "24x300"]
    monkeypatch.setattr("sys.argv", ["scan_families", *arguments])
    example.main()
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    table = {row[0]: row for row in rows[1 : len(FAMILIES) + 1]}
    assert tuple(table) == FAMILIES
    dots = ScanDesign("dots", (24, 300), 1 / 9).trace()
    assert float(table["dots"][2]) == pytest.approx(100 * (dots.coverage * 9 - 1), abs=0.01)
    assert float(table["raster"][-2]) == 0
    pixels = np.asarray(Image.open(output))
    assert pixels.shape[1] == -(-(len(FAMILIES) + 1) // 2) * 312 + 12
    spiral = ScanDesign("spiral", (24, 300), 1 / 9).trace()
    panel = pixels[12 : 12 + 24, 12 : 12 + 300]
    np.testing.assert_array_equal(panel.any(axis=2), spiral.mask)
