"""A completed image's file says how it was made, and which pixels were measured."""

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays

import stemgan
from stemgan.cli import main
from stemgan.errors import InputError
from stemgan.images import pack_mask, read_micrograph, unpack_mask, write_image
from stemgan.weights import DEFAULT_MODEL
from tests.reconstructing import SHAPE, image, mask, npy, partial, tif


def record_of(name):
    return read_micrograph(name).metadata


@pytest.mark.parametrize("suffix", [".tif", ".npz"])
def test_model_mask_coverage_and_measured_pixels(suffix, folder):
    tif("a.tif", image())
    tif("m.tif", mask().astype(np.uint8))
    out = f"b{suffix}"
    assert main(["reconstruct", "a.tif", "--mask", "m.tif", "-o", out, "--uncertainty"]) == 0
    for name in (out, f"b.std{suffix}"):
        record = record_of(name)["stemgan"]
        assert record["version"] == stemgan.__version__
        assert (record["method"], record["model"]) == ("network", DEFAULT_MODEL)
        assert record["weights_sha256"] == sha256(b"weights").hexdigest()
        assert (record["scan"], record["mask"]) == ("a.tif", "m.tif")
        assert record["coverage"] == pytest.approx(mask().mean())
        assert (unpack_mask(record["measured"]) == mask()).all()


def test_a_completed_npz_is_no_partial_scan(folder, capsys):
    npy("a.npy", partial())
    assert main(["reconstruct", "a.npy", "-o", "b.npz"]) == 0
    assert main(["reconstruct", "b.npz", "-o", "c.tif"]) == 2
    assert "nothing says which pixels" in capsys.readouterr().err


def test_a_stack_of_different_scans_says_each(folder):
    other = np.where(np.roll(mask(), 1, axis=0), image(1), np.nan)
    npy("a.npy", np.stack([partial(), other]))
    npy("same.npy", np.stack([partial(0), partial(1)]))
    for name in ("a", "same"):
        assert main(["reconstruct", f"{name}.npy", "-o", f"{name}.tif"]) == 0
    first, second = record_of("a.tif")["stemgan"]["measured"]
    assert (unpack_mask(first) == mask()).all()
    assert (unpack_mask(second) == np.roll(mask(), 1, axis=0)).all()
    same = record_of("same.tif")["stemgan"]
    assert (unpack_mask(same["measured"]) == mask()).all()
    assert same["coverage"] == pytest.approx(mask().mean())


def test_path_file_and_dose_come_with_the_scan(folder):
    write_image("full.tif", image() + 100, 0.2, "nm")
    scan = ["--scan", "spiral", "--pitch", "4", "--electrons", "50", "--seed", "3"]
    assert main(["sample", "full.tif", *scan, "-o", "a.tif"]) == 0
    assert main(["reconstruct", "a.tif", "-o", "b.tif"]) == 0
    metadata = record_of("b.tif")
    source = metadata["source"]["stemgan"]
    assert (source["scan"], source["electrons"], source["seed"]) == ("spiral", 50.0, 3)
    measured = unpack_mask(metadata["stemgan"]["measured"])
    assert (measured == ~np.isnan(read_micrograph("a.tif").data)).all()


def test_a_classical_method_is_named(folder):
    npy("a.npy", partial())
    assert main(["reconstruct", "a.npy", "-o", "b.tif", "--method", "nearest"]) == 0
    record = record_of("b.tif")["stemgan"]
    assert record["method"] == "nearest"
    assert "model" not in record
    assert record["mask"] is None


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=40)))
def test_a_mask_is_packed_exactly(mask):
    packed = pack_mask(mask)
    assert unpack_mask(packed).dtype == bool
    np.testing.assert_array_equal(unpack_mask(packed), mask)


def test_the_documented_way_of_unpacking(folder):
    text = (Path(stemgan.__file__).parents[1] / "docs" / "scan_formats.md").read_text("utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    npy("a.npy", partial())
    assert main(["reconstruct", "a.npy", "-o", "image.tif"]) == 0
    names = {}
    exec(code, names)
    assert (names["mask"] == mask()).all()
    assert names["mask"].shape == SHAPE


@pytest.mark.parametrize("what", ["empty", "bits", "shape", "short", "text"])
def test_a_damaged_record_is_refused(what):
    packed = pack_mask(np.eye(30, dtype=bool))
    if what == "short":
        packed["shape"] = [100, 100]
    elif what == "text":
        packed["bits"] = packed["bits"][:-3] + "?!="
    elif what == "empty":
        packed["bits"] = ""
    else:
        del packed[what]
    with pytest.raises(InputError, match="damaged"):
        unpack_mask(packed)
