"""Scan paths on the command line: converted, costed, sampled along and reconstructed from."""

import json
from pathlib import Path

import numpy as np
import pytest

from stemgan.cli import main
from stemgan.images import read_mask, read_micrograph, read_partial_scan, write_image
from stemgan.scan import ScanDesign

SHAPE = (48, 64)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_image("a.tif", image(), 0.2, "nm")
    return tmp_path


def image():
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return (100 + 2 * y + 3 * x).astype(np.float32)


def run(capsys, *arguments):
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_path_goes_through_every_format_and_back(capsys):
    run(capsys, "scan", "spiral", "--pitch", "7", "--shape", "48x64", "-o", "s.npy")
    mask = ScanDesign("spiral", SHAPE, pitch=7).trace().mask
    size = ["--pixel-size", "0.3"]
    for form in ("csv", "obi", "de", "odemis", "abtem", "tif"):
        suffix = {"odemis": "npy", "abtem": "npy", "tif": "tif"}.get(form, "csv")
        out = f"{form}_scan_coordinates.{suffix}"
        convert = ["scan", "s.npy", "--shape", "48x64", "--format", form, *size, "-o", out]
        first = run(capsys, *convert)
        assert (first["family"], first["source"]) == ("custom", "s.npy")
        assert first["quantisation_px"] < 0.01
        whole = form == "csv"
        assert (first["left_out_positions"] > 0) != whole
        expected = first["duration_s"] if whole else 1e-6 * mask.sum()
        assert first["file_duration_s"] == pytest.approx(expected, rel=0.05)
        source = f"{form}:{out}"
        back = run(capsys, "scan", source, "--shape", "48x64", *size, "-o", f"{form}.tif")
        np.testing.assert_array_equal(read_mask(f"{form}.tif"), mask)
        assert back["measured_pixels"] == first["measured_pixels"] == mask.sum()


def test_figures_carry_their_units(capsys):
    arguments = ["--shape", "4x6", "--dwell", "2e-6", "--flyback", "1e-5", "-o", "r.tif"]
    scale = ["--current", "50", "--pixel-size", "0.5"]
    figures = run(capsys, "scan", "raster", *arguments, *scale)
    assert figures["duration_s"] == pytest.approx(24 * 2e-6 + 3e-5)
    assert figures["file_duration_s"] == pytest.approx(24 * 2e-6)
    assert figures["dose_field_e_per_A2"] == pytest.approx(2496.6, rel=1e-4)
    assert figures["largest_velocity_px_per_s"] is None
    assert (figures["pixel_size_A"], figures["current_pA"]) == (0.5, 50)
    assert main(["scan", "spiral", "--pitch", "7", "--shape", "48x64", "--lag", "1e-6", *scale,
                 "-o", "s.npy"]) == 0  # fmt: skip
    text = capsys.readouterr().out
    for words in ("e⁻/Å² over the path", "px/s²", "from where it is sent", "read back within"):
        assert words in text


def test_a_sample_of_a_file_is_measured_at_its_positions(capsys):
    run(capsys, "scan", "dots", "--pitch", "4", "--shape", "48x64", "-o", "d.csv")
    figures = run(capsys, "sample", "a.tif", "--scan", "d.csv", "-o", "p.tif")
    measured = ScanDesign("dots", SHAPE, pitch=4).trace().mask
    scan = read_partial_scan("p.tif")
    np.testing.assert_array_equal(scan.with_nan(), np.where(measured, image(), np.nan))
    assert figures["path"] == "d.csv"
    assert figures["coverage"] == measured.mean()


def test_a_sample_goes_where_the_beam_was_or_was_wanted(capsys):
    scan = ["sample", "a.tif", "--scan", "raster", "--lag", "2e-6"]
    figures = run(capsys, *scan, "-o", "p.tif")
    assert figures["points"] == "p.points.csv"
    assert 2 <= figures["largest_deviation_px"] < 64
    real = read_partial_scan("p.tif")
    assert np.abs(real.values - image())[real.mask].max() <= 2.5 + 1e-3
    exact = read_partial_scan("p.points.csv")
    np.testing.assert_array_equal(exact.values, real.values)
    assert len(exact.samples) == 48 * 64
    np.testing.assert_allclose(
        exact.samples, 100 + exact.positions @ [2, 3], rtol=1e-5
    )  # read between the pixels
    fooled = run(capsys, *scan, "--as-wanted", "-o", "q.tif")
    assert "points" not in fooled
    assert not Path("q.points.csv").exists()
    error = (read_partial_scan("q.tif", "q.mask.tif").values - image())[:, 30:]
    np.testing.assert_allclose(error[1:], -3 * 2, atol=0.2)  # two pixels late


def test_a_drifting_sample_is_measured_behind(capsys):
    scan = ["sample", "a.tif", "--scan", "raster", "--as-wanted", "--drift", "4,0"]
    figures = run(capsys, *scan, "-o", "p.tif")
    assert figures["drift_px"] == [4, 0]
    error = (read_partial_scan("p.tif", "p.mask.tif").values - image())[:, 5]
    share = np.arange(48) / 48
    np.testing.assert_allclose(error[5:], -2 * 4 * share[5:], atol=0.05)


def test_values_along_a_path_are_reconstructed(capsys):
    run(capsys, "scan", "dots", "--pitch", "4", "--shape", "48x64", "--format", "de",
        "-o", "m_scan_coordinates.csv")  # fmt: skip
    x, y = np.loadtxt("m_scan_coordinates.csv", delimiter=",", dtype=int).T
    np.save("v.npy", image()[y, x])
    path = ["--path", "m_scan_coordinates.csv", "--shape", "48x64", "--method", "linear"]
    figures = run(capsys, "reconstruct", "v.npy", *path, "-o", "r.tif")
    assert figures["images"][0]["coverage"] == pytest.approx(len(x) / (48 * 64))
    inside = read_micrograph("r.tif").data[2:-2, 2:-2]
    np.testing.assert_allclose(inside, image()[2:-2, 2:-2], rtol=0.05)
    shifted = [*path[:2], "--shape", "50x70", "--offset", "2,6", "--method", "nearest"]
    run(capsys, "reconstruct", "v.npy", *shifted, "-o", "o.tif")
    assert read_micrograph("o.tif").data[y[0] + 2, x[0] + 6] == image()[y[0], x[0]]


def test_the_hardware_scan_is_reconstructed(real_data, capsys):
    pytest.importorskip("rsciio")
    stem = str(real_data / "formats" / "ROI_Random_Scan")
    scan = [
        f"{stem}_movie.mrc",
        "--path",
        f"{stem}_scan_coordinates.csv",
        "--method",
        "nearest",
    ]
    run(capsys, "reconstruct", *scan, "--shape", "29x12", "-o", "h.tif")
    frame = ["--shape", "32x16", "--offset", "3,3"]
    run(capsys, "reconstruct", *scan, *frame, "-o", "o.tif")
    image_, inset = read_micrograph("h.tif").data, read_micrograph("o.tif").data
    np.testing.assert_array_equal(inset[3:, 3:15], image_)
    theirs = read_micrograph(f"{stem}_Sum.mrc").data
    assert np.corrcoef(image_.ravel(), theirs.ravel())[0, 1] > 0.95


SCAN, SAMPLE = ["scan", "-o", "o.npy", "--shape", "48x64"], ["sample", "a.tif", "-o", "o.tif"]
DOTS = ["--scan", "dots", "--pitch", "4"]
ALONG = ["reconstruct", "v.npy", "-o", "o.tif", "--path"]
BAD = {
    "coverage of a file": ([*SCAN, "p.csv", "--coverage", "1/9"], "leave out coverage"),
    "dwell beside dwells": ([*SCAN, "p.csv", "--dwell", "1e-6"], "dwells of its own"),
    "no such file": ([*SCAN, "q.csv"], "q.csv does not exist"),
    "ambiguous": ([*SCAN, "two.npy"], "odemis:two.npy or abtem:two.npy"),
    "abtem in": ([*SCAN, "abtem:two.npy"], "--pixel-size"),
    "abtem out": ([*SCAN, "p.csv", "--format", "abtem"], "--pixel-size"),
    "dose without size": ([*SCAN, "p.csv", "--current", "5"], "--pixel-size"),
    "pixel size of nothing": (
        [*SCAN, "dots", "--pitch", "4", "--pixel-size", "-1"],
        "pixel size is above 0",
    ),
    "a dose without end": (
        [*SCAN, "p.csv", "--current", "1e300", "--pixel-size", "1e-300"],
        "pixel size is between",
    ),
    "no microscope's time": (
        [*SCAN, "dots", "--pitch", "4", "--settling", "1e308"],
        "settling",
    ),
    "no microscope's dwell": ([*SCAN, "short.csv"], "between 1e-15 and 1e"),
    "far away": ([*SCAN, "far.csv"], "farther than 1e.09 px"),
    "pitch without end": ([*SCAN, "jittered-grid", "--pitch", "1e300"], "at most 268435456"),
    "negative flyback": ([*SCAN, "dots", "--pitch", "4", "--flyback=-1"], "flyback"),
    "not a number": ([*SCAN, "dots", "--pitch", "4", "--lag", "nan"], "lag"),
    "negative current": (
        [*SCAN, "p.csv", "--current=-5", "--pixel-size", "1"],
        "current is above 0",
    ),
    "replaces its input": (
        ["scan", "p.csv", "--shape", "48x64", "-o", "p.csv", "--overwrite"],
        "is an input too",
    ),
    "mask of another frame": ([*SCAN, "a.tif", "--shape", "64x48"], "48x64"),
    "as wanted of nothing": ([*SAMPLE, *DOTS, "--as-wanted"], "goes with --lag"),
    "times of nothing": ([*SAMPLE, *DOTS, "--dwell", "1e-6"], "--dwell goes with --lag"),
    "pixel size without abtem": ([*SAMPLE, *DOTS, "--pixel-size", "1"], "abtem:FILE alone"),
    "drift in words": ([*SAMPLE, *DOTS, "--drift", "down"], "Y,X"),
    "drift without end": ([*SAMPLE, *DOTS, "--drift", "inf,0"], "not finite"),
    "drift out of the frame": ([*SAMPLE, *DOTS, "--drift", "1e6,0"], "fewer than 16"),
    "points exist": (
        ["sample", "a.tif", "-o", "e.tif", "--sub-pixel", *DOTS],
        "e.points.csv exists",
    ),
    "path without frame": ([*ALONG, "de:two.csv"], "--shape"),
    "path and mask": (
        [*ALONG, "p.csv", "--shape", "48x64", "--mask", "a.tif"],
        "leave out --mask",
    ),
    "offset alone": (["reconstruct", "a.tif", "-o", "o.tif", "--offset", "1,1"], "--path"),
    "offset in words": ([*ALONG, "de:two.csv", "--shape", "48x64", "--offset", "x"], "Y,X"),
    "values that differ": (
        [*ALONG, "de:two.csv", "--shape", "48x64"],
        "3 values or frames and de:two.csv 2 positions",
    ),
    "offset out of its frame": (
        [*ALONG, "de:two.csv", "--shape", "48x64", "--offset", "-15,0"],
        "1 of 2 positions of two.csv lie outside",
    ),
    "values too large": (
        ["reconstruct", "h.npy", "-o", "o.tif", "--path", "de:two.csv", "--shape", "48x64"],
        "value 2 of h.npy is not finite in float32",
    ),
    "path outside its frame": ([*ALONG, "de:two.csv", "--shape", "9x9"], "outside the frame"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case, folder, capsys):
    import re

    arguments, words = BAD[case]
    Path("p.csv").write_text("x,y,dwell\n0.5,0.5,1e-6\n0.6,0.5,1e-6\n")
    Path("far.csv").write_text("x,y,dwell\n0.5,0.5,1e-6\n1e300,0.5,1e-6\n")
    Path("short.csv").write_text("x,y,dwell\n0.5,0.5,1e-320\n0.6,0.5,0\n")
    np.save("h.npy", np.array([1, 1e300]))
    Path("two.csv").write_text("7,12\n11,18\n")
    Path("e.points.csv").write_text("x")
    np.save("two.npy", np.zeros((4, 2)))
    np.save("v.npy", np.ones(3))
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert re.search(words, err), err
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
