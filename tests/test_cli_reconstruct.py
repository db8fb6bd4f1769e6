"""`stemgan reconstruct`: every wrong input is one sentence and leaves nothing behind."""

import json
import sys
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image
from torch import nn

from stemgan import reconstruct
from stemgan.cli import main
from stemgan.errors import InputError
from stemgan.images import read_micrograph, read_stack, write_image
from stemgan.weights import DEFAULT_MODEL

SHAPE = (40, 56)


class Toy(nn.Module):
    """Returns its nearest infill, and 1/e of the gain as standard deviation."""

    def forward(self, infill, dwell, distance, kriged):
        return SimpleNamespace(image=infill, log_std=torch.full_like(infill, -1))


@pytest.fixture(autouse=True)
def toy_model(monkeypatch, tmp_path_factory):
    """Put a toy in the shipped model's place, so that these tests are about the command."""
    weights = tmp_path_factory.mktemp("weights") / f"{DEFAULT_MODEL}.safetensors"
    weights.write_bytes(b"weights")

    def find(model):
        if model != DEFAULT_MODEL:
            raise InputError(f"there is no model {model!r}: did you mean {DEFAULT_MODEL}?")
        return weights

    monkeypatch.setattr(reconstruct, "find_weights", find)
    monkeypatch.setattr(reconstruct, "load_generator", lambda name: find(name) and (Toy(), {}))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def image(seed=0, shape=SHAPE):
    return np.random.default_rng(seed).normal(50, 20, shape).astype(np.float32)


def mask(shape=SHAPE):
    grid = np.zeros(shape, bool)
    grid[::3, ::4] = True
    return grid


def partial(seed=0, shape=SHAPE):
    return np.where(mask(shape), image(seed, shape), np.float32(np.nan))


def tif(name, data, **options):
    tifffile.imwrite(name, data, photometric="minisblack", **options)


def npy(name, data):
    np.save(name, data)


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


LEGAL = {
    "constant": np.where(mask(), np.float32(7), np.nan),
    "vacuum": np.where(mask(), np.float32(0), np.nan),
    "negative": partial() - 1000,
    "float64": partial().astype(np.float64),
    "float16": partial().astype(np.float16),
    "32x32": partial(shape=(32, 32)),
    "wide": partial(shape=(32, 301)),
    "tall": partial(shape=(257, 33)),
    "fully measured but one": np.where(np.arange(2240).reshape(SHAPE) > 0, image(), np.nan),
}


@pytest.mark.parametrize("case", LEGAL)
def test_legal_input(case, folder):
    data = LEGAL[case].astype(np.float32)
    npy("a.npy", LEGAL[case])
    assert main(["reconstruct", "a.npy", "-o", "b.tif", "--uncertainty", "--preview"]) == 0
    result = read_micrograph("b.tif").data
    assert result.shape == data.shape
    assert np.isfinite(result).all()
    known = ~np.isnan(data)
    np.testing.assert_allclose(result[known], data[known], rtol=1e-4, atol=1e-3)
    assert np.isfinite(read_micrograph("b.std.tif").data).all()
    with Image.open("b.png") as preview:
        assert preview.width > 512


@pytest.mark.parametrize("kind", ["uint8", "uint16", "int16", "uint32"])
def test_whole_numbers_with_a_mask(kind, folder):
    data = np.clip(image(), 0, 255).astype(kind)
    tif("a.tif", data)
    Image.fromarray(mask().astype(np.uint8) * 255).save("m.png")
    assert main(["reconstruct", "a.tif", "--mask", "m.png"]) == 0
    result = read_micrograph("a.reconstruction.tif").data
    np.testing.assert_allclose(result[mask()], data[mask()], rtol=1e-5, atol=1e-5)


def test_scale_and_record_are_kept(folder, capsys):
    write_image("a.tif", partial(), 0.2, "nm", {"microscope": "T"})
    assert main(["reconstruct", "a.tif", "-o", "b.tif", "--uncertainty", "--json"]) == 0
    out, _ = capsys.readouterr()
    figures = json.loads(out)
    (entry,) = figures["images"]
    assert entry["coverage"] == pytest.approx(mask().mean())
    assert entry["shape"] == list(SHAPE)
    for name in ("b.tif", "b.std.tif"):
        result = read_micrograph(name)
        assert (result.pixel_size, result.unit) == (0.2, "nm")
        record = result.metadata["stemgan"]
        assert record["model"] == DEFAULT_MODEL
        assert record["weights_sha256"] == sha256(b"weights").hexdigest()
        assert record["coverage"] == pytest.approx(mask().mean())
        assert result.metadata["source"] == {"microscope": "T"}


def test_a_stack_becomes_a_stack(folder):
    write_image("a.tif", np.stack([partial(seed) for seed in range(3)]), 0.2, "nm")
    assert main(["reconstruct", "a.tif", "-o", "b.tif"]) == 0
    images = read_stack("b.tif")
    assert len(images) == 3
    for seed, result in enumerate(images):
        np.testing.assert_allclose(result.data[mask()], image(seed)[mask()], rtol=1e-4)
        assert result.pixel_size == 0.2


def test_a_folder_leaves_out_masks_that_lie_beside_their_scan(folder, capsys):
    (folder / "in").mkdir()
    for i in range(5):
        write_image(f"in/s{i}.tif", partial(i))
        write_image(f"in/s{i}.mask.tif", mask().astype(np.uint8))
    (folder / "in" / "notes.txt").write_text("not an image")
    assert main(["reconstruct", "in", "-o", "out", "--uncertainty", "--json"]) == 0
    names = sorted(p.name for p in (folder / "out").iterdir())
    assert names == sorted([f"s{i}{end}.tif" for i in range(5) for end in ("", ".std")])
    assert len(json.loads(capsys.readouterr().out)["images"]) == 5
    assert main(["reconstruct", "in/s*.tif", "-o", "out"]) == 2
    assert main(["reconstruct", "in/s[01].tif", "-o", "out", "--overwrite"]) == 0
    assert main(["reconstruct", str(folder / "in" / "s?.tif"), "-o", "other"]) == 0
    assert len(list((folder / "other").iterdir())) == 5


def test_a_point_list(folder):
    rows = [f"{x},{y},{image()[y, x]!s}" for y, x in np.argwhere(mask())]
    Path("p.csv").write_text("x,y,intensity\n" + "\n".join(rows) + "\n")
    assert main(["reconstruct", "p.csv", "--shape", "40x56", "-o", "b.npy"]) == 0
    result = np.load("b.npy")
    np.testing.assert_allclose(result[mask()], image()[mask()], rtol=1e-4)


def test_a_classical_method_needs_no_network(folder, monkeypatch, capsys):
    monkeypatch.setattr(reconstruct, "load_generator", None)
    write_image("a.tif", partial(), 0.2, "nm")
    assert main(["reconstruct", "a.tif", "-o", "b.tif", "--method", "nearest", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["method"] == "nearest"
    result = read_micrograph("b.tif")
    np.testing.assert_array_equal(result.data[mask()], image()[mask()])
    assert result.metadata["stemgan"]["method"] == "nearest"
    assert result.pixel_size == 0.2


def test_overwrite_replaces(folder):
    npy("a.npy", partial())
    npy("b.npy", np.zeros(3))
    assert main(["reconstruct", "a.npy", "-o", "b.npy", "--overwrite"]) == 0
    assert np.load("b.npy").shape == SHAPE


def test_hundreds_of_scans(folder, capsys):
    (folder / "in").mkdir()
    for i in range(200):
        npy(f"in/s{i:03d}.npy", partial(i, (32, 32)))
    assert main(["reconstruct", "in", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["images"]) == 200
    assert len(list((folder / "reconstructions").iterdir())) == 200
    last = read_micrograph("reconstructions/s199.tif").data
    np.testing.assert_allclose(last[mask((32, 32))], image(199, (32, 32))[mask((32, 32))], 1e-4)


def test_what_a_run_leaves_behind_is_no_input_of_the_next(folder, capsys):
    write_image("a.tif", partial())
    write_image("b.tif", partial(1))
    for name in ("a.tif", "b.tif"):
        assert main(["reconstruct", name, "--preview", "--uncertainty"]) == 0
    capsys.readouterr()
    assert main(["reconstruct", ".", "-o", "out", "--json"]) == 0
    scans = [Path(i["scan"]).name for i in json.loads(capsys.readouterr().out)["images"]]
    assert scans == ["a.tif", "b.tif"]
