"""Bad input: one sentence, exit code 2, nothing written."""

import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from stemgan.cli import main
from tests.reconstructing import SHAPE, image, mask, npy, partial, tif


def with_value(value):
    data = image()
    data[3, 4] = value  # row 3, column 4 is measured
    return data


# Each: the files to make, the arguments, and what the sentence must hold.
BAD = {
    "missing": (lambda: None, ["no.tif"], "no.tif does not exist"),
    "missing glob": (lambda: None, ["no*.tif"], "no file matches"),
    "empty file": (lambda: Path("a.tif").touch(), ["a.tif"], "empty"),
    "not a TIFF": (lambda: Path("a.tif").write_bytes(b"hello" * 99), ["a.tif"], "a.tif"),
    "not an NPY": (lambda: Path("a.npy").write_bytes(b"hello" * 99), ["a.npy"], "a.npy"),
    "not an NPZ": (lambda: Path("a.npz").write_bytes(b"PK\x03\x04" * 99), ["a.npz"], "a.npz"),
    "bad glob": (lambda: None, ["a**b*.tif"], "is not a pattern"),
    "empty folder": (lambda: Path("d").mkdir(), ["d"], "holds no image"),
    "other shape of mask": (
        lambda: (tif("a.tif", image()), tif("m.tif", mask((40, 55)).astype(np.uint8))),
        ["a.tif", "--mask", "m.tif"],
        "(40, 55) and scan a.tif (40, 56)",
    ),
    "mask all zero": (
        lambda: (tif("a.tif", image()), tif("m.tif", np.zeros(SHAPE, np.uint8))),
        ["a.tif", "--mask", "m.tif"],
        "marks no pixel",
    ),
    "mask with NaN": (
        lambda: (tif("a.tif", image()), tif("m.tif", partial())),
        ["a.tif", "--mask", "m.tif"],
        "holds NaN",
    ),
    "missing mask": (lambda: tif("a.tif", image()), ["a.tif", "--mask", "m.tif"], "m.tif"),
    "no mask and no NaN": (lambda: tif("a.tif", image()), ["a.tif"], "--mask"),
    "no mask and zeros": (lambda: tif("a.tif", image() * mask()), ["a.tif"], "--mask"),
    "all NaN": (lambda: npy("a.npy", np.full(SHAPE, np.nan)), ["a.npy"], "0 measured"),
    "15 measured pixels": (
        lambda: npy("a.npy", np.where(np.arange(2240).reshape(SHAPE) < 15, 1.0, np.nan)),
        ["a.npy"],
        "15 measured",
    ),
    "measured NaN": (
        lambda: (npy("a.npy", with_value(np.nan)), npy("m.npy", mask())),
        ["a.npy", "--mask", "m.npy"],
        "row 3, column 4",
    ),
    "measured Inf": (
        lambda: npy("a.npy", np.where(mask(), with_value(-np.inf), np.nan)),
        ["a.npy"],
        "not finite",
    ),
    "beyond float32": (
        lambda: npy("a.npy", np.where(mask(), with_value(1.0).astype(float) * 1e300, np.nan)),
        ["a.npy"],
        "not finite",
    ),
    "1xN": (
        lambda: npy("a.npy", np.where(np.arange(99) % 2, 1.0, np.nan)[None]),
        ["a.npy"],
        "8",
    ),
    "one dimension": (lambda: npy("a.npy", np.ones(99)), ["a.npy"], "height x width"),
    "complex": (lambda: npy("a.npy", np.ones(SHAPE, complex)), ["a.npy"], "complex"),
    "RGB TIFF": (
        lambda: tifffile.imwrite(
            "a.tif", np.arange(6720, dtype="u1").reshape(40, 56, 3), photometric="rgb"
        ),
        ["a.tif"],
        "colour",
    ),
    "RGB PNG": (
        lambda: Image.new("RGB", (56, 40), (1, 2, 3)).save("a.png"),
        ["a.png"],
        "colour",
    ),
    "unknown model": (lambda: npy("a.npy", partial()), ["a.npy", "--model", "nope"], "nope"),
    "unknown method": (
        lambda: npy("a.npy", partial()),
        ["a.npy", "--method", "linea"],
        "linear",
    ),
    "model and method": (
        lambda: npy("a.npy", partial()),
        ["a.npy", "--method", "linear", "--model", "x"],
        "not allowed with",
    ),
    "uncertainty of a classical method": (
        lambda: npy("a.npy", partial()),
        ["a.npy", "--method", "linear", "--uncertainty"],
        "no uncertainty",
    ),
    "unknown device": (lambda: npy("a.npy", partial()), ["a.npy", "--device", "tpu"], "device"),
    "unknown option": (lambda: npy("a.npy", partial()), ["a.npy", "--fast"], "--fast"),
    "no scan": (lambda: None, [], "SCAN"),
    "no such output folder": (
        lambda: npy("a.npy", partial()),
        ["a.npy", "-o", "x/y.tif"],
        "does not exist",
    ),
    "output is a folder": (
        lambda: (npy("a.npy", partial()), Path("d.tif").mkdir()),
        ["a.npy", "-o", "d.tif"],
        "is a folder",
    ),
    "output that cannot hold intensities": (
        lambda: npy("a.npy", partial()),
        ["a.npy", "-o", "b.png"],
        ".png",
    ),
    "output exists": (
        lambda: (npy("a.npy", partial()), npy("b.npy", partial())),
        ["a.npy", "-o", "b.npy"],
        "--overwrite",
    ),
    "preview exists": (
        lambda: (npy("a.npy", partial()), Path("b.png").write_text("mine")),
        ["a.npy", "-o", "b.npy", "--preview"],
        "b.png exists",
    ),
    "std exists": (
        lambda: (npy("a.npy", partial()), Path("b.std.npy").write_text("mine")),
        ["a.npy", "-o", "b.npy", "--uncertainty"],
        "b.std.npy exists",
    ),
    "output is the input": (
        lambda: npy("a.npy", partial()),
        ["a.npy", "-o", "a.npy", "--overwrite"],
        "is an input too",
    ),
    "output is the mask": (
        lambda: (npy("a.npy", partial()), npy("m.npy", mask())),
        ["a.npy", "--mask", "m.npy", "-o", "./m.npy", "--overwrite"],
        "is an input too",
    ),
    "default output exists": (
        lambda: (npy("a.npy", partial()), tif("a.reconstruction.tif", image())),
        ["a.npy"],
        "a.reconstruction.tif exists",
    ),
    "several into a file": (
        lambda: (npy("a.npy", partial()), npy("b.npy", partial()), npy("c.npy", image())),
        ["a.npy", "b.npy", "-o", "c.npy"],
        "is a file: name a folder",
    ),
    "several of one name": (
        lambda: (npy("a.npy", partial()), tif("a.tif", partial())),
        ["a.npy", "a.tif", "-o", "out"],
        "both become",
    ),
    "the last of several is bad": (
        lambda: (npy("a.npy", partial()), npy("b.npy", image())),
        ["a.npy", "b.npy", "-o", "out"],
        "b.npy has no NaN",
    ),
    "point list without shape": (
        lambda: Path("a.csv").write_text("1,2,3\n"),
        ["a.csv"],
        "--shape",
    ),
    "bad shape": (
        lambda: Path("a.csv").write_text("1,2,3\n"),
        ["a.csv", "--shape", "12by12"],
        "HxW",
    ),
    "point outside": (
        lambda: Path("a.csv").write_text("1,2,3\n12,2,3\n"),
        ["a.csv", "--shape", "12x12"],
        "line 2",
    ),
    "bad unit": (
        lambda: Path("a.csv").write_text("1,2,3\n"),
        ["a.csv", "--shape", "12x12", "--unit", "nm"],
        "unit",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case, folder, capsys):
    make, arguments, expected = BAD[case]
    make()
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*")}
    capsys.readouterr()
    assert main(["reconstruct", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("stemgan: ")
    assert expected in err
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*")} == before


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no such permissions")
def test_a_folder_that_cannot_be_written(folder, capsys, monkeypatch):
    npy("a.npy", partial())
    npy("b.npy", partial())
    (folder / "locked").mkdir()
    monkeypatch.setattr("os.access", lambda path, mode: "locked" not in str(path))
    for arguments in (["a.npy", "-o", "locked/b.tif"], ["a.npy", "b.npy", "-o", "locked/out"]):
        assert main(["reconstruct", *arguments]) == 2
        assert "cannot be written" in capsys.readouterr().err
    assert list((folder / "locked").iterdir()) == []


@pytest.mark.parametrize("of", [["--model", "stemgan-s"], ["--method", "linear"]])
def test_a_seed_of_what_makes_no_texture_is_refused(of, folder, capsys):
    npy("scan.npy", partial())
    assert main(["reconstruct", "scan.npy", *of, "--seed", "1", "-o", "out.tif"]) == 2
    assert "makes none" in capsys.readouterr().err
