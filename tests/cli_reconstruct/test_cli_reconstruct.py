"""`stemgan reconstruct`: every wrong input is one sentence and leaves nothing behind."""

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stemgan import reconstruct
from stemgan.cli import main
from stemgan.images import read_micrograph, read_stack, write_image
from stemgan.weights import DEFAULT_MODEL
from tests.reconstructing import SHAPE, image, mask, npy, partial, tif

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


@pytest.mark.parametrize(("densest", "said"), [(0.25, 1), (0.9, 0), (None, 0)])
def test_scans_denser_than_any_that_was_learned_from_are_said_once(
    densest, said, folder, capsys, monkeypatch
):
    crops = {"coverage": [0.01, densest]} if densest else {}
    header = {"training": {"configuration": {"data": {"crops": crops}}}}
    load = reconstruct.load_generator
    monkeypatch.setattr(reconstruct, "load_generator", lambda name: (load(name)[0], header))
    write_image("full.tif", np.stack([image(), image()]))
    ones = np.ones(image().shape, np.float32)
    write_image("mask.tif", ones)
    assert main(["reconstruct", "full.tif", "--mask", "mask.tif", "-o", "out.tif"]) == 0
    assert capsys.readouterr().err.count("100 % of the pixels are measured") == said
