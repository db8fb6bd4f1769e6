"""`stemgan sample` and `stemgan scan`: what they write, and what they refuse."""

import json
from pathlib import Path

import numpy as np
import pytest

from stemgan.cli import main
from stemgan.images import read_mask, read_micrograph, read_partial_scan, write_image
from stemgan.scan import FAMILIES, ScanDesign

SHAPE = (64, 96)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def image(shape=SHAPE):
    return np.random.default_rng(0).uniform(10, 90, shape).astype(np.float32)


def test_a_sample_is_the_image_where_it_was_measured(capsys):
    write_image("a.tif", image(), 0.2, "nm")
    arguments = ["--scan", "spiral", "--coverage", "1/10", "-o", "p.tif", "--json"]
    assert main(["sample", "a.tif", *arguments]) == 0
    figures = json.loads(capsys.readouterr().out)
    measured = ScanDesign("spiral", SHAPE, 0.1).trace().mask
    assert figures["coverage"] == measured.mean() == pytest.approx(0.1, rel=0.02)
    scan = read_partial_scan("p.tif")
    np.testing.assert_array_equal(scan.with_nan(), np.where(measured, image(), np.nan))
    np.testing.assert_array_equal(read_mask("p.mask.tif"), measured)
    assert (scan.pixel_size, scan.unit) == (0.2, "nm")
    assert scan.metadata["stemgan"]["scan"] == "spiral"
    assert scan.metadata["stemgan"]["pitch"] == figures["pitch"]


def test_a_noisy_sample_depends_on_its_seed_alone():
    write_image("a.tif", image())
    for name, seed in (("p", 1), ("q", 1), ("r", 2)):
        arguments = ["--scan", *DOTS, "--electrons", "40", "--seed", str(seed)]
        assert main(["sample", "a.tif", *arguments, "-o", f"{name}.tif"]) == 0
    p, q, r = (read_partial_scan(f"{name}.tif") for name in "pqr")
    np.testing.assert_array_equal(p.values, q.values)
    assert (p.values != r.values).any()
    error = (p.values - image())[p.mask]
    assert abs(error.mean()) < 2
    assert error.std() == pytest.approx(50 / np.sqrt(40), rel=0.2)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_written_and_costed(family, capsys):
    size = [] if family == "raster" else ["--coverage", "1/9"]
    assert main(["scan", family, "--shape", "64x96", *size, "-o", "m.tif", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    mask = read_micrograph("m.tif").data
    assert set(np.unique(mask)) <= {0, 1}
    assert figures["coverage"] == mask.mean()
    assert figures["measured_pixels"] == mask.sum()
    assert figures["duration_s"] >= 0.9e-6 * mask.sum()
    assert (figures["largest_distance_px"] == 0) == (family == "raster")


def scan(form, suffix, capsys, *more):
    arguments = ["scan", "spiral", "--pitch", "9", "--shape", "64x96", "--format", form]
    assert main([*arguments, "-o", f"s{suffix}", "--json", *more]) == 0
    return json.loads(capsys.readouterr().out)


def test_own_formats_hold_the_whole_path(capsys):
    path = ScanDesign("spiral", SHAPE, pitch=9).path()
    figures = scan("npy", ".npy", capsys)
    table = np.load("s.npy")
    np.testing.assert_allclose(table[:, 0] * 96 - 0.5, path[:, 1], atol=1e-9)
    np.testing.assert_allclose(table[:, 1] * 64 - 0.5, path[:, 0], atol=1e-9)
    assert table[:, 2].sum() == pytest.approx(figures["duration_s"])
    scan("csv", ".csv", capsys)
    np.testing.assert_array_equal(np.loadtxt("s.csv", delimiter=",", skiprows=2), table)
    assert "shape=64x96" in Path("s.csv").read_text().splitlines()[0]


def test_makers_formats_hold_the_measured_pixels_in_order(capsys):
    trace = ScanDesign("spiral", SHAPE, pitch=9).trace()
    y, x = np.divmod(trace.visited, 96)
    assert scan("de", ".csv", capsys)["quantisation_px"] == 0
    np.testing.assert_array_equal(np.loadtxt("s.csv", delimiter=",", dtype=int), np.c_[x, y])
    scan("odemis", ".npy", capsys)
    np.testing.assert_array_equal(np.load("s.npy"), np.c_[x - 47.5, y - 31.5])
    error = scan("obi", ".csv", capsys, "--overwrite", "--dwell", "2e-6")["quantisation_px"]
    table = np.loadtxt("s.csv", delimiter=",", dtype=int)
    assert (table >= 0).all()
    assert (table[:, :2] < 16384).all()
    assert set(table[:, 2]) == {16}
    back = (table[:, :2] + 0.5) * 96 / 16384 - 0.5
    assert np.abs(back - np.c_[x, y]).max() <= error + 1e-9 < 0.01


DOTS = ["dots", "--pitch", "3"]
SAMPLE, SCAN = ["sample", "a.tif", "-o", "p.tif", "--scan"], ["scan", "-o", "s.npy", "--shape"]
BAD = {
    "coverage 0": ([*SAMPLE, "spiral", "--coverage", "0"], "above 0"),
    "coverage above 1": ([*SAMPLE, "spiral", "--coverage", "1.5"], "at most 1"),
    "negative coverage": ([*SAMPLE, "spiral", "--coverage=-1/20"], "above 0"),
    "coverage in words": ([*SAMPLE, "spiral", "--coverage", "half"], "'half'"),
    "coverage 1/0": ([*SAMPLE, "spiral", "--coverage", "1/0"], "1/0"),
    "no coverage": ([*SAMPLE, "spiral"], "coverage or a pitch"),
    "coverage and pitch": ([*SAMPLE, "dots", "--coverage", "1", "--pitch", "2"], "not allowed"),
    "pitch below 1": ([*SAMPLE, "dots", "--pitch", "0.5"], "at least 1"),
    "unknown family": ([*SAMPLE, "spirall", "--pitch", "5"], "spiral"),
    "no electrons": ([*SAMPLE, *DOTS, "--electrons", "0"], "electrons"),
    "electrons without end": ([*SAMPLE, *DOTS, "--electrons", "inf"], "electrons"),
    "too many electrons": ([*SAMPLE, *DOTS, "--electrons", "1e20"], "electrons"),
    "negative seed": ([*SAMPLE, *DOTS, "--seed", "-1"], "seed"),
    "no family": (["sample", "a.tif", "-o", "p.tif"], "--scan"),
    "missing image": (["sample", "b.tif", *SAMPLE[2:], *DOTS], "b.tif"),
    "image with NaN": (["sample", "n.tif", *SAMPLE[2:], *DOTS], "NaN"),
    "mask exists": (
        ["sample", "a.tif", "-o", "e.tif", "--scan", *DOTS],
        "e.mask",
    ),
    "output is the input": (
        ["sample", "a.tif", "-o", "a.tif", "--overwrite", "--scan", *DOTS],
        "is an input too",
    ),
    "sample as PNG": (
        ["sample", "a.tif", "-o", "p.png", "--scan", *DOTS],
        "png",
    ),
    "too few": ([*SAMPLE, "dots", "--pitch", "40"], "measured pixels"),
    "bad shape": ([*SCAN, "64", *DOTS], "HxW"),
    "empty shape": ([*SCAN, "0x64", *DOTS], "0x64"),
    "unknown format": (
        ["scan", "dots", "--shape", "9x9", "--pitch", "3", "-o", "s.x"],
        "--format",
    ),
    "bad format": ([*SCAN, "9x9", *DOTS, "--format", "jpeg"], "format"),
    "no dwell": ([*SCAN, "9x9", *DOTS, "--dwell", "0"], "dwell"),
    "dwell beyond obi": (
        [*SCAN, "9x9", *DOTS, "--format", "obi", "--dwell", "1"],
        "125 ns",
    ),
    "scan exists": (
        ["scan", "dots", "--shape", "9x9", "--pitch", "3", "-o", "a.tif"],
        "exists",
    ),
    "no folder": (
        ["scan", "dots", "--shape", "9x9", "--pitch", "3", "-o", "x/a.tif"],
        "folder",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case, folder, capsys):
    arguments, expected = BAD[case]
    write_image("a.tif", image())
    write_image("n.tif", np.where(image() > 80, np.nan, image()))
    write_image("e.mask.tif", image())
    before = sorted(folder.iterdir())
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert expected in err
    assert sorted(folder.iterdir()) == before
